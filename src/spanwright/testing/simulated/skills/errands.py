"""Errands with more tools than one keeps in mind: the model takes what looks alike, and does not look back.

With so many tools it no longer thinks about what each wish means, as it does with a few. What a tool is called, what is
written about it and about its parameters, and what the instructions say of it are all that it goes by: rare words count
more than common ones, long texts weaken what they say, and between tools that look alike chance and order decide.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from spanwright.testing.simulated.conventions import Subject, obeyed_all
from spanwright.testing.simulated.english import ENGLISH, Goal, Wish, goal_of
from spanwright.testing.simulated.reading import ParameterReading, Reading, Step, ToolReading
from spanwright.testing.simulated.skills.arguments import Filling
from spanwright.testing.simulated.skills.progress import Stand
from spanwright.testing.simulated.skills.replying import SORRY, answered, call_id
from spanwright.testing.simulated.wire import ChatReply, ChatRequest, Draws, ToolRequest
from spanwright.testing.simulated.words import split_name, stems

MANY: Final = 16
"""From so many tools on the model no longer thinks each of them through."""

CLAUSE: Final = re.compile(r"(?<=[.!?;])\s+|\n+")
OPENING: Final = re.compile(
    r"^(?:also|besides|then|next|in addition|furthermore|moreover|secondly?|another thing)\b,?\s*", re.IGNORECASE
)
_NOISE, _NAME, _DESCRIPTION, _DOCS, _TOLD = 0.45, 1.0, 1.0, 0.3, 1.3
"""How far chance moves a tool's score, and the weight of a word by where it stands."""
_FITS, _AVOIDED = 0.6, 3.0
_COUNTED: Final = re.compile(r"\d")
_VAGUE: Final = frozenset({"note", "query", "name"})
"""What a parameter holds of which neither its name nor its doc tells anything."""


class Errands:
    """Do what a request asks, one errand after the other, where many tools are on offer."""

    def __init__(self, *, messages: int = 4_096) -> None:
        self._errands: Final = lru_cache(maxsize=messages)(errands)

    def reply(self, request: ChatRequest, reading: Reading, draws: Draws) -> ChatReply | None:
        """Make the next call, or answer; None where there are few tools."""
        if len(reading.tools) < MANY or request.tool_choice == "none":
            return None
        wanted = self._errands(reading.task)
        place, failed = _reached(reading.steps, len(wanted), reading.habits.patience)
        if place < len(wanted) and not (reading.steps and draws.chance(reading.habits.slip, "slip", "stop")):
            stand = Stand(goal=wanted[place], failed=tuple(failed))
            tool = picked(stand.goal, reading, draws, avoided={step.tool for step in failed if not step.told})
            arguments = _Arguments(reading=reading, draws=draws, stand=stand, tool=tool).arguments()
            call = ToolRequest(id=call_id(draws), name=tool.name, arguments=json.dumps(arguments, ensure_ascii=False))
            return ChatReply(calls=(call,), finish_reason="tool_calls")
        done = [step for step in reading.steps if not step.failed]
        text = " ".join(step.result for step in done) or SORRY
        return answered(f"Done: {text}" if done else text, request, (), reading, draws)


def errands(text: str) -> tuple[Goal, ...]:
    """Return what a message asks for: all in one, unless a sentence says that there is more."""
    parts: list[str] = []
    for sentence in CLAUSE.split(text):
        if parts and not OPENING.match(sentence):
            parts[-1] += f" {sentence}"
        elif sentence.strip():
            parts.append(sentence)
    return tuple(goal_of(_wish(part), part) for part in parts)


def picked(goal: Goal, reading: Reading, draws: Draws, *, avoided: Collection[str] = ()) -> ToolReading:
    """Return the tool that looks most like the errand."""
    weights = _Weights.of(reading.tools)

    def score(tool: ToolReading) -> float:
        luck = _NOISE * (2 * draws.uniform("pick", tool.name, *goal.refs) - 1)
        return luck + _likeness(goal, tool, weights, reading, draws) - _AVOIDED * (tool.name in avoided)

    return max(reading.tools, key=score)  # the first of equals


@dataclass(frozen=True, slots=True)
class _Weights:
    """How telling a word is among the tools on offer: from 0, where all have it, to 1, where one does."""

    having: Counter[str]
    tools: int

    @classmethod
    def of(cls, tools: Sequence[ToolReading]) -> "_Weights":
        return cls(Counter(word for tool in tools for word in _words(tool)), len(tools))

    def shared(self, these: Collection[str], those: Collection[str]) -> float:
        words = sorted(set(these) & set(those))  # sorted: a sum of floats depends on the order
        return sum(self._weight(word) for word in words)

    def _weight(self, word: str) -> float:
        return math.log((self.tools + 1) / max(self.having[word], 1)) / math.log(self.tools + 1)


def _likeness(goal: Goal, tool: ToolReading, weights: _Weights, reading: Reading, draws: Draws) -> float:
    asked, habits = goal.wish.stems, reading.habits
    subject = Subject(tool=tool)
    said = tool.description.stems.difference(*_topics("avoid", reading, draws, subject, tool))
    dilution = tool.description.dilution(habits.local_capacity)
    docs = frozenset[str]().union(*(parameter.doc.stems for parameter in tool.parameters))
    score = _NAME * weights.shared(asked, stems(tool.name))
    score += _DESCRIPTION * dilution * weights.shared(asked, said) + _DOCS * weights.shared(asked, docs - said)
    told = max((weights.shared(asked, topic) for topic in _topics("use", reading, draws, subject, tool)), default=0.0)
    unfit = max(
        (weights.shared(asked, topic) for topic in _topics("avoid", reading, draws, subject, tool)), default=0.0
    )
    return score + _TOLD * told - _TOLD * unfit + _fits(goal, tool)


def _topics(kind: str, reading: Reading, draws: Draws, subject: Subject, tool: ToolReading) -> Iterator[frozenset[str]]:
    """Yield the words of what the texts say that this tool is for, or is not for."""
    for directive in obeyed_all(kind, reading, draws, subject):
        named = directive.slot("tool")
        if stems(named) == stems(tool.name) if named else directive in tool.description.directives:
            yield stems(directive.slot("topic"))


def _fits(goal: Goal, tool: ToolReading) -> float:
    """Say how well what the tool wants goes with what there is to give."""
    score = 0.0
    given = {"amount": goal.money is not None, "date": bool(goal.when), "quantity": goal.quantity is not None}
    given |= {"email": bool(goal.email), "address": bool(goal.address), "reason": goal.meaning is not None}
    wanted = {_held(parameter) for parameter in tool.parameters}
    for slot, there in given.items():
        if slot in wanted:
            score += _FITS if there else -_FITS
    for parameter in tool.parameters:
        shapes = _shapes(parameter)
        if shapes and goal.refs:
            score += _FITS if any(_letters(ref) in shapes for ref in goal.refs) else -_FITS
    return score


def _held(parameter: ParameterReading) -> str:
    """Return what a parameter holds, by its name or else its doc; empty where neither tells."""
    for words in (stems(parameter.name), parameter.doc.stems):
        found = next((slot for slot, known in ENGLISH.slots.items() if known & words), "")
        if found:
            return found
    return ""


def _shapes(parameter: ParameterReading) -> frozenset[str]:
    """Return the letters of the ids that a parameter's doc shows."""
    examples = (each.slot("example") for each in parameter.doc.directives if each.kind == "id_spelling")
    return frozenset(_letters(example) for example in examples)


def _letters(ref: str) -> str:
    return re.sub(r"[^A-Za-z]", "", ref).upper()


def _words(tool: ToolReading) -> frozenset[str]:
    return stems(tool.name) | tool.description.stems


def _wish(said: str) -> Wish:
    """Return the wish to do what these words say, whatever that is."""
    words = frozenset(word for word in stems(split_name(said)) if not _COUNTED.search(word) and len(word) > 1)
    found = goal_of(_wanting(words, "note"), said)
    held = (("email", found.email), ("address", found.address), ("date", found.when), ("amount", found.money))
    return _wanting(words, next((slot for slot, there in held if there), "note"))


def _wanting(words: frozenset[str], payload: str) -> Wish:
    return Wish(
        name="errand",
        asks=re.compile(r"(?!)"),
        stems=words,
        telling=words,
        topic="requests",
        payload=payload,
        mode="write",
        done="Done.",
        explains=(),
    )


def _reached(steps: Sequence[Step], wanted: int, patience: int) -> tuple[int, list[Step]]:
    """Return which errand is to be done now, and what failed of it; one is over when a tool answered, right or not."""
    place, failed = 0, list[Step]()
    for step in steps:
        if step.failed and len(failed) < patience:
            failed.append(step)
        else:
            place, failed = min(place + 1, wanted), []
    return place, failed


class _Arguments(Filling):
    """Fills parameters as everywhere else; ids are told apart by what docs and errors show of them."""

    __slots__ = ()

    def ref(self, parameter: ParameterReading | None = None) -> str | None:
        refs = self.goal.refs
        shown = None if parameter is None else self._obeyed("id_spelling", parameter)
        fitting = [ref for ref in refs if shown is not None and _letters(ref) == _letters(shown.slot("example"))]
        return next(iter((*fitting, *refs)), None)

    def value(self, parameter: ParameterReading) -> object | None:
        # Not super(): a dataclass with slots is another class than the one that its methods were written in.
        found = Filling.value(self, parameter)
        return self._coded(str(found or ""), parameter) if self.slot(parameter) in _VAGUE else found
