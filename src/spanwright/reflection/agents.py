"""The part of the prompt that says who is at work: the agents of the traces, and the tools that they were offered."""

import re
from collections.abc import Iterable, Sequence

from spanwright.core.tokens import tokens
from spanwright.core.trace import ToolDefinition, Trace
from spanwright.reflection.evidence import cut, quoted
from spanwright.reflection.json_text import Unreadable, read_json

_UNUSUAL = re.compile(r"[^\w.-]+")


def agents(traces: Iterable[Trace], allowance: int) -> str:
    """Return the section in at most `allowance` tokens; empty where the traces name no agent."""
    tools: dict[str, dict[str, str]] = {}
    for trace in traces:
        for call in trace.model_calls:
            if call.agent:
                known = tools.setdefault(call.agent, {})
                known.update({tool.name: _signature(tool) for tool in call.tools if tool.name not in known})
    if not tools:
        return ""
    lines = [f"- agent {quoted(agent)} {_equipment(tuple(known.values()))}" for agent, known in tools.items()]
    heading = "# Who is at work\n"
    return heading + cut("\n".join(lines), allowance - tokens(heading)) if allowance > tokens(heading) + 16 else ""


def _equipment(signatures: Sequence[str]) -> str:
    return f"can call: {', '.join(signatures)}" if signatures else "has no tools"


def _signature(tool: ToolDefinition) -> str:
    """Return `name(parameter, parameter)`. Names that tools brought along are reduced to what names are made of."""
    try:
        schema = read_json(tool.parameters).value
    except Unreadable:
        schema = None
    properties = schema.get("properties") if isinstance(schema, dict) else None
    names = [_plain(name) for name in properties] if isinstance(properties, dict) else []
    return f"{_plain(tool.name)}({', '.join(names)})"


def _plain(name: str) -> str:
    return _UNUSUAL.sub("_", name)
