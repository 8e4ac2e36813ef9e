"""Solving an issue in a repository with tools that read, edit and run: what the house's rules are, it has to be told.

It says what it will mind before it begins, as models think aloud, and keeps to that: what it says is all that it knows
of its own intentions in the next request. When it has run the tests, it mends part of what they say.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from spanwright.testing.simulated.coding.crafts import CARE, Craft, Edit, Make, Minded, Move, Read, craft_for
from spanwright.testing.simulated.coding.rules import BASES, LOAD, RULES, TESTS, broken, stated
from spanwright.testing.simulated.lexicon import Directive
from spanwright.testing.simulated.reading import Reading
from spanwright.testing.simulated.skills.replying import call_id
from spanwright.testing.simulated.wire import ChatReply, ChatRequest, Draws, ToolRequest

_CAREFUL: Final = 0.55
"""How often a bug is understood at first sight."""
_MENDS: Final = 0.5
"""How often what the tests say of a rule leads to mending it, and how often a wrong fix is seen through."""
_PATIENCE: Final = 2
"""How much longer a text may be than a clerk's before a coder overlooks what it says."""
_LOADS: Final = 0.7
"""How often a skill is loaded of which nobody says when."""
_LOADS_TOLD: Final = 0.97
_HABITS: Final = ("python -m unittest", "python -m unittest discover")
_LOADER: Final = "load_capability"
_OFFERED: Final = re.compile(r"^- ([\w-]+)(?:: (.*))?$", re.MULTILINE)
_MINDS: Final = re.compile(r"^I will mind: (.*)\.$", re.MULTILINE)
_MENDING: Final = re.compile(r"^I will mend: (.*)\.$", re.MULTILINE)
_FAILED: Final = re.compile(r"^(?:FAILED|FAIL:|ERROR:)", re.MULTILINE)
_WORDS: Final[Mapping[str, str]] = {name: kind.says for name, kind in RULES.kinds.items()} | {
    CARE: "what the report says"
}


@dataclass(frozen=True, slots=True)
class _Session:
    """The conversation so far, as far as the work depends on it."""

    minds: tuple[str, ...] | None
    """What it said that it would mind; None before it said so."""
    mends: tuple[str, ...] | None
    done: int
    """Calls since it last said what it would do."""
    last: str
    """What the last call came to."""
    loaded: bool

    @classmethod
    def of(cls, request: ChatRequest) -> "_Session":
        minds = mends = None
        done, last, loaded = 0, "", False
        for message in request.messages:
            if message.role == "tool":
                last = message.content
            if message.role != "assistant":
                continue
            planned, mending = _MINDS.search(message.content), _MENDING.search(message.content)
            minds, done = (_named(planned[1]), 0) if planned is not None else (minds, done)
            mends, done = (_named(mending[1]), 0) if mending is not None else (mends, done)
            calls = [call.name for call in message.tool_calls]
            loaded = loaded or _LOADER in calls
            done += sum(name != _LOADER for name in calls)
        return cls(minds, mends, done, last, loaded)


class CodingSkill:
    """The skill of working on a repository."""

    def reply(self, request: ChatRequest, reading: Reading, draws: Draws) -> ChatReply | None:
        """Make the next call, or say what was changed; None where there are no tools for files."""
        tools = {tool.name for tool in request.tools}
        if not {"read_file", "edit_file", "run"} <= tools or request.tool_choice == "none":
            return None
        craft = craft_for(reading.task)
        if craft is None:
            return ChatReply(text="I did not find what this issue is about.")
        session = _Session.of(request)
        if session.minds is not None:
            return _work(craft, session, reading, draws)
        if _LOADER in tools and not session.loaded and (skill := _skill(reading, draws)):
            return _calls(_LOADER, {"id": skill}, draws)
        minds = tuple(rule for rule in (*craft.rules, TESTS) if _minded(rule, craft, reading, draws))
        said = f"I will mind: {'; '.join(_WORDS[rule] for rule in minds) or 'nothing in particular'}."
        began = _work(craft, _Session(minds, None, 0, "", session.loaded), reading, draws)
        return ChatReply(text=said, calls=began.calls, finish_reason=began.finish_reason)


def _skill(reading: Reading, draws: Draws) -> str:
    """Return the skill to load, "" for none: one that says when it is to be loaded is loaded more often."""
    for name, description in _OFFERED.findall(reading.instructions.text):
        told = any(directive.kind == LOAD for directive in stated(description))
        if draws.chance(_LOADS_TOLD if told else _LOADS, "load", name):
            return name
    return ""


def _minded(rule: str, craft: Craft, reading: Reading, draws: Draws) -> bool:
    """Say whether a rule is minded: by what the texts state, how long they are, and by chance."""
    if rule == CARE:
        return draws.chance(_CAREFUL, "care")
    told = [each for each in _told(rule, reading) if _usable(each, craft)]
    strength = reading.habits.overall * reading.instructions.dilution(_PATIENCE * reading.habits.instruction_capacity)
    return draws.chance(max(strength, BASES[rule]) if told else BASES[rule], "mind", rule)


def _told(rule: str, reading: Reading) -> Sequence[Directive]:
    return [each for each in stated(reading.instructions.text) if each.kind == rule]


def _usable(told: Directive, craft: Craft) -> bool:
    """Say whether a rule, as it is told, leads anywhere: to the file in question, to a command, to an ending."""
    if told.kind == TESTS:
        return bool(told.slot("command"))
    if told.kind == "naming":
        return bool(told.slot("suffix"))
    place = craft.places.get(told.kind, "")
    named = [told.slot(name) for name in ("file", "source") if told.slot(name)]
    if told.kind == "generated":
        return place in named and bool(told.slot("command"))
    return not place or place in named


def _work(craft: Craft, session: _Session, reading: Reading, draws: Draws) -> ChatReply:
    assert session.minds is not None
    before = _minding(session.minds, reading)
    moves = craft.moves(before)
    if session.mends is not None:
        moves = craft.mended(before, _minding((*session.minds, *session.mends), reading))
    if session.done < len(moves):
        return _made(moves[session.done], reading, draws)
    if session.done == len(moves):
        return _calls("run", {"command": _command(minded=TESTS in session.minds, reading=reading, draws=draws)}, draws)
    failing = _FAILED.search(session.last) is not None
    mends = _seen(craft, session, draws) if failing and session.mends is None else ()
    if not mends:
        return ChatReply(text="Some tests still fail." if failing else "It is done as the issue says.")
    began = craft.mended(before, _minding((*session.minds, *mends), reading))
    said = f"I will mend: {'; '.join(_WORDS[rule] for rule in mends)}."
    call = _made(began[0], reading, draws)
    return ChatReply(text=said, calls=call.calls, finish_reason=call.finish_reason)


def _seen(craft: Craft, session: _Session, draws: Draws) -> tuple[str, ...]:
    """Return what the failing tests make it mend, of what it did not mind before."""
    assert session.minds is not None
    shown = {kind for kind, _ in broken(session.last)} | {CARE}
    open_ = [rule for rule in craft.rules if rule in shown and rule not in session.minds]
    return tuple(rule for rule in open_ if draws.chance(_MENDS, "mend", rule))


def _minding(rules: Sequence[str], reading: Reading) -> Minded:
    return Minded(rules=rules, suffix=_known("naming", "suffix", reading) or "_surcharge")


def _known(rule: str, slot: str, reading: Reading) -> str:
    """Return what the texts tell of a rule, or else what a build said in this conversation; "" for nothing."""
    told = [each.slot(slot) for each in _told(rule, reading)]
    said = [
        value
        for step in reading.steps
        for kind, slots in broken(step.result)
        if kind == rule
        for name, value in slots
        if name == slot
    ]
    return next((each for each in (*told, *said) if each), "")


def _command(*, minded: bool, reading: Reading, draws: Draws) -> str:
    return (_known(TESTS, "command", reading) if minded else "") or draws.choice(_HABITS, "command")


def _made(move: Move, reading: Reading, draws: Draws) -> ChatReply:
    match move:
        case Read(path):
            return _calls("read_file", {"path": path}, draws)
        case Edit(path, old, new):
            return _calls("edit_file", {"path": path, "old": old, "new": new}, draws)
        case Make(rule):
            return _calls("run", {"command": _known(rule, "command", reading) or "python -m make"}, draws)


def _calls(tool: str, arguments: Mapping[str, str], draws: Draws) -> ChatReply:
    call = ToolRequest(id=call_id(draws), name=tool, arguments=json.dumps(arguments, ensure_ascii=False))
    return ChatReply(calls=(call,), finish_reason="tool_calls")


def _named(said: str) -> tuple[str, ...]:
    kinds = {words: rule for rule, words in _WORDS.items()}
    return tuple(kinds[words] for words in said.split("; ") if words in kinds)
