"""Progress of a run: an observer that follows its events and shows how it stands, wherever there is somebody to look.

It asks nothing of the run; times are those of the events, so it needs no clock and no thread. When the terminal goes
away it falls silent.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Self

from spanwright.core.events import (
    Event,
    Judged,
    Refused,
    RunEnded,
    RunResumed,
    RunStarted,
    SearchEnded,
)
from spanwright.report.chronicle import time_of
from spanwright.report.modes import ProgressMode, fitting
from spanwright.report.notebook import Display, IPythonDisplay, in_notebook
from spanwright.report.screen import Screen
from spanwright.report.standing import Following, Standing
from spanwright.report.surfaces import (
    JsonLines,
    Lines,
    Notebook,
    Silence,
    Surface,
    Terminal,
)

_TOLD = (RunStarted, RunResumed, Judged, Refused, SearchEnded, RunEnded)
"""Events that are worth a line each."""


class Progress:
    """Shows a run while it goes on: `with Progress() as progress: ...`, and hand it over as an observer.

    Without a mode it shows live lines on a terminal or in a notebook, and nothing elsewhere. `slots` is the most
    rollouts at once, so that a reader sees whether they are all taken.
    """

    def __init__(
        self,
        mode: ProgressMode | None = None,
        *,
        screen: Screen | None = None,
        display: Display | None = None,
        slots: int | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        terminal = True if mode is ProgressMode.RICH else None
        self._screen = screen or Screen(stderr=True, terminal=terminal)
        self._display = display or (IPythonDisplay() if in_notebook() and screen is None else None)
        self._following = Following(slots=slots)
        self._shown_at = 0.0
        self._shows = False
        self.mode = self._chosen(mode, environment)
        self._surface = self._made()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def standing(self) -> Standing:
        """How the run stands."""
        return self._following.standing

    def start(self) -> None:
        """Begin to show."""
        if not self._shows:
            self._shows = True
            self._attempt(lambda: self._surface.begin(self.standing))

    def stop(self) -> None:
        """Leave the last state in sight."""
        if self._shows:
            self._shows = False
            self._attempt(lambda: self._surface.end(self.standing))

    def say(self, text: str) -> None:
        """Show a remark."""
        self._attempt(lambda: self._surface.say(text))

    def replay(self, events: Iterable[Event]) -> None:
        """Take the history of a resumed run into account, without telling it again."""
        for event in events:
            self._following.apply(event)
        self._following.replayed()

    def __call__(self, event: Event) -> None:
        """Take an event into account, and show it if it is time."""
        if not self._following.begun and not isinstance(event, RunStarted):
            return  # a resumed run whose history was not replayed: there is nothing that its events could be added to
        change = self._following.apply(event)
        if isinstance(self._surface, Silence):
            return
        standing: Standing | None = None
        told = change if isinstance(event, _TOLD) else replace(change, news="")
        if told.news or told.warnings:
            standing = self.standing
            self._attempt(partial(self._surface.tell, told, standing))
        if change.turned or time_of(event) - self._shown_at >= self._surface.every:
            self._shown_at = time_of(event)
            self._attempt(partial(self._surface.show, standing or self.standing))

    def _attempt(self, show: Callable[[], object]) -> None:
        try:
            show()
        except (OSError, ValueError):  # the terminal was closed: a run must not end because nobody watches
            self._screen.quiet = True
            self._surface = Silence()

    def _chosen(self, mode: ProgressMode | None, environment: Mapping[str, str]) -> ProgressMode:
        live, notebook = self._screen.is_live, self._display is not None
        if mode is None and not (live or notebook):
            return ProgressMode.QUIET
        return fitting(mode or ProgressMode.AUTO, terminal=live, notebook=notebook, environment=environment)

    def _made(self) -> Surface:
        match self.mode:
            case ProgressMode.JSON:
                return JsonLines(self._screen)
            case ProgressMode.QUIET:
                return Silence()
            case ProgressMode.RICH if self._display is not None:
                return Notebook(self._display)
            case ProgressMode.RICH:
                return Terminal(self._screen)
            case _:
                return Lines(self._screen)
