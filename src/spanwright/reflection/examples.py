"""The part of the prompt that shows what happened: training tasks, failing and succeeding side by side.

Where room is short, each try gets fewer tokens first; only then are tries left out, the least telling first.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from spanwright.core.candidate import ComponentId
from spanwright.core.context import Example
from spanwright.core.goal import Goal
from spanwright.core.tokens import tokens
from spanwright.reflection.goals import figures
from spanwright.reflection.tool_use import tool_note
from spanwright.reflection.tries import Try, drawn
from spanwright.telemetry import Telling, ToolNames, successes

_RETRY = '"Asked to retry": the tool refused the arguments and told the agent why; the agent may call it again.'
_OPENING = "# What happened\nThe agent worked on training tasks with the texts above. What went wrong comes first."
_LEAST = 160
"""With fewer tokens than this for each try, fewer tries are shown instead."""
_RIGHT_WEIGHT = 0.5
"""The room of a success, as a part of a failure's: it shows what right looks like, not what to repair."""


def happened(
    examples: Sequence[Example],
    allowance: int,
    focus: Sequence[ComponentId],
    goals: Sequence[Goal] = (),
    *,
    opening: str = "",
) -> str:
    """Return the section of examples in at most `allowance` tokens; empty where not one fits.

    `opening` stands in place of the usual words, where the scores have a scale of their own.
    """
    right = successes(example.observed.rollout for example in examples)
    names = ToolNames.of(example.observed.rollout for example in examples)
    tries = [
        replace(
            each,
            figures=figures(goals, rollout),
            tools=tool_note(rollout, right, names),
            unit=each.unit and not opening,
        )
        for each in _tries(examples)
        for rollout in (each.example.observed.rollout,)
    ]
    for count in range(min(len(tries), max(allowance // _LEAST, 1)), 0, -1):
        kept = _arranged(_most_telling(tries, count))
        intro = _intro(kept, opening, left_out=len(tries) - count)
        room = allowance - tokens(f"{intro}\n\n")
        if room < count * _LEAST and count > 1:
            continue
        shown = _shared_out(kept, room, focus)
        if all(shown):
            return "\n\n".join([intro, *shown])
    return ""


def _tries(examples: Sequence[Example]) -> list[Try]:
    """Return the examples that have a score, the worst first."""
    scored = [(each, score) for each in examples if (score := each.observed.rollout.score) is not None]
    unit = all(0 <= score.value <= 1 for _, score in scored)
    tries = [Try(example=each, score=score, unit=unit) for each, score in scored]
    return sorted(tries, key=lambda each: each.score.value)


def _most_telling(tries: Sequence[Try], count: int) -> list[Try]:
    """Return `count` tries: the worst, and where there is room for two a better one of the same task, or the best."""
    if count < 2 or count >= len(tries):
        return list(tries[:count])
    worst = tries[: count - 1]
    lowest = {each.example.case.id: each.score.value for each in reversed(worst)}
    beside = [each for each in tries[count - 1 :] if each.score.value > lowest.get(each.example.case.id, math.inf)]
    return [*worst, (beside or tries)[-1]]


def _arranged(tries: Sequence[Try]) -> list[Try]:
    """Return the tries of one task next to each other and named, tasks in the order of their worst try."""
    tasks = list(dict.fromkeys(each.example.case.id for each in tries))
    ordered = sorted(tries, key=lambda each: tasks.index(each.example.case.id))
    named: list[Try] = []
    for number, (_, group) in enumerate(groupby(ordered, key=lambda each: each.example.case.id), start=1):
        members = list(group)
        first = f"Example {number}, try 1"
        if len(members) == 1:
            named.append(replace(members[0], name=f"Example {number}"))
            continue
        named.append(replace(members[0], name=first))
        named.extend(
            replace(each, name=f"Example {number}, try {place}", again=first)
            for place, each in enumerate(members[1:], start=2)
        )
    return named


def _intro(tries: Sequence[Try], opening: str, *, left_out: int) -> str:
    lines = [opening or _OPENING]
    if tries[0].unit:
        lines.append("Scores run from 0 (wrong) to 1 (right).")
    if any(call.retry == "model_retry" for each in tries for call in each.example.observed.trace.tool_calls):
        lines.append(_RETRY)
    if left_out:
        lines.append(f"Not shown, for want of room: {left_out} more.")
    return "\n".join(lines)


@dataclass(slots=True)
class _Share:
    """A try's part of the room, while the room is being shared out."""

    part: Try
    steps: Telling
    tokens: int = 0
    used: int = 0
    text: str = ""

    @property
    def weight(self) -> float:
        return _RIGHT_WEIGHT if self.part.right else 1.0

    def grow(self, more: int) -> None:
        """Draw the try again with `more` room; what it still does not need it gives back."""
        self.tokens += more
        self.text = drawn(self.part, self.tokens, self.steps)
        self.used = tokens(f"{self.text}\n\n") if self.text else 0

    def settle(self) -> bool:
        """Return whether more room may help; where not, give back what is not needed."""
        if self.used > 0.8 * self.tokens:
            return True
        self.tokens = self.used
        return False


def _shared_out(tries: Sequence[Try], room: int, focus: Sequence[ComponentId]) -> list[str]:
    """Return the tries within `room`: what one does not need goes to those that do."""
    shares = [_Share(part=each, steps=Telling(each.example.observed.trace, focus)) for each in tries]
    hungry: list[_Share] = shares
    for _ in range(3):
        spare = room - sum(share.tokens for share in shares)
        if spare < 32 or not hungry:
            break
        weight = sum(share.weight for share in hungry)
        for share in hungry:
            share.grow(int(spare * share.weight / weight))
        hungry = [share for share in hungry if share.settle()]
    return [share.text for share in shares]
