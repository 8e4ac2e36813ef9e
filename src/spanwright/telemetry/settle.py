"""What one span leaves open, settled by the others: calls that several spans tell, tools that no span tells.

Only traces in which some library other than pydantic-ai wrote come here. Pure: steps in, steps out.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from spanwright.core.trace import AgentRun, ModelCall, Span, ToolCall
from spanwright.telemetry.ancestry import Ancestry
from spanwright.telemetry.dialects import Dialect
from spanwright.telemetry.dialects.foreign import Foreign
from spanwright.telemetry.dialects.reading import FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The steps of a trace, by span id."""

    agents: Mapping[str, AgentRun]
    model_calls: Mapping[str, ModelCall]
    tool_calls: Mapping[str, ToolCall]
    doubled: int = 0
    """Model calls that were told once more and left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where the steps come from."""

    spans: Mapping[str, Span]
    dialects: Mapping[str, Dialect]
    """By the span id of a step."""
    ancestry: Ancestry

    def foreign(self, span_id: str) -> Foreign | None:
        """Return the dialect of a step, None where pydantic-ai told it."""
        dialect = self.dialects.get(span_id)
        return dialect if isinstance(dialect, Foreign) else None

    def streams(self, span_id: str) -> bool:
        """Say whether a model call tells the streamed answer of another one."""
        dialect = self.foreign(span_id)
        return dialect is not None and dialect.streams(self.spans[span_id])


def settled(steps: Steps, scene: Scene) -> Steps:
    """Return each agent, model call and tool call once."""
    steps = replace(steps, agents=_agents(steps, scene))
    steps = _model_calls(steps, scene)
    return replace(steps, tool_calls=_tool_calls(steps, scene))


def _agents(steps: Steps, scene: Scene) -> Mapping[str, AgentRun]:
    """Leave out what is no agent after all: it may be one, but has no model call of its own."""
    callers = {scene.ancestry.nearest(call, steps.agents) for call in steps.model_calls}
    return {
        run: agent
        for run, agent in steps.agents.items()
        if run in callers or not ((dialect := scene.foreign(run)) and dialect.tentative)
    }


def _model_calls(steps: Steps, scene: Scene) -> Steps:
    everything = {*steps.agents, *steps.model_calls, *steps.tool_calls}
    keeper: dict[str, str] = {}
    for inner in steps.model_calls:
        above = scene.ancestry.nearest(inner, everything)
        if above in steps.model_calls and (scene.foreign(inner) or scene.foreign(above)):
            keeper[inner] = above
    keeper |= {again: first for again, first in _same_answers(steps, scene) if again not in keeper}
    kept = dict(steps.model_calls)
    for again in sorted(keeper, key=lambda call: (kept[call].started, call), reverse=True):
        first = _last_keeper(again, keeper)
        if first != again:
            kept[first] = _merged(kept[first], kept.pop(again))
    unanswered = (call for call in kept.values() if call.error and call.answer is None and scene.foreign(call.span_id))
    kept |= {call.span_id: replace(call, response_model="") for call in list(unanswered)}  # some repeat what was asked
    return replace(steps, model_calls=kept, doubled=len(steps.model_calls) - len(kept) - _streamed(keeper, scene))


def _last_keeper(call: str, keeper: Mapping[str, str]) -> str:
    passed = set[str]()
    while call in keeper and call not in passed:
        passed.add(call)
        call = keeper[call]
    return call


def _streamed(keeper: Collection[str], scene: Scene) -> int:
    return sum(scene.streams(call) for call in keeper)


def _same_answers(steps: Steps, scene: Scene) -> Iterator[tuple[str, str]]:
    """Yield pairs of calls that are one: they overlap and have the same answer, or one tells the other's stream."""
    ordered = sorted(steps.model_calls.values(), key=lambda call: (call.started, -call.ended, call.span_id))
    answered: dict[str, ModelCall] = {}
    told = [call for call in ordered if scene.streams(call.span_id)]
    waiting = [call for call in ordered if call.answer is None and not call.error and call not in told]
    for call in told:
        fitting = (one for one in waiting if one.messages == call.messages)
        asked = min(fitting, key=lambda one: abs(one.started - call.started), default=None)
        if asked is not None:
            waiting.remove(asked)
            yield call.span_id, asked.span_id
    for call in ordered:
        if call in told:
            continue
        earlier = answered.get(call.response_id) if call.response_id else None
        if earlier is not None and call.started < earlier.ended and scene.foreign(call.span_id):
            yield call.span_id, earlier.span_id
        elif call.response_id:
            answered[call.response_id] = call


def _merged(one: ModelCall, other: ModelCall) -> ModelCall:
    """Return one call of two that tell the same: the first, with what only the other knows."""
    heard = one if one.messages else other
    asked_for = one if one.model and one.model != one.response_model else other if other.model else one
    return replace(
        one,
        agent=one.agent or other.agent,
        model=asked_for.model,
        response_model=one.response_model or other.response_model,
        response_id=one.response_id or other.response_id,
        provider=one.provider or other.provider,
        prompt=one.prompt or other.prompt,
        instructions=heard.instructions or one.instructions,
        messages=heard.messages,
        answer=one.answer if one.answer and one.answer.parts else other.answer or one.answer,
        tools=one.tools or other.tools,
        finish_reason=one.finish_reason or other.finish_reason,
        usage=one.usage if one.usage.tokens else other.usage if other.usage.tokens else one.usage,
        cached_tokens=one.cached_tokens or other.cached_tokens,
        components=one.components or other.components,
    )


def _tool_calls(steps: Steps, scene: Scene) -> Mapping[str, ToolCall]:
    """Merge the spans of one call: of a client, a transport and a server below a tool, or below each other."""
    everything = {*steps.agents, *steps.model_calls, *steps.tool_calls}
    kept = dict(steps.tool_calls)
    for inner in sorted(steps.tool_calls.values(), key=lambda call: (call.started, -call.ended), reverse=True):
        above = scene.ancestry.nearest(inner.span_id, everything)
        outer = kept.get(above)
        dialect = scene.foreign(inner.span_id)
        if outer is None or dialect is None:
            continue
        if outer.name == inner.name or dialect.relays:
            kept[above] = _merged_tool(outer, kept.pop(inner.span_id), trusted=scene.foreign(above) is None)
    return kept


def _merged_tool(outer: ToolCall, inner: ToolCall, *, trusted: bool) -> ToolCall:
    """Return one call of two; `trusted` says that the outer span tells for certain whether it failed."""
    failed = not trusted and not outer.error and outer.result is None and bool(inner.error)
    vague = outer.error in ("", FAILED) and inner.error
    return replace(
        outer,
        call_id=outer.call_id or inner.call_id,
        arguments=outer.arguments or inner.arguments,
        result=outer.result if outer.result is not None or outer.error or failed else inner.result,
        error=inner.error if failed or (outer.error and vague) else outer.error,
    )
