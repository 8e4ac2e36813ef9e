"""Rules that change what is done about a goal: escalate it, look something up first, call one tool before another."""

from dataclasses import dataclass

from spanwright.testing.simulated.conventions import Subject, obeyed, obeyed_all
from spanwright.testing.simulated.english import ENGLISH
from spanwright.testing.simulated.lexicon import Directive
from spanwright.testing.simulated.reading import Reading, ToolReading
from spanwright.testing.simulated.skills.arguments import Filling
from spanwright.testing.simulated.skills.choosing import named_tool, topic_is
from spanwright.testing.simulated.skills.progress import Stand
from spanwright.testing.simulated.wire import Draws


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """A rule says to pass the goal on."""

    team: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A rule depends on something that no result has shown yet."""


def rule_for(stand: Stand, tool: ToolReading, reading: Reading, draws: Draws) -> Escalation | Unknown | None:
    """Return what the stated rules make of a goal that `tool` would serve."""
    topic = stand.goal.wish.stems
    subject = Subject(tool=tool, topic=topic, foreign=ENGLISH.foreign(topic))

    def about(directive: Directive) -> bool:
        return topic_is(directive.slot("topic"), stand.goal)

    route = obeyed("route", reading, draws, subject, where=about)
    if stand.goal.wish.mode == "write" and stand.goal.wish.name != "complaint":
        for kind in ("limit", "window", "status"):
            directive = obeyed(kind, reading, draws, subject)
            holds = None if directive is None else _holds(directive, stand, tool, reading, draws)
            if isinstance(holds, Unknown):
                return holds
            if holds and directive is not None:
                return Escalation(team=directive.slot("team") or (route.slot("team") if route else ""))
    return Escalation(team=route.slot("team")) if route is not None else None


def first_tool(stand: Stand, tool: ToolReading, reading: Reading, draws: Draws) -> ToolReading | None:
    """Return the tool that the texts want called before `tool` and that has not answered yet."""
    topic = stand.goal.wish.stems
    subject = Subject(tool=tool, topic=topic, foreign=ENGLISH.foreign(topic))

    def means(directive: Directive) -> bool:
        then = directive.slot("then")
        return not then or named_tool(then, reading, draws, own=tool) is tool

    for directive in obeyed_all("before", reading, draws, subject=subject, where=means):
        home = next((each for each in reading.tools if directive in each.description.directives), tool)
        first = named_tool(directive.slot("first"), reading, draws, own=home)
        if first is not None and first is not tool and not stand.called(first.name):
            return first
    return None


def _holds(directive: Directive, stand: Stand, tool: ToolReading, reading: Reading, draws: Draws) -> bool | Unknown:
    if directive.kind == "limit":
        money = Filling(reading=reading, draws=draws, stand=stand, tool=tool).amount()
        return Unknown() if money is None else money > float(directive.slot("amount"))
    if directive.kind == "window":
        days = stand.fact("day", "days", "age")
        return float(days) > float(directive.slot("days")) if isinstance(days, int | float) else Unknown()
    status = stand.fact("status", "state")
    if status is None:
        return Unknown()
    return (str(status).lower() == directive.slot("status").lower()) is (directive.slot("when") == "if")
