"""One try of a training task as the reflector reads it: heading, input, steps, output, feedback, within an allowance.

The expected output is never shown, only what the evaluators said of it: a text shall teach the task, not the answers.
"""

from collections.abc import Callable
from dataclasses import dataclass

from spanwright.core.context import Example
from spanwright.core.rollout import Observed
from spanwright.core.score import Score
from spanwright.core.tokens import tokens
from spanwright.reflection.evidence import clean, cut, field, quoted, record
from spanwright.reflection.values import show_within
from spanwright.telemetry import Telling

_INPUT, _OUTPUT, _FEEDBACK = 0.25, 0.2, 0.25
"""The most of a try's room that each of these may take. The steps get the rest."""
_DIFFERING = 4
_LONG_OUTPUT = 60
"""Tokens from which on an output is not told twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """An example in its place in the prompt."""

    example: Example
    score: Score
    name: str = ""
    """"Example 1", or "Example 2, try 1" where a task was tried more than once."""
    again: str = ""
    """The name under which the same input was already shown; empty where it was not."""
    unit: bool = True
    """Whether all scores of the prompt lie within 0 to 1, so that 1 can be called right."""
    figures: str = ""
    """The figures that goals want, in words."""
    tools: str = ""
    """Which tools it should or should not have called, as far as it is known."""

    @property
    def right(self) -> bool:
        """Whether there is nothing to repair."""
        return self.unit and self.score.value >= 1 and self.example.observed.rollout.failure is None

    @property
    def judged(self) -> str:
        """The score in figures and, where the scale is known, in words."""
        figure = f"score {self.score.value:.3g}" if self.unit else f"score {self.score.value:.7g}"
        if self.example.observed.rollout.failure is not None:
            return f"{figure} (the run failed)"
        if not self.unit:
            return figure
        return f"{figure} ({'right' if self.right else 'wrong' if self.score.value <= 0 else 'partly right'})"


def drawn(each: Try, allowance: int, steps: Telling) -> str:
    """Return one try in at most `allowance` tokens; empty where so few say nothing. `steps` tell its trace."""
    heading = f"## {each.name}: {each.judged}"
    if each.figures:
        heading += f"; {each.figures}"
    if each.example.blamed and not each.right:
        heading += f"; suspected: {', '.join(map(quoted, each.example.blamed))}"
    if each.example.differing:
        shown = ", ".join(map(quoted, each.example.differing[:_DIFFERING]))
        more = len(each.example.differing) - _DIFFERING
        heading += f"; with other texts of: {shown}{f' and {more} more' if more > 0 else ''}"
    if each.tools:
        heading += f"; {each.tools}"
    room = allowance - tokens(f"{heading}\n{record('')}\n\n")
    if room < 24:
        return ""
    observed = each.example.observed
    before = fitted("input", lambda allowed: _task(each, allowed), int(room * _INPUT))
    after = [
        fitted("output", lambda allowed: _output(observed, allowed), int(room * _OUTPUT)),
        fitted("feedback", cutter(_feedback(each)), int(room * _FEEDBACK)),
    ]
    left = room - sum(tokens(f"{piece}\n") for piece in (before, *after) if piece)
    body = "\n".join(piece for piece in (before, fitted("steps", steps.within, left), *after) if piece)
    return f"{heading}\n{record(body)}" if body else ""


def _task(each: Try, allowance: int) -> str:
    if each.again:
        return f"(as in {each.again})"
    return clean(show_within(each.example.case.inputs, allowance))


def _output(observed: Observed, allowance: int) -> str:
    """Return what came out, unless it is long and the steps end with it."""
    finals = [run.final for run in observed.trace.agents]
    if tokens(observed.output) > _LONG_OUTPUT and observed.output in finals:
        return "(the final answer above)"
    return cut(clean(observed.output), allowance)


def _feedback(each: Try) -> str:
    failure = each.example.observed.rollout.failure
    said = each.score.feedback
    pieces = [said] if said else []
    if failure is not None and failure.message not in said:
        pieces.append(f"{failure.boundary}: {failure.message}")
    pieces.extend(f"on {blamed}: {reason}" for blamed, reason in each.score.blame.items())
    if len(each.score.objectives) > 1:
        pieces.append(", ".join(f"{name} = {value:.3g}" for name, value in sorted(each.score.objectives.items())))
    return "\n".join(pieces) or "(none)"


def cutter(text: str) -> Callable[[int], str]:
    """Return what shortens `text` to an allowance."""
    cleaned = clean(text)
    return lambda allowance: cut(cleaned, allowance)


def fitted(label: str, shorten: Callable[[int], str], allowance: int) -> str:
    """Return the entry in at most `allowance` tokens; empty where it cannot be made so short or has nothing to say."""
    room = allowance
    while room > 4:
        text = shorten(room)
        if not text.strip():
            return ""
        entry = field(label, text)
        over = tokens(f"{entry}\n") - allowance
        if over <= 0:
            return entry
        room -= max(over, room // 16, 1)  # labels and indentation cost tokens, too
    return ""
