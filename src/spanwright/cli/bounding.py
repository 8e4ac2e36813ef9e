"""What may change and what tools do, in the words of the command line."""

from collections.abc import Iterable
from functools import reduce
from typing import Any

from pydantic_ai.agent import AbstractAgent

from spanwright.cli.invocation import Invocation
from spanwright.core.guard import Guard
from spanwright.errors import UsageError
from spanwright.subject import Components, Rules, Tools, decorate
from spanwright.subject.tools import ToolMode


def components_of(invocation: Invocation) -> Components:
    """Return which texts may change, and within which bounds. Raises UsageError for a bound that is none."""
    chosen = "all" if invocation.components == ("all",) else invocation.components or None
    return Components(chosen, guards=dict(_guards(invocation)), pinned=invocation.pinned)


def set_tools(agents: Iterable[AbstractAgent[Any, Any]], mode: ToolMode) -> None:
    """Let the tools of agents do what a mode says, with the fakes and the rest that their code gave."""
    changed: dict[int, Rules] = {}
    for agent in agents:
        wearable = decorate(agent)
        known = wearable.rules
        if id(known) not in changed:
            changed[id(known)] = Rules(Tools(mode), {}) if known is None else known.in_mode(mode)
        wearable.rules = changed[id(known)]


def _guards(invocation: Invocation) -> Iterable[tuple[str, Guard]]:
    """Yield a guard for each glob that something is said of."""
    said: dict[str, list[Guard]] = {}
    for option in invocation.max_tokens:
        pattern, tokens = _parted("--max-tokens", option, "GLOB=NUMBER")
        said.setdefault(pattern, []).append(Guard(max_tokens=_whole("--max-tokens", option, tokens)))
    for option in invocation.forbid:
        pattern, expression = _parted("--forbid", option, "GLOB=REGEX", first=True)
        said.setdefault(pattern, []).append(Guard(forbid=(expression,)))
    for option in invocation.max_more:
        rest, more = _parted("--max-more", option, "GLOB=FIGURE=PART")
        pattern, figure = _parted("--max-more", rest, "GLOB=FIGURE=PART")
        said.setdefault(pattern, []).append(Guard(max_more={figure: _number("--max-more", option, more)}))
    for pattern in invocation.no_regression:
        said.setdefault(pattern, []).append(Guard(regression=True))
    return ((pattern, reduce(lambda one, other: one & other, guards)) for pattern, guards in said.items())


def _parted(option: str, said: str, form: str, *, first: bool = False) -> tuple[str, str]:
    pattern, sign, value = said.partition("=") if first else said.rpartition("=")
    if not sign or not pattern or not value:
        raise UsageError(f"{option} {said!r} bounds nothing", f"Write {option} {form}")
    return pattern, value


def _whole(option: str, said: str, value: str) -> int:
    try:
        return int(value)
    except ValueError as error:
        raise UsageError(f"{option} {said!r} has no number", f"Write {option} GLOB=NUMBER") from error


def _number(option: str, said: str, value: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise UsageError(f"{option} {said!r} has no number", f"Write {option} GLOB=FIGURE=PART, like 0.2") from error
