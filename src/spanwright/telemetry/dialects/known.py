"""All the dialects, in the order in which they are asked whether they speak a span's."""

from spanwright.core.trace import Span
from spanwright.telemetry.dialects import Dialect
from spanwright.telemetry.dialects.azure import Azure
from spanwright.telemetry.dialects.foreign import Foreign
from spanwright.telemetry.dialects.genai import GenAI
from spanwright.telemetry.dialects.google_adk import GoogleADK
from spanwright.telemetry.dialects.langsmith import LangSmith
from spanwright.telemetry.dialects.logfire_agents import LogfireAgents
from spanwright.telemetry.dialects.logfire_openai import LogfireOpenAI
from spanwright.telemetry.dialects.mcp import MCP
from spanwright.telemetry.dialects.openinference import OpenInference
from spanwright.telemetry.dialects.openinference_langchain import LangChain
from spanwright.telemetry.dialects.pydantic_ai import SCOPE, PydanticAI
from spanwright.telemetry.dialects.traceloop import Traceloop
from spanwright.telemetry.dialects.vercel import Vercel

NATIVE = PydanticAI()
FOREIGN: tuple[Foreign, ...] = (
    LangChain(),
    OpenInference(),
    LogfireAgents(),
    LogfireOpenAI(),
    LangSmith(),
    GoogleADK(),
    Azure(),
    Vercel(),
    Traceloop(),
    MCP(),
    GenAI(),
)


def dialect_of(span: Span) -> Dialect | None:
    """Return the dialect of a span, None where it is nobody's: a user's own, or one of a database."""
    if span.scope == SCOPE:
        return NATIVE
    return next((dialect for dialect in FOREIGN if dialect.speaks(span)), None)
