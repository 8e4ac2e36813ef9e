"""A simulated model that does sums: surer on paper than in its head, surer still by a plan, and never sure.

It sees the texts of a request and nothing else. How often it slips is the same for every step of every problem, so a
program gets better only by how it asks, how often, and what it makes of the answers.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from spanwright.testing.simulated.wire import ChatReply, ChatRequest, Draws

SOLVER: Final = "sim-solver"

_IN_HEAD, _ON_PAPER, _BY_PLAN, _MISREADS = 0.13, 0.07, 0.035, 0.003
"""How often a step goes wrong, and how often a step of a plan is written down wrongly."""

_BEGIN = re.compile(r"\b[A-Z]\w+ has (\d+) \w+\.")
_STEP = re.compile(
    r"finds (?P<add>\d+) more|gives (?P<take>\d+) away|for (?P<times>\d+) times as many|into (?P<split>\d+) bags"
)
_PLANNED = re.compile(r"^\s*(\d+)\. (start with|add|take away|multiply by|divide by) (\d+)", re.MULTILINE)
_WORDS: Final[Mapping[str, str]] = {"add": "add", "take": "take away", "times": "multiply by", "split": "divide by"}
_DO: Final[Mapping[str, Callable[[int, int], int]]] = {
    "add": lambda has, by: has + by,
    "take away": lambda has, by: has - by,
    "multiply by": lambda has, by: has * by,
    "divide by": lambda has, by: has // by if by else has,
}
_SIGNS: Final[Mapping[str, str]] = {"add": "+", "take away": "-", "multiply by": "x", "divide by": "/"}

_BARE = re.compile(r"(only|just|nothing but) (the|a|one) number", re.IGNORECASE)
_ALOUD = re.compile(r"step by step|show (your|the) work|think (it )?(through|aloud)|reason", re.IGNORECASE)
_WANTS_PLAN = re.compile(r"\b(write|make|list|give) (a|the) (plan|steps)", re.IGNORECASE)
_CHECK = re.compile(r"(?:proposed|given|suggested) answer:?\s*(-?\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Step:
    what: str
    by: int


class Solver:
    """The model."""

    def reply(self, request: ChatRequest, draws: Draws) -> ChatReply:
        """Answer one request."""
        said = "\n".join(message.content for message in request.messages if message.role != "assistant")
        begin = _BEGIN.search(said)
        if begin is None:
            return ChatReply(text="Which problem do you mean?")
        steps = _read(said[begin.end() :])
        if _WANTS_PLAN.search(said):
            return ChatReply(text=_plan(int(begin[1]), steps, draws))
        check = _CHECK.search(said)
        if check is not None:
            right = _worked(int(begin[1]), steps, _ON_PAPER, draws)[-1] == int(check[1])
            return ChatReply(text="Yes, it is right." if right else "No, it is wrong.")
        planned = _planned(said)
        if planned is not None:
            start, steps = planned
            return _given(start, steps, _BY_PLAN, said, draws)
        aloud = _ALOUD.search(said) is not None and _BARE.search(said) is None
        return _given(int(begin[1]), steps, _ON_PAPER if aloud else _IN_HEAD, said, draws)


def _read(story: str) -> Sequence[_Step]:
    return [
        _Step(_WORDS[kind], int(number))
        for found in _STEP.finditer(story)
        for kind, number in found.groupdict().items()
        if number is not None
    ]


def _planned(said: str) -> tuple[int, Sequence[_Step]] | None:
    """Return the problem as a plan in the request has it; None where there is none."""
    found = [(what, int(by)) for _, what, by in _PLANNED.findall(said)]
    if not found or found[0][0] != "start with":
        return None
    return found[0][1], [_Step(what, by) for what, by in found[1:]]


def _plan(begin: int, steps: Sequence[_Step], draws: Draws) -> str:
    lines = [f"1. start with {begin}"]
    for place, step in enumerate(steps, start=2):
        by = step.by + draws.choice((-1, 1), "digit", place) if draws.chance(_MISREADS, "misread", place) else step.by
        lines.append(f"{place}. {step.what} {by}")
    return "\n".join(lines)


def _worked(begin: int, steps: Sequence[_Step], slip: float, draws: Draws) -> Sequence[int]:
    """Return what there is after each step, right or wrong."""
    has = [begin]
    for place, step in enumerate(steps):
        right = _DO[step.what](has[-1], step.by)
        off = draws.choice((-10, -2, -1, 1, 2, 10), "off", place) if draws.chance(slip, "slip", place) else 0
        has.append(right + off)
    return has


def _given(begin: int, steps: Sequence[_Step], slip: float, said: str, draws: Draws) -> ChatReply:
    """Return an answer in the form that was asked for."""
    has = _worked(begin, steps, slip, draws)
    if _BARE.search(said):
        return ChatReply(text=str(has[-1]))
    if slip == _IN_HEAD:
        return ChatReply(text=f"There are {has[-1]} in the end.")
    lines = [
        f"{before} {_SIGNS[step.what]} {step.by} = {after}"
        for before, step, after in zip(has, steps, has[1:], strict=False)
    ]
    return ChatReply(text="\n".join([*lines, f"The answer is {has[-1]}."]))
