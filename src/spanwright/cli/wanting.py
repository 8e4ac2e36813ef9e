"""Goals in the words of the command line."""

from collections.abc import Callable, Iterable

from spanwright.core.goal import Goal, at_least, at_most, maximize, minimize
from spanwright.errors import UsageError


def goals_of(low: Iterable[str], high: Iterable[str], most: Iterable[str], least: Iterable[str]) -> tuple[Goal, ...]:
    """Return the goals for figures, and for limits written as FIGURE=NUMBER. Raises UsageError for one that is none."""
    return (
        *map(minimize, low),
        *map(maximize, high),
        *(_limited("--at-most", said, at_most) for said in most),
        *(_limited("--at-least", said, at_least) for said in least),
    )


def _limited(option: str, said: str, demand: Callable[[str, float], Goal]) -> Goal:
    figure, _, limit = said.rpartition("=")
    try:
        return demand(figure, float(limit))
    except ValueError as error:
        raise UsageError(f"{option} {said!r} sets no limit", f"Write {option} FIGURE=NUMBER") from error
