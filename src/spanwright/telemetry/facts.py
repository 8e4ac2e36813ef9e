"""The facts of a set of spans in one schema for all dialects: agents, what their models were asked and said, tools.

It is what `spanwright traces facts` prints, and how traces of different libraries are compared. What a dialect does
not tell is null, never a guess.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from pydantic import JsonValue, TypeAdapter

from spanwright.core.trace import AgentRun, ModelCall, Part, Span, ToolCall, Trace
from spanwright.telemetry.ancestry import Ancestry
from spanwright.telemetry.dialects.reading import FAILED, value_of
from spanwright.telemetry.fold import fold
from spanwright.telemetry.lenient import clean, parsed
from spanwright.telemetry.pending import without_pending


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedCall:
    """A tool call that a model asked for."""

    id: str | None
    name: str | None
    arguments: JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCallFacts:
    """One request to a model."""

    model: str | None
    response_model: str | None
    input_tokens: int | None
    output_tokens: int | None
    finish_reason: str | None
    output_text: str | None
    tool_calls: tuple[AskedCall, ...] | None
    """None where it was not recorded what the model asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFacts:
    """One run of an agent; the name is None where nothing names it."""

    name: str | None
    parent_agent: str | None
    system_prompt: str | None
    model_calls: tuple[ModelCallFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallFacts:
    """One execution of a tool."""

    name: str
    arguments: JsonValue
    result: JsonValue
    error: str | None
    """None where it worked, "" where it failed and no useful text says why."""
    agent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a set of spans tells."""

    agents: tuple[AgentFacts, ...]
    tool_calls: tuple[ToolCallFacts, ...]
    final_output: str | None
    has_content: bool
    hazards: tuple[str, ...]
    notes: tuple[str, ...] = ()


def facts_json(facts: Facts) -> str:
    """Return the facts as JSON, without what JSON has no word for: half characters, and numbers beyond all bounds."""
    return json.dumps(_tidy(TypeAdapter(Facts).dump_python(facts)), ensure_ascii=False, indent=1)


def facts_of(spans: Iterable[Span], notes: Sequence[str] = ()) -> Facts:
    """Return the facts of spans, of one trace or of several."""
    return told(folded(spans), notes)


def folded(spans: Iterable[Span]) -> tuple[Trace, ...]:
    """Return the traces of spans that come in any order, by their start."""
    by_trace: dict[str, list[Span]] = {}
    for span in spans:
        by_trace.setdefault(span.trace_id, []).append(span)
    traces = [_folded(trace_id, some) for trace_id, some in by_trace.items()]
    return tuple(sorted(traces, key=lambda trace: (min((span.started for span in trace.spans), default=0), trace.id)))


def _folded(trace_id: str, spans: Sequence[Span]) -> Trace:
    whole, unended = without_pending(spans)
    return fold(whole, trace_id=trace_id, complete=not unended)


def told(traces: Sequence[Trace], notes: Sequence[str] = ()) -> Facts:
    """Return the facts of traces."""
    agents = [agent for trace in traces for agent in _agents(trace)]
    tools = [tool for trace in traces for tool in trace.tool_calls]
    content = any(has_content(trace) for trace in traces)
    finals = [final for trace in traces if (final := _final(trace))]
    return Facts(
        agents=tuple(facts for _, facts in sorted(agents, key=lambda pair: pair[0])),
        tool_calls=tuple(
            _tool(tool, content=content) for tool in sorted(tools, key=lambda tool: (tool.started, tool.ended))
        ),
        final_output=finals[-1] if finals else None,
        has_content=content,
        hazards=tuple(_hazards(traces, content=content)),
        notes=tuple(notes),
    )


def _tidy(value: object) -> JsonValue:
    match value:
        case str():
            return clean(value)
        case float():
            return value if math.isfinite(value) else str(value)
        case list() | tuple():
            return [_tidy(item) for item in cast("Sequence[object]", value)]
        case dict():
            return {clean(key): _tidy(item) for key, item in cast("Mapping[str, object]", value).items()}
        case _:
            return value if isinstance(value, bool | int) else None


def missing_root(trace: Trace) -> bool:
    """Say whether the span at the top of a trace never arrived."""
    return bool(trace.spans) and all(span.parent_id for span in trace.spans)


@dataclass(slots=True, kw_only=True)
class _Group:
    """The model calls of one agent."""

    started: float
    order: int
    run: AgentRun | None
    parent: str
    calls: list[ModelCall]


def _agents(trace: Trace) -> Iterator[tuple[tuple[float, int], AgentFacts]]:
    for order, group in enumerate(_groups(trace)):
        run = group.run
        yield (
            (group.started, order),
            AgentFacts(
                name=run.name or None if run else None,
                parent_agent=(run.parent_agent if run else group.parent) or None,
                system_prompt=next((prompt for call in group.calls if (prompt := _system_prompt(call))), None),
                model_calls=tuple(_model_call(call) for call in group.calls),
            ),
        )


def _groups(trace: Trace) -> list[_Group]:
    """Return the agents' runs with their model calls, and nameless agents for what no run explains."""
    ancestry = Ancestry({span.span_id: span.parent_id for span in trace.spans})
    runs = {run.span_id: run for run in trace.agents}
    tools = {tool.span_id for tool in trace.tool_calls} - {call.span_id for call in trace.model_calls}
    groups: dict[tuple[str, ...], _Group] = {
        (run.span_id,): _Group(started=run.started, order=order, run=run, parent="", calls=[])
        for order, run in enumerate(trace.agents)
    }
    latest: dict[str, tuple[str, ...]] = {}
    cut = {span.span_id for span in trace.spans if span.dropped}
    for call in trace.model_calls:
        run = ancestry.nearest(call.span_id, runs)
        key = _place(call, run, ancestry.nearest(call.span_id, {*runs, *tools}), groups)
        unknown = not call.messages or call.span_id in cut
        if unknown and not _system_prompt(call) and run not in runs and run in latest:
            key = latest[run]  # its prompt was not recorded or got lost: it goes on with what went on
        latest[run] = key
        parent = runs[run].name if run in runs else ""
        empty = _Group(started=call.started, order=len(groups), run=None, parent=parent, calls=[])
        groups.setdefault(key, empty).calls.append(call)
    return sorted(groups.values(), key=lambda group: (group.started, group.order))


def _place(call: ModelCall, run: str, above: str, groups: Mapping[tuple[str, ...], _Group]) -> tuple[str, ...]:
    """Return to whom a call belongs: its run, or a nameless agent with its system prompt.

    A model that a tool asks with a system prompt of its own is another agent than the one that called the tool.
    """
    prompt = _system_prompt(call)
    own = groups.get((run,))
    if own is None:
        return ("", prompt)
    known = next((said for other in own.calls if (said := _system_prompt(other))), "")
    return (run, above, prompt) if above != run and prompt and known and prompt != known else (run,)


def _system_prompt(call: ModelCall) -> str:
    said = [call.instructions] if call.instructions else []
    for message in call.messages:
        if message.role == "system":
            text = "\n".join(part.text for part in message.parts if part.kind == "text" and part.text)
            said.extend([text] if text and text not in said else [])
    return "\n\n".join(said)


def _model_call(call: ModelCall) -> ModelCallFacts:
    parts = call.answer.parts if call.answer else ()
    text = "\n".join(part.text for part in parts if part.kind == "text" and part.text)
    return ModelCallFacts(
        model=call.model or None,
        response_model=call.response_model or None,
        input_tokens=call.usage.input_tokens or None,
        output_tokens=call.usage.output_tokens or None,
        finish_reason=call.finish_reason or None,
        output_text=text or None,
        tool_calls=tuple(_asked(part) for part in parts if part.kind == "tool_call")
        if call.answer or call.error
        else None,
    )


def _asked(part: Part) -> AskedCall:
    return AskedCall(id=part.call_id or None, name=part.tool or None, arguments=_arguments(part.text))


def _tool(tool: ToolCall, *, content: bool) -> ToolCallFacts:
    failed = bool(tool.error)
    silent = tool.result is None or (not tool.result and not content)
    return ToolCallFacts(
        name=tool.name,
        arguments=_arguments(tool.arguments),
        result=None if failed or silent or tool.result is None else _value(tool.result),
        error=("" if tool.error == FAILED else tool.error) if failed else None,
        agent=tool.agent or None,
    )


def _arguments(text: str) -> JsonValue:
    value = parsed(text) if text else None
    return value if value is not None or not text else text


def _value(text: str) -> JsonValue:
    return value_of(text) if text else text


def _final(trace: Trace) -> str:
    """Return the last word of a trace: of its outermost agent, else of its last model call."""
    top = [run for run in trace.agents if not run.parent_agent]
    spoken = [run for run in top if run.final]
    if spoken:
        return max(spoken, key=lambda run: (run.ended, run.started)).final or ""
    if any(run.error for run in top) or not trace.model_calls:
        return ""
    last = _model_call(max(trace.model_calls, key=lambda call: (call.started, call.ended)))
    return last.output_text or "" if not last.tool_calls else ""


def has_content(trace: Trace) -> bool:
    """Say whether prompts, arguments or answers were recorded."""
    messages = (
        part.text
        for call in trace.model_calls
        for message in (*call.messages, call.answer)
        if message is not None
        for part in message.parts
        if part.kind != "other"
    )
    executed = (text for tool in trace.tool_calls for text in (tool.arguments, tool.result))
    return any(messages) or any(executed) or any(call.instructions for call in trace.model_calls)


def _hazards(traces: Sequence[Trace], *, content: bool) -> Iterator[str]:
    if not content and any(trace.model_calls or trace.tool_calls for trace in traces):
        yield "no_content"
    if any(span.dropped for trace in traces for span in trace.spans):
        yield "truncated_attributes"
    if any(trace.repeated for trace in traces):
        yield "duplicate_spans"
    if any(trace.doubled for trace in traces):
        yield "duplicate_model_calls"
    if any(missing_root(trace) for trace in traces):
        yield "missing_root"
