"""A stored rollout as the trace viewer shows it: what was said and done in its order, and every span on a time line.

Each message is told once, however often a model was sent it again, and no text is cut: the page folds what is long.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from pydantic import TypeAdapter

from spanwright.core.rollout import Observed
from spanwright.core.trace import AgentRun, Attribute, Message, ModelCall, Span, ToolCall, Trace
from spanwright.core.usage import Usage

Speaker: TypeAlias = Literal[
    "agent", "instructions", "system", "user", "assistant", "thinking", "call", "tool", "error"
]
BarKind: TypeAlias = Literal["agent", "model", "tool", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that was said or done."""

    speaker: Speaker
    name: str
    """Of the agent or the tool, or of the model that failed."""
    text: str
    at: float
    """Seconds since the rollout began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A span on the time line."""

    name: str
    kind: BarKind
    depth: int
    started: float
    """Seconds since the rollout began."""
    ended: float
    error: str = ""
    service: str = ""
    details: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class TracePage:
    """One rollout with its evidence."""

    number: int
    case: str
    candidate: str
    purpose: str
    attempt: int | None
    trace_id: str
    score: float | None
    objectives: Mapping[str, float]
    feedback: str
    blame: Mapping[str, str]
    failure: str
    output: str
    seconds: float
    usage: Usage
    missing: tuple[str, ...]
    """What the trace lacks, in words."""
    entries: tuple[Entry, ...]
    bars: tuple[Bar, ...]


TRACE: TypeAdapter[TracePage] = TypeAdapter(TracePage)


def trace_page(observed: Observed) -> TracePage:
    """Return what is shown of a rollout."""
    rollout, trace = observed.rollout, observed.trace
    score, failure = rollout.score, rollout.failure
    zero = min((span.started for span in trace.spans), default=rollout.started)
    return TracePage(
        number=rollout.number,
        case=rollout.key.case,
        candidate=rollout.key.candidate,
        purpose=rollout.purpose.value,
        attempt=rollout.attempt,
        trace_id=rollout.trace_id,
        score=None if score is None else score.value,
        objectives={} if score is None else score.objectives,
        feedback="" if score is None else score.feedback,
        blame={} if score is None else score.blame,
        failure="" if failure is None else f"{failure.boundary} ({failure.blame.value}): {failure.message}",
        output=observed.output,
        seconds=rollout.ended - rollout.started,
        usage=rollout.usage,
        missing=tuple(_missing(trace)),
        entries=tuple(_entries(trace, zero)),
        bars=tuple(_bars(trace, zero)),
    )


def _missing(trace: Trace) -> Iterator[str]:
    if not trace.complete:
        yield "a span had not ended"
    if trace.truncated:
        yield "parts were dropped by a limit"
    if trace.without_content:
        yield "messages were not recorded"


def _entries(trace: Trace, zero: float) -> Iterator[Entry]:
    steps: list[AgentRun | ModelCall | ToolCall] = [*trace.agents, *trace.model_calls, *trace.tool_calls]
    ran = frozenset(call.call_id for call in trace.tool_calls if call.call_id)
    told: set[tuple[str, Message]] = set()
    instructions: dict[str, str] = {}
    for step in sorted(steps, key=lambda step: (step.started, not isinstance(step, AgentRun))):
        at = step.started - zero
        match step:
            case AgentRun():
                yield Entry(speaker="agent", name=step.name, text=step.error, at=at)
            case ToolCall():
                yield Entry(speaker="tool", name=step.name, text=step.error or step.result or "", at=step.ended - zero)
            case ModelCall():
                if instructions.get(step.agent) != step.instructions:
                    instructions[step.agent] = step.instructions
                    yield Entry(speaker="instructions", name=step.agent, text=step.instructions, at=at)
                fresh = [each for each in step.messages if (step.agent, each) not in told]
                told.update((step.agent, each) for each in (*fresh, step.answer) if each is not None)
                for message in fresh:
                    yield from _said(message, ran, at)
                if step.answer is not None:
                    yield from _said(step.answer, ran, step.ended - zero)
                if step.error:
                    yield Entry(speaker="error", name=step.model, text=step.error, at=step.ended - zero)


def _said(message: Message, ran: frozenset[str], at: float) -> Iterator[Entry]:
    for part in message.parts:
        if part.kind == "tool_result":
            if part.call_id not in ran:  # otherwise it is told where the tool ran
                yield Entry(speaker="tool", name=part.tool, text=part.text, at=at)
        elif part.kind == "tool_call":
            yield Entry(speaker="call", name=part.tool, text=part.text, at=at)
        elif part.kind == "thinking":
            yield Entry(speaker="thinking", name="", text=part.text, at=at)
        else:
            speaker = "tool" if message.role == "tool" else message.role
            yield Entry(speaker=speaker, name=part.tool, text=part.text, at=at)


def _bars(trace: Trace, zero: float) -> Iterator[Bar]:
    """Yield the spans, each below its parent, in the order of their start."""
    known = {span.span_id for span in trace.spans}
    below: dict[str, list[Span]] = {}
    for span in trace.spans:
        below.setdefault(span.parent_id if span.parent_id in known else "", []).append(span)
    steps = _Steps(trace)
    waiting = [(span, 0) for span in reversed(below.pop("", []))]
    while waiting:
        span, depth = waiting.pop()
        yield steps.bar(span, depth, zero)
        waiting.extend((child, depth + 1) for child in reversed(below.pop(span.span_id, [])))


class _Steps:
    """What is known of a span beside its attributes."""

    def __init__(self, trace: Trace) -> None:
        self._models = {call.span_id: call for call in trace.model_calls}
        self._tools = {call.span_id: call for call in trace.tool_calls}
        self._agents = {run.span_id: run for run in trace.agents}

    def bar(self, span: Span, depth: int, zero: float) -> Bar:
        """Return the bar of a span."""
        details = {name: _plain(value) for name, value in span.attributes.items()}
        for event in span.events:
            said = "; ".join(f"{name}: {_plain(value)}" for name, value in event.attributes.items())
            details[f"event {event.name}"] = said
        kind: BarKind = "other"
        error = span.status_message if span.status == "error" else ""
        if model := self._models.get(span.span_id):
            kind, error = "model", model.error or error
            tokens = f"{model.usage.input_tokens} in, {model.usage.output_tokens} out"
            details = {"model": model.response_model or model.model, "tokens": tokens, **details}
        elif tool := self._tools.get(span.span_id):
            kind, error = "tool", tool.error or error
            details = {"arguments": tool.arguments, "result": tool.result or "", **details}
        elif run := self._agents.get(span.span_id):
            kind, error = "agent", run.error or error
        return Bar(
            name=span.name,
            kind=kind,
            depth=depth,
            started=span.started - zero,
            ended=span.ended - zero,
            error=error or ("error" if span.status == "error" else ""),
            service=span.service,
            details={name: text for name, text in details.items() if text},
        )


def _plain(value: Attribute) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
