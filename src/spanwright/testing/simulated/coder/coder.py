"""The simulated coder: it reads the goal, the current text and the numbers, and writes the next text.

All it goes by is the prompt. It tunes a value of the method at hand, turns to the next method it knows, takes less time
after a time-out, and writes cleanly what was broken. Now and then it breaks something itself, as models do.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from spanwright.testing.simulated.answers import Answer, Edit
from spanwright.testing.simulated.coder.methods import Method, methods
from spanwright.testing.simulated.reflecting.answering import Asked, spoiled
from spanwright.testing.simulated.wire import ChatReply, ChatRequest, Draws

CODER: Final = "sim-coder"

_MALFORMED, _SYNTAX, _HANGS, _FENCED = 0.04, 0.05, 0.03, 0.2
"""How often an answer cannot be read, has a syntax error, never ends, or comes in a fence that nobody asked for."""
_TURNS = 0.4
"""How often it turns to the next method while tuning still helps; twice as often where that does not."""
_FACTORS = (0.5, 0.7, 0.85, 1.2, 1.5, 2.0)

_GOAL = re.compile(r"^# Goal\n(.*?)(?=^# )", re.DOTALL | re.MULTILINE)
_TEXT = re.compile(r"^## `([^`\n]+)`\n.*?(?:^(`{3,})text-[0-9a-f]{8}\n(.*?)\n?^\2$|none yet)", re.DOTALL | re.MULTILINE)
_SCORE = re.compile(r"^## Example [^\n:]*: score (-?[\d.]+(?:e[-+]?\d+)?)", re.MULTILINE)
_OUTCOME = re.compile(r"^\s*- on [^\n:]+: (better|worse|no change)", re.MULTILINE)
_FAILED = re.compile(r"\(the run failed\)")
_SLOW = re.compile(r"time limit|did not end within|timed? ?out", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a prompt says."""

    goal: str
    name: str
    """The text to write."""
    current: str
    scores: tuple[float, ...]
    outcomes: tuple[str, ...]
    """How earlier changes fared, the latest first."""
    failed: bool
    slow: bool

    @classmethod
    def of(cls, prompt: str) -> "Assignment | None":
        """Read a prompt; None where it offers no text."""
        goal, text = _GOAL.search(prompt), _TEXT.search(prompt)
        if text is None:
            return None
        return cls(
            goal=goal[1] if goal else "",
            name=text[1],
            current=text[3] or "",
            scores=tuple(float(each) for each in _SCORE.findall(prompt)),
            outcomes=tuple(_OUTCOME.findall(prompt)),
            failed=_FAILED.search(prompt) is not None,
            slow=_SLOW.search(prompt[prompt.find("# How the texts above did") :]) is not None,
        )


class Coder:
    """A simulated model for texts that are measured."""

    def reply(self, request: ChatRequest, draws: Draws) -> ChatReply:
        """Answer one request."""
        prompt = "\n\n".join(message.content for message in request.messages if message.role != "assistant")
        asked = Asked.of(request, prompt, named=True)
        work = Assignment.of(prompt)
        known: Sequence[Method] = () if work is None else _fitting(work.goal)
        if work is None or not known:
            return asked.given(Answer(edits=(), diagnosis="I know no method for this.", lessons={}))
        text, why = _next(work, known, draws)
        edit = Edit(component=work.name, text=_as_models_do(text, draws), why=why)
        reply = asked.given(Answer(edits=(edit,), diagnosis=_diagnosis(work), lessons={}))
        return spoiled(reply, draws) if draws.chance(_MALFORMED, "spoiled") else reply


def _fitting(goal: str) -> Sequence[Method]:
    """Return the methods for a goal, the simplest first."""
    said = goal.casefold()
    return [each for each in methods() if all(word in said for word in each.about)]


def _next(work: Assignment, known: Sequence[Method], draws: Draws) -> tuple[str, str]:
    """Return the next text and the reason for it."""
    at = next(((each, values) for each in known if (values := each.read(work.current)) is not None), None)
    if at is None:
        begin = draws.choice(known[:2], "begin") if work.current else known[0]
        return begin.filled(begin.first), f"start with {begin.name}"
    method, values = at
    if work.slow and (slower := [name for name, each in method.values.items() if each.takes_time]):
        less = {name: method.values[name].near(values[name], 0.5) for name in slower}
        return method.filled({**values, **less}), "it must take less time"
    if work.failed and method.filled(values).strip() != work.current.strip():
        return method.filled(values), "write it without the error"
    place = known.index(method)
    stale = work.outcomes[:3].count("better") == 0 and bool(work.outcomes)
    turns = draws.chance(_TURNS * (2 if stale else 1), "turn") or not method.values
    if place + 1 < len(known) and turns:
        return known[place + 1].filled(known[place + 1].first), f"{known[place + 1].name} may reach further"
    if not method.values:
        return method.filled(values), "nothing is left to change"
    tuned = _tuned(method, values, draws)
    return method.filled(tuned), f"tune {', '.join(name for name in tuned if tuned[name] != values[name])}"


def _tuned(method: Method, values: Mapping[str, float], draws: Draws) -> Mapping[str, float]:
    """Return the values with one of them moved, now and then two."""
    tuned = dict(values)
    for move in range(2 if draws.chance(0.4, "two") else 1):
        name = draws.choice(sorted(method.values), "value", move)
        tuned[name] = method.values[name].near(values[name], draws.choice(_FACTORS, "factor", move))
    return tuned


def _as_models_do(text: str, draws: Draws) -> str:
    """Return the text as it leaves a model: mostly as it should be."""
    lines = text.split("\n")
    code = [place for place, line in enumerate(lines) if line.rstrip().endswith(":")]
    if code and draws.chance(_SYNTAX, "syntax"):
        lines[code[-1]] = lines[code[-1]].rstrip()[:-1]
    elif code and draws.chance(_HANGS, "hangs"):
        first = next(place for place in code if lines[place].startswith("def "))
        lines.insert(
            first + 1,
            "    while len(str(id(first_guess := []))):\n        first_guess.append(0.0)\n        first_guess.clear()",
        )
    broken = "\n".join(lines)
    return f"```python\n{broken}\n```" if code and draws.chance(_FENCED, "fenced") else broken


def _diagnosis(work: Assignment) -> str:
    if work.failed:
        return "The last text failed."
    return f"The score is {work.scores[0]:g}." if work.scores else "Nothing is written yet."
