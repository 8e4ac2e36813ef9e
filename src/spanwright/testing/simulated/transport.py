"""How a pydantic-ai agent reaches a simulated server: in process, or over a socket.

The same app is behind both, so a test chooses what it needs: speed, or a real wire. `host.py` opens the sockets.
"""

import httpx2
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from starlette.applications import Starlette


def simulated_model(name: str, provider: OpenAIProvider) -> OpenAIChatModel:
    """Return the model for pydantic-ai agents: an ordinary OpenAI one, which cannot know that it is simulated."""
    return OpenAIChatModel(name, provider=provider)


def in_process(app: Starlette) -> OpenAIProvider:
    """Return a provider whose requests call the app directly, in the task of the caller: no socket, no thread.

    The client's time-outs do not run there: cancel the caller instead.
    """
    client = httpx2.AsyncClient(transport=_InProcess(app), base_url="http://simulated")
    return OpenAIProvider(base_url="http://simulated/v1", api_key="simulated", http_client=client)


def over_socket(base_url: str) -> OpenAIProvider:
    """Return a provider for a base URL that `serve` or `serve_in_subprocess` gave.

    Enter it (`async with`) where it is used outside an agent's own context: that closes its connections.
    """
    return OpenAIProvider(base_url=base_url, api_key="simulated")


class _InProcess(httpx2.ASGITransport):
    """The app as a transport. A connection that the app drops looks to the client as it would over a socket."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            return await super().handle_async_request(request)
        except ConnectionResetError as error:
            raise httpx2.RemoteProtocolError(str(error), request=request) from error
