"""The ways to show progress, and which of them fits where a run is started."""

from collections.abc import Mapping
from enum import StrEnum


class ProgressMode(StrEnum):
    """How progress is shown."""

    AUTO = "auto"
    """Live lines on a terminal and in a notebook, plain lines elsewhere and wherever CI is set."""
    RICH = "rich"
    """Live lines, whatever stderr is."""
    PLAIN = "plain"
    """A line when something happens, and one every few seconds."""
    JSON = "json"
    """Like plain, an object of JSON a line."""
    QUIET = "quiet"


def fitting(asked: ProgressMode, *, terminal: bool, notebook: bool, environment: Mapping[str, str]) -> ProgressMode:
    """Return how to show progress where AUTO leaves it open."""
    if asked is not ProgressMode.AUTO:
        return asked
    is_ci = environment.get("CI", "").lower() not in {"", "0", "false"}
    return ProgressMode.RICH if notebook or (terminal and not is_ci) else ProgressMode.PLAIN
