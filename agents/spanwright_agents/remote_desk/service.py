"""The service: it tells the agent's texts, and answers tickets with those that come with the request.

It runs where the OpenAI Agents SDK is installed and Spanwright is not:
`python -m spanwright_agents.remote_desk.service`.
"""

import argparse
from collections.abc import Mapping
from dataclasses import replace

import openai
import uvicorn
from agents import Agent, set_default_openai_api
from openinference.instrumentation.openai_agents import OpenAIAgentsInstrumentor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from spanwright_agents.remote_desk.desk import MODEL, build, serve
from spanwright_agents.remote_desk.rollouts import Rollouts
from spanwright_agents.support_desk.shop import Shop

WORLDS = (openai.APIConnectionError, openai.RateLimitError, openai.InternalServerError)
"""What no text is to blame for; a time-out is a connection error."""


def texts_of(support: Agent[Shop]) -> dict[str, str]:
    """Return the texts that may be rewritten, by component id."""
    tools = {f"support/tool:{tool.name}": tool.description for tool in support.tools}
    return {"support/instructions": str(support.instructions), **tools}


def wearing(support: Agent[Shop], texts: Mapping[str, str]) -> Agent[Shop]:
    """Return the agent with other texts."""
    tools = [replace(tool, description=texts[f"support/tool:{tool.name}"]) for tool in support.tools]
    return support.clone(instructions=texts["support/instructions"], tools=tools)


def application(provider: TracerProvider, model: str, token: str = "") -> Starlette:
    """Return the web application."""
    support = build(model)
    rollouts = Rollouts(provider, WORLDS, token)

    async def answer(request: Request) -> JSONResponse:
        return JSONResponse(
            await rollouts.answer(request, lambda ticket, texts: serve(wearing(support, texts), str(ticket)))
        )

    async def tell(_: Request) -> JSONResponse:
        return JSONResponse({"texts": texts_of(support)})

    return Starlette(routes=[Route("/ticket", answer, methods=["POST"]), Route("/ticket", tell)])


def main() -> None:
    """Serve until the process is told to end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--token", default="", help="what the optimizer asks for; the exporter takes it from OTEL_*")
    options = parser.parse_args()
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    OpenAIAgentsInstrumentor().instrument(tracer_provider=provider, exclusive_processor=True)
    set_default_openai_api("chat_completions")
    uvicorn.run(application(provider, options.model, options.token), port=options.port, log_level="warning")


if __name__ == "__main__":
    main()
