"""Azure's clients: model calls with messages as span events, and tools as spans of plain functions.

A function's arguments and result are written as Python prints them; their JSON stands in the messages (so
`secondhand`).
"""

from spanwright.core.trace import Span, ToolCall
from spanwright.telemetry.dialects import Step
from spanwright.telemetry.dialects.genai import GenAI
from spanwright.telemetry.dialects.reading import failure, text, value_of
from spanwright.telemetry.interning import Interned
from spanwright.telemetry.lenient import plain

FUNCTION = "code.function."
_PARAMETER = f"{FUNCTION}parameter."
_RETURNED = f"{FUNCTION}return.value"
_FUNCTIONS = frozenset({"azure.ai.agents.telemetry._trace_function", "azure.ai.projects.telemetry._trace_function"})
_CLIENTS = "azure.core.tracing.ext.opentelemetry_span"


class Azure(GenAI):
    """Reads the spans of azure-ai-inference and azure-ai-agents."""

    name = "Azure AI"
    secondhand = True
    functions = True

    def speaks(self, span: Span) -> bool:
        return span.scope == _CLIENTS or span.scope in _FUNCTIONS or _is_function(span)

    def step(self, span: Span, interned: Interned) -> Step | None:
        if span.scope != _CLIENTS:
            return _function(span)
        return super().step(span, interned)


def _is_function(span: Span) -> bool:
    return span.scope.startswith("azure.") and any(key.startswith(FUNCTION) for key in span.attributes)


def _function(span: Span) -> ToolCall:
    arguments = {
        key.removeprefix(_PARAMETER): value_of(value) if isinstance(value, str) and value[:1] in "{[" else value
        for key, value in span.attributes.items()
        if key.startswith(_PARAMETER)
    }
    told = text(span, _RETURNED)
    return ToolCall(
        span_id=span.span_id,
        name=span.name.rpartition(".")[2],
        arguments=plain({key: list(value) if isinstance(value, tuple) else value for key, value in arguments.items()}),
        result=plain(value_of(told)) if _RETURNED in span.attributes and span.status != "error" else None,
        error=failure(span),
        started=span.started,
        ended=span.ended,
    )
