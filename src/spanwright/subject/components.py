"""Which of the components found are evolved: instructions and tool descriptions, unless the user says otherwise.

What bounds their texts have to keep to is said here, too, and checked of the texts that are there already.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import reduce
from typing import TypeAlias

from spanwright.core.breaches import breach
from spanwright.core.candidate import Component, Kind
from spanwright.core.guard import Guard
from spanwright.errors import UsageError
from spanwright.subject import ids

Named: TypeAlias = str | Sequence[str] | Callable[[Component], bool]
"""`"all"`, an id or a glob (`"support/tool:*"`), several of them, or a predicate."""


@dataclass(frozen=True, slots=True)
class Components:
    """Which texts may change, and within which bounds."""

    choose: Named | None = None
    """None: instructions, tool descriptions, skills, and the settings that `optimizable(settings=)` lists."""
    guards: Mapping[str, Guard] = field(default_factory=dict[str, Guard])
    """By id or glob. Where several match a component, all of them hold."""
    pinned: Sequence[str] = ()
    """Ids and globs of texts that stay as they are, whatever else is chosen."""
    demonstrations: int | None = None
    """Each agent may be given worked examples, from rollouts that went well, in so many tokens at most. None: none."""


Choice: TypeAlias = Named | Components

_BYTES_OF_A_TOKEN = 4
_NAMES_ASKED_FOR = "tool_name:"
"""Names of tools change only where they are asked for like this: by id, or by a glob that says it."""
_BY_DEFAULT = (Kind.INSTRUCTIONS, Kind.TOOL, Kind.SKILL, Kind.SKILL_BODY, Kind.SETTING, Kind.TEXT, Kind.ARTIFACT)


def chosen(found: Sequence[Component], choice: Choice | None) -> tuple[Component, ...]:
    """Return the components to evolve, with their guards. Dynamic ones are left out: code computes their text.

    Raises UsageError for a name or a glob that no component has, where nothing is left, and for a guard that the text
    that is there already breaks.
    """
    wanted = choice if isinstance(choice, Components) else Components(choice)
    pinned = (wanted.pinned,) if isinstance(wanted.pinned, str) else wanted.pinned
    static = [component for component in found if not component.dynamic]
    named = {component.id for component in _matching(static, _asking_for_names(wanted.choose))}
    static = [component for component in static if component.kind is not Kind.TOOL_NAME or component.id in named]
    fixed = {component.id for component in _matching(static, pinned)}
    picked = [component for component in _named(static, wanted.choose) if component.id not in fixed]
    if wanted.demonstrations is not None:
        picked += _demonstrations(found, wanted.demonstrations)
    if not picked:
        raise UsageError("there is no component to evolve", f"Found: {_names(static)}")
    return tuple(_guarded(tuple(_distinct(picked, found)), wanted.guards))


def _demonstrations(found: Sequence[Component], most: int) -> Iterator[Component]:
    """Yield a place for worked examples for each agent. They say what cases say, so they may repeat it."""
    if most < 1:
        raise UsageError(f"demonstrations={most} leaves no room for one", "Say how many tokens, or None")
    for agent in dict.fromkeys(component.agent for component in found):
        yield Component(
            id=ids.demonstrations(agent),
            kind=Kind.DEMONSTRATIONS,
            agent=agent,
            text="",
            reach=f"Worked examples that agent {agent} reads after its instructions.",
            limit=_BYTES_OF_A_TOKEN * most,
            guard=Guard(max_tokens=most, copies=True),
        )


def _asking_for_names(choice: Named | None) -> Sequence[str]:
    patterns = () if choice is None or callable(choice) else (choice,) if isinstance(choice, str) else choice
    return [pattern for pattern in patterns if _NAMES_ASKED_FOR in pattern]


def _distinct(picked: Sequence[Component], found: Sequence[Component]) -> Iterator[Component]:
    """Yield components, names of tools with a guard: no name that a tool or an output has for good is free."""
    kept = [
        (each.agent, each.id.partition(":")[2])
        for each in found
        if each.kind is Kind.OUTPUT or (each.kind is Kind.TOOL_NAME and each not in picked)
    ]
    for component in picked:
        taken = "|".join(re.escape(name) for agent, name in kept if agent == component.agent)
        free = component.kind is not Kind.TOOL_NAME or not taken
        yield component if free else replace(component, guard=Guard(forbid=(rf"^(?:{taken})$",)))


def _named(static: Sequence[Component], choice: Named | None) -> Sequence[Component]:
    if choice is None:
        return [component for component in static if component.kind in _BY_DEFAULT]
    if choice == "all":
        return static
    if callable(choice):
        return [component for component in static if choice(component)]
    return _matching(static, (choice,) if isinstance(choice, str) else choice)


def _guarded(picked: Sequence[Component], guards: Mapping[str, Guard]) -> Iterator[Component]:
    for pattern in guards:
        if not any(fnmatchcase(component.id, pattern) for component in picked):
            what = f"the guard for {pattern!r} guards no component that may change"
            raise UsageError(what, f"Found: {_names(picked)}")
    for component in picked:
        mine = [component.guard] if component.guard is not None else []
        mine += [guard for pattern, guard in guards.items() if fnmatchcase(component.id, pattern)]
        if not mine:
            yield component
            continue
        guard = reduce(lambda one, other: one & other, mine)
        limit = component.limit if guard.max_characters is None else guard.max_characters
        guarded = replace(component, guard=guard, limit=limit)
        if wrong := breach(guarded, component.text):
            raise UsageError(
                f"a guard is broken before the run begins: {wrong.detail}", "Mend the text, or loosen the guard"
            )
        yield guarded


def _matching(static: Sequence[Component], patterns: Sequence[str]) -> list[Component]:
    picked: dict[str, Component] = {}
    for pattern in patterns:
        matches = [component for component in static if fnmatchcase(component.id, pattern)]
        if not matches:
            raise UsageError(f"no component is named {pattern!r}", f"Found: {_names(static)}")
        picked.update({component.id: component for component in matches})
    return [component for component in static if component.id in picked]


def _names(components: Sequence[Component]) -> str:
    return ", ".join(component.id for component in components) or "none"
