"""Using tools for what a customer wants: one call at a time, until every wish is served or patience is spent."""

import json
import re
from functools import lru_cache
from typing import Final

from spanwright.testing.simulated.english import ENGLISH, Goal, Wish, goals
from spanwright.testing.simulated.reading import Reading, ToolReading
from spanwright.testing.simulated.skills.arguments import Filling
from spanwright.testing.simulated.skills.choosing import choose
from spanwright.testing.simulated.skills.progress import Stand, stands
from spanwright.testing.simulated.skills.replying import SORRY, answered, call_id, last_words
from spanwright.testing.simulated.skills.rules import Escalation, Unknown, first_tool, rule_for
from spanwright.testing.simulated.wire import ChatReply, ChatRequest, Draws, ToolRequest
from spanwright.testing.simulated.words import stems

_SEARCH: Final = stems("search retrieve query")


class ToolUse:
    """The skill of using tools."""

    def __init__(self, *, messages: int = 4_096) -> None:
        self._goals: Final = lru_cache(maxsize=messages)(goals)

    def reply(self, request: ChatRequest, reading: Reading, draws: Draws) -> ChatReply | None:
        """Make the next call, or answer; None where no tool could serve what is asked."""
        if _only_searches(reading) or not (reading.tools or reading.outputs):
            return None
        wanted = self._goals(reading.task) or _by_overlap(reading)
        if not wanted or request.tool_choice == "none":
            return None
        found = stands(wanted, reading)
        if not _slipped(reading, draws):
            for stand in found:
                call = _next_call(stand, reading, draws) if stand.served is None else None
                if call is not None:
                    return ChatReply(calls=(call,), finish_reason="tool_calls")
        return answered(last_words(found, reading, draws) or SORRY, request, found, reading, draws)


def _only_searches(reading: Reading) -> bool:
    """Say whether there is one tool, and it searches: that is another skill."""
    return len(reading.tools) == 1 and bool(stems(reading.tools[0].name) & _SEARCH)


def _slipped(reading: Reading, draws: Draws) -> bool:
    """Say whether the model stops before its time, for no reason."""
    return bool(reading.steps) and draws.chance(reading.habits.slip, "slip", "stop")


def _by_overlap(reading: Reading) -> tuple[Goal, ...]:
    """Return the wish to do what the task's words say, where a tool has some of these words."""
    words = stems(reading.task)
    known = (stems(tool.name) | tool.description.stems for tool in reading.tools)
    if not any(words & each for each in known):
        return ()
    wish = Wish(
        name="other",
        asks=re.compile(r"(?!)"),
        stems=words,
        telling=words,
        topic="requests",
        payload="query",
        mode="read",
        done="Done.",
        explains=(),
    )
    return (Goal(wish=wish, text=reading.task, stems=words),)


def _next_call(stand: Stand, reading: Reading, draws: Draws) -> ToolRequest | None:
    """Return the call that brings this goal on, None where the model gives it up."""
    if len(stand.failed) > reading.habits.patience:
        return None
    unfit = {step.tool for step in stand.failed if not step.told}
    tool = choose(stand.goal.wish, reading, draws, avoided=unfit)
    if tool is None:
        return None
    rule = rule_for(stand, tool, reading, draws)
    first = first_tool(stand, tool, reading, draws)
    if isinstance(rule, Escalation):
        return _escalated(rule, stand, reading, draws)
    filling = Filling(reading=reading, draws=draws, stand=stand, tool=tool)
    if first is None and (isinstance(rule, Unknown) or filling.missing()):
        first = _source(stand, tool, reading, draws)
    if first is not None:
        call = _called(first, stand, reading, draws)
        return call if _new(call, stand) else None
    call = _called(tool, stand, reading, draws)
    return call if _new(call, stand) else None


def _escalated(rule: Escalation, stand: Stand, reading: Reading, draws: Draws) -> ToolRequest | None:
    tool = choose(ENGLISH.wishes["complaint"], reading, draws)
    if tool is None:
        return None
    call = _called(tool, stand, reading, draws, team=rule.team)
    return call if _new(call, stand) else None


def _source(stand: Stand, tool: ToolReading, reading: Reading, draws: Draws) -> ToolReading | None:
    """Return the tool that may know what is missing, unless it was asked already."""
    source = choose(ENGLISH.wishes["details"], reading, draws)
    return None if source is None or source is tool or stand.called(source.name) else source


def _called(tool: ToolReading, stand: Stand, reading: Reading, draws: Draws, *, team: str = "") -> ToolRequest:
    arguments = Filling(reading=reading, draws=draws, stand=stand, tool=tool, team=team).arguments()
    if draws.chance(reading.habits.slip, "slip", tool.name):
        arguments = _garbled(arguments)
    return ToolRequest(id=call_id(draws), name=tool.name, arguments=json.dumps(arguments, ensure_ascii=False))


def _garbled(arguments: dict[str, object]) -> dict[str, object]:
    """Swap the first two digits of the first number, as a hasty reader does."""
    for name, value in arguments.items():
        text = str(value)
        swapped = re.sub(r"(\d)(\d)", r"\2\1", text, count=1)
        if swapped != text:
            return {**arguments, name: type(value)(swapped) if isinstance(value, int | float) else swapped}
    return arguments


def _new(call: ToolRequest, stand: Stand) -> bool:
    """Say whether this call differs from those that failed in vain."""
    return all(step.tool != call.name or dict(step.arguments) != json.loads(call.arguments) for step in stand.vain)
