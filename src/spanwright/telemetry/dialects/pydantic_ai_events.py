"""What pydantic-ai's format 1 writes otherwise: messages as events in one attribute, spans without an operation.

Formats 2 to 6 are read by `pydantic_ai`, which asks here where it misses something.
"""

from pydantic import JsonValue

from spanwright.core.trace import Message, Span, ToolDefinition
from spanwright.telemetry.dialects.messages import answer, definition, messages
from spanwright.telemetry.dialects.reading import as_list, as_object, json_of, object_of
from spanwright.telemetry.interning import Interned

EVENTS = "events"
ALL_EVENTS = "all_messages_events"
PARAMETERS = "model_request_parameters"
_CHOICE = "gen_ai.choice"


def operation(span: Span) -> str:
    """Say what a span does that does not name its operation."""
    if "gen_ai.tool.name" in span.attributes:
        return "execute_tool"
    return "invoke_agent" if "agent_name" in span.attributes and "model_name" in span.attributes else ""


def conversation(span: Span, interned: Interned) -> tuple[tuple[Message, ...], Message | None]:
    """Return what a model was asked and what it said."""
    events = as_list(json_of(span, EVENTS))
    said = answer([event for event in events if _is_choice(event)][:1])
    asked = [event for event in events if not _is_choice(event)]
    return tuple(interned.message(one) for event in asked for one in messages(event)), said


def history(span: Span) -> tuple[Message, ...]:
    """Return the messages of a whole run."""
    return tuple(one for event in as_list(json_of(span, ALL_EVENTS)) for one in messages(event))


def definitions(span: Span) -> tuple[ToolDefinition, ...]:
    """Return the tools that a request offered."""
    parameters = object_of(span, PARAMETERS)
    tools = (*as_list(parameters.get("function_tools")), *as_list(parameters.get("output_tools")))
    return tuple(tool for one in tools if (tool := definition(one)) is not None)


def _is_choice(event: JsonValue) -> bool:
    return as_object(event).get("event.name") == _CHOICE
