"""One client's connection as an ASGI server hands it over: wait while it holds, answer on it, break it."""

import json
from math import ceil

import anyio
from starlette.responses import Response
from starlette.types import Receive, Send

from spanwright.testing.simulated.request import ApiError

JSON = "application/json"
EVENTS = "text/event-stream; charset=utf-8"


class Line:
    """The way back to a client that has sent its whole request."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send

    async def holds(self, seconds: float) -> bool:
        """Wait, and return whether the client is still there; without a wait it is taken to be."""
        if seconds <= 0:
            return True
        # Waiting for the news that the client left, instead of sleeping, needs no second task.
        with anyio.move_on_after(seconds):
            while (await self._receive())["type"] != "http.disconnect":
                pass
            return False
        return True

    async def begin(self, media_type: str, *, length: int | None = None) -> None:
        """Start a successful answer; of unknown length if it is streamed."""
        headers = [(b"content-type", media_type.encode())]
        if length is not None:
            headers.append((b"content-length", str(length).encode()))
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})

    async def write(self, piece: bytes, *, more: bool = False) -> None:
        """Send a piece of the answer; without `more` it is the last."""
        await self._send({"type": "http.response.body", "body": piece, "more_body": more})

    async def fail(self, error: ApiError) -> None:
        """Answer with an error."""
        response = error_response(error)
        headers = response.raw_headers
        await self._send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        await self.write(bytes(response.body))

    def drop(self) -> None:
        """Break the connection: an ASGI server closes it for an error in the middle of an answer."""
        raise ConnectionResetError("the simulated server dropped the connection")


def error_response(error: ApiError) -> Response:
    """Return an error in OpenAI's shape."""
    fields = {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
    headers: dict[str, str] = {}
    if error.retry_after is not None:
        # OpenAI sends both; the first is what its own client reads, the second is whole seconds for the others.
        headers = {"retry-after-ms": f"{error.retry_after * 1000:g}", "retry-after": str(ceil(error.retry_after))}
    if error.reset_after is not None:
        minutes, seconds = divmod(error.reset_after, 60)
        headers["x-ratelimit-remaining-requests"] = "0"
        headers["x-ratelimit-reset-requests"] = f"{minutes:.0f}m{seconds:g}s" if minutes else f"{seconds:g}s"
    return json_response({"error": fields}, status=error.status, headers=headers)


def json_response(value: object, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return `value` as JSON."""
    return Response(json.dumps(value), status_code=status, headers=headers, media_type=JSON)
