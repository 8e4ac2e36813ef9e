"""Which of the components found are evolved: instructions and tool descriptions, unless the user says otherwise."""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import TypeAlias

from spanwright.core.candidate import Component, Kind
from spanwright.errors import UsageError

Choice: TypeAlias = str | Sequence[str] | Callable[[Component], bool]
"""`"all"`, an id or a glob (`"support/tool:*"`), several of them, or a predicate."""

_BY_DEFAULT = (Kind.INSTRUCTIONS, Kind.TOOL, Kind.TEXT)


def chosen(found: Sequence[Component], choice: Choice | None) -> tuple[Component, ...]:
    """Return the components to evolve. Dynamic ones are left out: code computes their text.

    Raises UsageError for a name or a glob that no component has, and where nothing is left.
    """
    static = [component for component in found if not component.dynamic]
    if choice is None:
        picked = [component for component in static if component.kind in _BY_DEFAULT]
    elif choice == "all":
        picked = static
    elif callable(choice):
        picked = [component for component in static if choice(component)]
    else:
        picked = _matching(static, (choice,) if isinstance(choice, str) else choice)
    if not picked:
        raise UsageError("there is no component to evolve", f"Found: {_names(static)}")
    return tuple(picked)


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
