"""Few-shot demonstrations as a component of their own: a set of worked examples, chosen for what they cover.

It asks no model, and the reflector beside it is never shown the set. A set grows along the lineage: what the parent
shows already and what went well in this attempt's evidence compete for the same room, so nothing has to be remembered
from one attempt to the next.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from spanwright.core.candidate import Component, ComponentId, Kind
from spanwright.core.context import ReflectionContext
from spanwright.core.proposal import Proposal, Reflection, Refusal, RefusalReason
from spanwright.core.protocols import Reflector
from spanwright.core.tokens import tokens
from spanwright.reflection.demonstrations import demonstrated, heading

_ENTRY = re.compile(r"^(?=Task:)", re.MULTILINE)
"""Where an example begins: what stands in its fields is indented."""
_WORD = re.compile(r"[^\W\d_]{4,}")
_CALL = re.compile(r"^Call:\s+(\w+)", re.MULTILINE)
_WORTH_OF_A_TOOL = 10
"""Words that a tool which no other example calls counts for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithWorkedExamples:
    """Lets `reflector` write texts, and every so many attempts puts a better set of worked examples in its place.

    Texts of tools and users become the agent's instructions by it: not for agents whose inputs strangers write.
    """

    reflector: Reflector
    every: int = 3
    """Of so many attempts one tries a set, if there is a new one."""
    passing: float = 1.0
    """The score from which on a rollout went well."""

    async def reflect(self, context: ReflectionContext) -> Reflection:
        """Answer with a set of worked examples, or let the reflector answer. Raises what that raises."""
        sets = [each for each in (*context.components, *context.others) if each.kind is Kind.DEMONSTRATIONS]
        texts = [each for each in context.components if each.kind is not Kind.DEMONSTRATIONS]
        if not texts or context.attempt % self.every == 0:
            edits = dict(self._edits(context, sets))
            if edits:
                rationale = "another set of worked examples"
                proposal = Proposal(parents=(context.parent.id,), edits=edits, rationale=rationale)
                return Reflection(result=proposal)
        if not texts:
            nothing = Refusal(reason=RefusalReason.UNCHANGED, detail="no run went well that shows something new")
            return Reflection(result=nothing)
        others = tuple(each for each in context.others if each.kind is not Kind.DEMONSTRATIONS)
        return await self.reflector.reflect(replace(context, components=tuple(texts), others=others))

    def _edits(self, context: ReflectionContext, sets: Sequence[Component]) -> Iterator[tuple[ComponentId, str]]:
        passed = [
            each
            for each in context.examples
            if each.observed.rollout.score is not None and each.observed.rollout.score.value >= self.passing
        ]
        for component in sets:
            before = context.parent.texts[component.id]
            known = [entry.strip() for entry in _ENTRY.split(before)[1:]]
            # In the order in which they came, so that equal evidence makes an equal set.
            entries = list(dict.fromkeys([*known, *(demonstrated(each, component.agent) for each in passed)]))
            chosen = covering(entries, _room(component))
            if chosen and set(chosen) != set(known):
                yield component.id, "\n\n".join([heading(), *chosen])


def covering(entries: Sequence[str], room: int) -> list[str]:
    """Return the entries that cover most for the tokens that they take, and fit into `room` together.

    An entry covers the tools that it calls and the words of its task. One that adds nothing is left out.
    """
    left = room - tokens(heading())
    covered: set[str] = set()
    chosen: list[str] = []
    while True:
        fitting = [entry for entry in entries if entry not in chosen and tokens(entry) + 1 <= left]
        best = max(fitting, key=lambda entry: _worth(entry, covered) / tokens(entry), default=None)
        if best is None or not _worth(best, covered):
            return [entry for entry in entries if entry in chosen]
        chosen.append(best)
        covered |= _covers(best)
        left -= tokens(best) + 1


def _worth(entry: str, covered: set[str]) -> int:
    new = _covers(entry) - covered
    return sum(_WORTH_OF_A_TOOL if each.endswith("()") else 1 for each in new)


def _covers(entry: str) -> set[str]:
    task = re.split(r"^(?:Call|Answer):", entry, maxsplit=1, flags=re.MULTILINE)[0].removeprefix("Task:")
    words = {word.casefold() for word in _WORD.findall(task)}
    return words | {f"{name}()" for name in _CALL.findall(entry)}


def _room(component: Component) -> int:
    limit = component.limit // 4
    if component.guard is None or component.guard.max_tokens is None:
        return limit
    return min(limit, component.guard.max_tokens)
