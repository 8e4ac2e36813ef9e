"""The Model Context Protocol, as its SDKs trace it: a call's client, its transport and its server each leave a span.

They hang below each other and are one call (see settle). Arguments and results are not recorded.
"""

from spanwright.core.trace import Span, ToolCall
from spanwright.telemetry.dialects import Step
from spanwright.telemetry.dialects.foreign import Foreign
from spanwright.telemetry.dialects.reading import failure, text
from spanwright.telemetry.interning import Interned

METHOD = "mcp.method.name"
_CALL = "tools/call"


class MCP(Foreign):
    """Reads the spans of clients and servers of the protocol."""

    name = "MCP"

    def speaks(self, span: Span) -> bool:
        return METHOD in span.attributes

    def step(self, span: Span, interned: Interned) -> Step | None:
        if span.attributes[METHOD] != _CALL:
            return None
        told = text(span, "gen_ai.tool.call.result")
        return ToolCall(
            span_id=span.span_id,
            name=text(span, "gen_ai.tool.name", "mcp.tool.name") or span.name.rpartition(f"{_CALL} ")[2],
            call_id=text(span, "gen_ai.tool.call.id"),
            arguments=text(span, "gen_ai.tool.call.arguments"),
            result=told if told and span.status != "error" else None,
            error=failure(span, told),
            started=span.started,
            ended=span.ended,
        )
