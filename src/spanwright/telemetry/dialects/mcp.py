"""The Model Context Protocol, as its SDKs trace it: a call's client, its transport and its server each leave a span.

They hang below each other and are one call (see settle). Arguments and results are not recorded.
"""

from dataclasses import replace

from spanwright.core.trace import Span
from spanwright.telemetry.dialects import Step
from spanwright.telemetry.dialects.foreign import Foreign
from spanwright.telemetry.dialects.genai import tool_call
from spanwright.telemetry.dialects.reading import text
from spanwright.telemetry.interning import Interned

METHOD = "mcp.method.name"
_CALL = "tools/call"


class MCP(Foreign):
    """Reads the spans of clients and servers of the protocol."""

    name = "MCP"
    relays = True

    def speaks(self, span: Span) -> bool:
        return METHOD in span.attributes

    def step(self, span: Span, interned: Interned) -> Step | None:
        if span.attributes[METHOD] != _CALL:
            return None
        name = text(span, "gen_ai.tool.name", "mcp.tool.name") or span.name.rpartition(f"{_CALL} ")[2]
        return replace(tool_call(span), name=name)
