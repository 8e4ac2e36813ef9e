"""What one tracker is told of one run, in the order of its steps: the fold over events, and the sheet to write on.

Known to one thread. What a sheet raises is raised: who calls again goes on where the tracker stands.
"""

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, TypeAlias

from spanwright.core.events import Event, RunStarted
from spanwright.report.tracking.figures import Figures, undertaking_of
from spanwright.report.tracking.tracker import Ending, Point, Sheet, Tracker

MOST_POINTS: Final = 20_000
"""Points that wait for a tracker that does not answer: when there are more, every other one is forgotten."""

Files: TypeAlias = Callable[[Path], None]
"""Writes what is to be kept of a run into a folder."""


class Book:
    """The points that a tracker does not have yet."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._figures = Figures()
        self._points: list[Point] = []
        self._sheet: Sheet | None = None
        self._last = -1
        """The last step that the tracker has, as far as we know."""
        self._sure = True

    @property
    def is_open(self) -> bool:
        """Whether there is a sheet to write on."""
        return self._sheet is not None

    def open(self, started: RunStarted) -> None:
        """Open the sheet of a run, if that was not done before."""
        if self._sheet is None:
            sheet = self._tracker.open(undertaking_of(started))
            self._last = sheet.last()
            self._sheet = sheet

    def fold(self, events: Iterable[Event]) -> None:
        """Take events into account."""
        for event in events:
            self._add(self._figures.apply(event, after=self._last))

    def stop(self) -> None:
        """Add where the run stands in the end."""
        self._add(self._figures.point(after=self._last))

    def write(self) -> None:
        """Write what the tracker does not have yet."""
        if not self._points:
            return
        if not self._sure:  # it failed in the midst of something, and may have taken it all the same
            self._last = self._opened.last()
        self._sure = False
        if fresh := [point for point in self._points if point.step > self._last]:
            self._opened.log(fresh)
            self._last = fresh[-1].step
        self._points.clear()
        self._sure = True

    def keep(self, files: Files) -> None:
        """Let the tracker keep the files of the run."""
        with tempfile.TemporaryDirectory(prefix="spanwright-") as folder:
            files(Path(folder))
            self._opened.keep(Path(folder))

    def close(self, ending: Ending) -> None:
        """Say how the run was left."""
        self._opened.close(ending)

    @property
    def _opened(self) -> Sheet:
        assert self._sheet is not None, "it is opened first"
        return self._sheet

    def _add(self, point: Point | None) -> None:
        if point is None:
            return
        self._points.append(point)
        if len(self._points) > MOST_POINTS:
            del self._points[1::2]
