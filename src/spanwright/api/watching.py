"""Who watches a run: the progress that a caller asked for, begun with what the run may spend."""

import sys
from collections.abc import Generator
from contextlib import contextmanager

from spanwright.api.options import Run
from spanwright.errors import UsageError
from spanwright.report import Progress, ProgressMode


def mode_of(how: Run) -> ProgressMode | None:
    """Return how progress is to be shown; None leaves it to whether anybody looks on. Raises UsageError."""
    asked = how.progress
    if asked is None:
        return None
    if isinstance(asked, bool):
        return ProgressMode.AUTO if asked else ProgressMode.QUIET
    try:
        return ProgressMode(asked)
    except ValueError as error:
        known = ", ".join(repr(mode.value) for mode in ProgressMode)
        raise UsageError(f"progress={asked!r} is unknown", f"Say {known}, or True or False") from error


@contextmanager
def watched(how: Run, announcement: str) -> Generator[Progress | None]:
    """Announce a run, and show its progress until the block is left; None where nothing is to be said."""
    mode = mode_of(how)
    if mode is ProgressMode.QUIET:
        yield None
        return
    progress = Progress(mode, slots=how.concurrency)
    if progress.mode is ProgressMode.QUIET:  # nobody looks on: what may be spent is said all the same
        print(announcement, file=sys.stderr)  # noqa: T201
    else:
        progress.say(announcement)
    with progress:
        yield progress
