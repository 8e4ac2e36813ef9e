"""Few-shot bootstrap (DSPy, arXiv 2310.03714): rollouts that went well become demonstrations in the agent's own texts.

It asks no model. A demonstration is what an agent was asked, the tools that it called, and what it answered; it stands
at the end of the agent's instructions, where a later set of demonstrations takes its place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from spanwright.core.candidate import Component, ComponentId, Kind
from spanwright.core.context import Example, ReflectionContext
from spanwright.core.proposal import Proposal, Reflection, Refusal, RefusalReason
from spanwright.core.trace import ToolCall, Trace
from spanwright.reflection.evidence import clean, cut, field
from spanwright.reflection.prose import prose
from spanwright.reflection.values import show_within

_STEERING = frozenset({Kind.INSTRUCTIONS, Kind.SYSTEM_PROMPT})
_INPUT_TOKENS, _CALL_TOKENS, _OUTPUT_TOKENS = 250, 100, 250
_MOST_CALLS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstrations:
    """Proposes demonstrations drawn from the passing examples: of each attempt another set.

    Texts of tools and users become instructions by it: not for agents whose inputs strangers write.
    """

    seed: int = 0
    at_most: int = 4
    """Demonstrations in a set."""
    passing: float = 1.0
    """The score from which on a rollout went well."""

    async def reflect(self, context: ReflectionContext) -> Reflection:
        """Answer with a set of demonstrations, or UNCHANGED where nothing went well."""
        passed = [each for each in context.examples if _score(each) >= self.passing]
        drawn = Random(f"{self.seed}/{context.attempt}/demonstrations")
        chosen = drawn.sample(passed, min(len(passed), drawn.randint(1, self.at_most)))
        edits: dict[ComponentId, str] = {}
        for component in steered(context.components):
            before = context.parent.texts[component.id]
            text = _demonstrated(before, chosen, component)
            if text != before:
                edits[component.id] = text
        if not edits:
            detail = "no example went well" if not passed else "no demonstration fits"
            return Reflection(result=Refusal(reason=RefusalReason.UNCHANGED, detail=detail))
        said = ", ".join(each.case.id for each in chosen)
        rationale = f"demonstrations: {said}"
        return Reflection(result=Proposal(parents=(context.parent.id,), edits=edits, rationale=rationale))


def steered(components: Sequence[Component]) -> Sequence[Component]:
    """Return the components that demonstrations stand in: agents' instructions, or where there are none the first."""
    return [each for each in components if each.kind in _STEERING] or components[:1]


def parted(text: str) -> tuple[str, str]:
    """Return a text without its demonstrations, and these alone."""
    before, above, demonstrations = text.partition(heading())
    return before.rstrip(), above + demonstrations


def joined(text: str, demonstrations: str) -> str:
    """Return a text with demonstrations in place of those that it has."""
    bare, _ = parted(text)
    return "\n\n".join(part for part in (bare, demonstrations) if part)


def heading() -> str:
    """Return what stands above demonstrations."""
    return prose("demonstrations")


def _demonstrated(text: str, chosen: Sequence[Example], component: Component) -> str:
    """Return the text with as many of the demonstrations as its limit allows."""
    shown = [demonstrated(each, component.agent) for each in chosen]
    for count in range(len(shown), 0, -1):
        new = joined(text, "\n\n".join([heading(), *shown[:count]]))
        if len(new) <= component.limit:
            return new
    return text


def demonstrated(example: Example, agent: str) -> str:
    """Return what an agent did about an example; of a program without such an agent, what the program did."""
    trace = example.observed.trace
    run = next((each for each in trace.agents if each.name == agent), None)
    asked = _asked(trace, agent) if run is not None else ""
    answer = run.final if run is not None and run.final else example.observed.output
    entries = [
        field("Task", asked or clean(show_within(example.case.inputs, _INPUT_TOKENS))),
        *(_call(each) for each in trace.tool_calls[:_MOST_CALLS] if each.agent == agent and not each.error),
        field("Answer", cut(clean(answer), _OUTPUT_TOKENS)),
    ]
    return "\n".join(entries)


def _asked(trace: Trace, agent: str) -> str:
    """Return what the agent's user said first."""
    call = next((each for each in trace.model_calls if each.agent == agent), None)
    message = next((each for each in call.messages if each.role == "user"), None) if call is not None else None
    said = "\n".join(part.text for part in message.parts if part.kind == "text") if message is not None else ""
    return cut(clean(said), _INPUT_TOKENS)


def _call(call: ToolCall) -> str:
    return field("Call", cut(clean(f"{call.name} {call.arguments}"), _CALL_TOKENS))


def _score(example: Example) -> float:
    score = example.observed.rollout.score
    return float("-inf") if score is None else score.value
