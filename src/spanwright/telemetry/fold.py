"""Folds the spans of one rollout into its trace.

The spans may come in any order, twice, and without some of their parents. Whatever is odd is left out; nothing is
made up except the agent above steps whose own span is missing, and the calls that leave no span (see unspanned).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from operator import attrgetter
from typing import TypeVar

from spanwright.core.trace import AgentRun, Attribute, Evaluation, ModelCall, Span, SpanEvent, ToolCall, Trace
from spanwright.telemetry.ancestry import Ancestry
from spanwright.telemetry.asked import completed, told_only
from spanwright.telemetry.dialects import Dialect, Step
from spanwright.telemetry.dialects.foreign import Foreign
from spanwright.telemetry.dialects.known import NATIVE, dialect_of
from spanwright.telemetry.evaluations import evaluations
from spanwright.telemetry.excerpt import excerpt
from spanwright.telemetry.interning import Interned, Repeated
from spanwright.telemetry.settle import Scene, Steps, settled
from spanwright.telemetry.unspanned import unspanned_calls

_HELD = frozenset({"gen_ai.tool.call.result", "tool_response", "final_result"})
"""Attributes that stay on a trace's spans, for evaluators that ask spans, but short: the steps hold them whole."""
_HELD_ROOM = 2_000
_STACK_ROOM = 4_000

_ORDER = attrgetter("started", "ended", "span_id")
_started = attrgetter("started")

_Step = TypeVar("_Step", AgentRun, ModelCall, ToolCall)
_Call = TypeVar("_Call", ModelCall, ToolCall)


def fold(
    spans: Iterable[Span], *, trace_id: str = "", complete: bool = True, repeated: Repeated | None = None
) -> Trace:
    """Return the trace that `spans` tell of. Each span is looked at once, so they may be made on the way.

    `repeated` is what earlier traces had read of texts that come again and again, and is added to.
    """
    folding = _Folding(repeated)
    for span in spans:
        folding.take(span)
    return folding.trace(trace_id, complete=complete)


class _Folding:
    def __init__(self, repeated: Repeated | None) -> None:
        self._interned = Interned(repeated)
        self._spans: dict[str, Span] = {}
        self._agents: dict[str, AgentRun] = {}
        self._model_calls: dict[str, ModelCall] = {}
        self._tool_calls: dict[str, ToolCall] = {}
        self._histories: dict[str, tuple[Dialect, Span]] = {}
        """The spans of agents that did not come to their end, whole: they hold what their last call was asked."""
        self._dialects: dict[str, Dialect] = {}
        self._evaluations: list[Evaluation] = []
        self._truncated = False
        self._foreign = False
        """Some library other than pydantic-ai has written here."""
        self._repeated = 0
        self._doubled = 0

    def take(self, span: Span) -> None:
        """Read one span; the second delivery of a span is passed over."""
        if span.span_id in self._spans:
            self._repeated += 1
            return
        self._truncated |= span.dropped > 0
        dialect = dialect_of(span)
        self._spans[span.span_id] = _slim(span, dialect)
        if span.events:
            self._evaluations.extend(evaluations(span))
        if dialect is not None:
            self._note(dialect.step(span, self._interned), dialect, span)

    def _note(self, step: Step | None, dialect: Dialect, span: Span) -> None:
        match step:
            case ModelCall():
                self._model_calls[step.span_id] = step
            case ToolCall():
                self._tool_calls[step.span_id] = step
            case AgentRun():
                self._agents[step.span_id] = step
                if step.final is None:
                    self._histories[step.span_id] = (dialect, span)
            case None:
                return
        self._dialects[span.span_id] = dialect
        self._foreign |= dialect is not NATIVE

    def trace(self, trace_id: str, *, complete: bool) -> Trace:
        """Return what was read."""
        ancestry = Ancestry({span.span_id: span.parent_id for span in self._spans.values()})
        if self._foreign:
            self._settle(ancestry)
        runs = self._runs(ancestry)
        if self._add_missing_agents(ancestry, runs):
            runs = self._runs(ancestry)
        if self._histories:
            self._fill_unasked(runs)
        told = self._complete(ancestry, runs) if self._foreign else ()
        agents = [
            replace(run, parent_agent=above)
            if (above := self._name(ancestry.nearest(run.span_id, self._agents)))
            else run
            for run in self._agents.values()
        ]
        calls = [self._owned(call, runs) for call in self._model_calls.values()]
        tools = [self._owned(call, runs) for call in (*self._tool_calls.values(), *self._unspanned(runs), *told)]
        return Trace(
            id=trace_id,
            agents=tuple(sorted(agents, key=lambda run: (run.started, -run.ended, run.span_id))),
            model_calls=_in_order(calls),
            tool_calls=_in_order(tools),
            evaluations=tuple(self._evaluations),
            spans=tuple(sorted(self._spans.values(), key=_started)),
            complete=complete,
            truncated=self._truncated or self._interned.damaged > 0,
            without_content=_without_content(calls),
            repeated=self._repeated,
            doubled=self._doubled,
        )

    def _settle(self, ancestry: Ancestry) -> None:
        """Keep each step once, however many spans tell of it."""
        steps = settled(
            Steps(agents=self._agents, model_calls=self._model_calls, tool_calls=self._tool_calls),
            Scene(spans=self._spans, dialects=self._dialects, ancestry=ancestry),
        )
        self._agents, self._doubled = dict(steps.agents), steps.doubled
        self._model_calls, self._tool_calls = dict(steps.model_calls), dict(steps.tool_calls)

    def _complete(self, ancestry: Ancestry, runs: Mapping[str, str]) -> Iterable[ToolCall]:
        """Give tool calls and agents what other spans know of them, and return the calls that no span tells of."""
        scene = Scene(spans=self._spans, dialects=self._dialects, ancestry=ancestry)
        seen = bool(self._tool_calls)
        self._tool_calls = dict(completed(self._tool_calls, self._model_calls.values(), scene, runs))
        for run in self._agents.values():
            if run.final is None and not run.error and scene.foreign(run.span_id):
                own = (call for call in self._model_calls.values() if runs[call.span_id] == run.span_id)
                self._agents[run.span_id] = replace(run, final=_last_word(own))
        foreign = (call for call in self._model_calls.values() if scene.foreign(call.span_id))
        return () if seen else [self._owned(call, runs) for call in told_only(foreign)]

    def _runs(self, ancestry: Ancestry) -> Mapping[str, str]:
        """Return the agent's run to which each step belongs, by span ids."""
        return {step: ancestry.nearest(step, self._agents) for step in (*self._model_calls, *self._tool_calls)}

    def _add_missing_agents(self, ancestry: Ancestry, runs: Mapping[str, str]) -> bool:
        """Put an agent above steps that name one whose span never arrived; say whether there were any."""
        orphans: dict[str, list[ModelCall | ToolCall]] = {}
        for step in (*self._model_calls.values(), *self._tool_calls.values()):
            if step.agent and not runs[step.span_id]:
                orphans.setdefault(ancestry.top(step.span_id), []).append(step)
        for span_id, steps in orphans.items():
            self._agents[span_id] = AgentRun(
                span_id=span_id,
                name=steps[0].agent,
                final=_last_word(step for step in steps if isinstance(step, ModelCall)),
                started=min(step.started for step in steps),
                ended=max(step.ended for step in steps),
            )
        return bool(orphans)

    def _fill_unasked(self, runs: Mapping[str, str]) -> None:
        """Give the last call of a run that failed its messages: pydantic-ai writes them only with the answer."""
        for run, (dialect, span) in self._histories.items():
            calls = [call for call in self._model_calls.values() if runs[call.span_id] == run]
            last = max(calls, key=lambda call: call.started, default=None)
            if last is not None and not last.messages:
                asked = last.instructions or dialect.guidance(span)
                heard = dialect.history(span, self._interned)
                self._model_calls[last.span_id] = replace(last, messages=heard, instructions=asked)

    def _unspanned(self, runs: Mapping[str, str]) -> Iterable[ToolCall]:
        for run in self._agents.values():
            calls = _in_order(call for call in self._model_calls.values() if runs[call.span_id] == run.span_id)
            tools = [call for call in self._tool_calls.values() if runs[call.span_id] == run.span_id]
            answered = [(call, self._dialects[call.span_id]) for call in calls if call.messages]
            yield from unspanned_calls(run, answered, tools)

    def _owned(self, step: _Call, runs: Mapping[str, str]) -> _Call:
        if step.agent and (not self._foreign or not isinstance(self._dialects.get(step.span_id), Foreign)):
            return step
        return replace(step, agent=self._name(runs.get(step.span_id, "")) or step.agent)

    def _name(self, run: str) -> str:
        return self._agents[run].name if run in self._agents else ""


def _in_order(steps: Iterable[_Step]) -> tuple[_Step, ...]:
    return tuple(sorted(steps, key=_ORDER))


def _last_word(calls: Iterable[ModelCall]) -> str | None:
    """Return the text of the last answer, if it is one with which an agent ends."""
    last = max(calls, key=lambda call: call.started, default=None)
    if last is None or last.answer is None or any(part.kind == "tool_call" for part in last.answer.parts):
        return None
    return "\n".join(part.text for part in last.answer.parts if part.kind == "text")


def _without_content(calls: Iterable[ModelCall]) -> bool:
    answered = [call for call in calls if call.answer is not None]
    for call in answered:
        for message in (*call.messages, call.answer):
            if message is not None and any(part.text for part in message.parts):
                return False
    return bool(answered)


def _slim(span: Span, dialect: Dialect | None) -> Span:
    """Return `span` without what the steps of the trace hold, and with a short stack trace."""
    bulky: frozenset[str] = dialect.bulky if dialect else frozenset()
    whole = span.attributes
    attributes = {key: value for key, value in whole.items() if key not in bulky}
    if isinstance(dialect, Foreign) and dialect.flat:
        attributes = {key: value for key, value in attributes.items() if not key.startswith(dialect.flat)}
    changed = len(attributes) < len(whole)
    for key in _HELD:
        held = attributes.get(key)
        if isinstance(held, str) and len(held) > _HELD_ROOM:
            attributes[key] = excerpt(held, _HELD_ROOM)
            changed = True
    if span.events:
        return span.holding(attributes, tuple(_short(event) for event in span.events))
    return span.holding(attributes, ()) if changed else span


def _short(event: SpanEvent) -> SpanEvent:
    stack: Attribute = event.attributes.get("exception.stacktrace", "")
    if not isinstance(stack, str) or len(stack) <= _STACK_ROOM:
        return event
    return replace(event, attributes={**event.attributes, "exception.stacktrace": excerpt(stack, _STACK_ROOM)})
