"""Progress in the terminal: an observer that keeps a few live lines on stderr, or writes plain ones into a file.

It folds the events that it is shown and asks nothing of the run; times are those of the events, so it needs no clock
and no thread. When the terminal goes away it falls silent.
"""

import sys
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from spanwright.core.events import (
    AttemptStarted,
    Event,
    Judged,
    Refused,
    RolloutStarted,
    RunEnded,
    RunResumed,
    RunStarted,
    SearchEnded,
)
from spanwright.core.rollout import Purpose
from spanwright.report import figures
from spanwright.report.chronicle import Chronicle, time_of
from spanwright.report.findings import of_seed
from spanwright.report.screen import Screen
from spanwright.report.words import told

_REDRAW = 0.12
"""Seconds between two drawings of the live lines."""
_HEARTBEAT = 5.0
"""Seconds between two plain lines when nothing is worth telling."""
_SEED = "measuring the seed"
_TOLD = (RunStarted, RunResumed, Judged, Refused, SearchEnded, RunEnded)
"""Events that are worth a plain line each."""


class Progress:
    """Shows a run while it goes on: `with Progress() as progress: ...`, and hand it over as an observer."""

    def __init__(self, *, shown: bool | None = None, screen: Screen | None = None) -> None:
        """`shown=None` shows nothing where stderr is no terminal; True writes plain lines there."""
        self._screen = screen or Screen(stderr=True)
        if shown is False or (shown is None and not self._screen.is_terminal):
            self._screen.quiet = True
        self._chronicle = Chronicle()
        self._phase = "starting"
        self._news = ""
        self._best = ""
        self._shown_at = 0.0
        self._live: Live | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to show, where there is a terminal to draw on."""
        if self._screen.is_live and self._live is None:
            to_screen = sys.stdout.isatty()  # what goes to a file is not ours to redirect
            self._live = Live(self._drawing(), console=self._screen, auto_refresh=False, redirect_stdout=to_screen)
            self._attempt_to_show(self._live.start)

    def stop(self) -> None:
        """Leave the last state on the screen."""
        live, self._live = self._live, None
        if live is not None:
            live.update(self._drawing())
            self._attempt_to_show(live.stop)

    def say(self, text: str) -> None:
        """Print a remark above the live lines."""
        self._attempt_to_show(lambda: self._screen.print(Text(text)))

    def replay(self, events: Iterable[Event]) -> None:
        """Take the history of a resumed run into account, without telling it again."""
        for event in events:
            self._fold(event)
        self._news = ""

    def __call__(self, event: Event) -> None:
        """Take an event into account, and show it if it is time."""
        if self._chronicle.started is None and not isinstance(event, RunStarted):
            return  # a resumed run whose history was not replayed: there is nothing that its events could be added to
        began = self._phase == _SEED
        turned = self._fold(event)
        if began and self._phase != _SEED:
            for finding in of_seed(self._chronicle.view):
                self.say(f"warning: {finding}")
        waited = time_of(event) - self._shown_at
        if self._live is not None:
            if waited >= _REDRAW or isinstance(event, RunEnded):
                self._shown_at = time_of(event)
                self._draw(self._live)
            return
        if isinstance(event, _TOLD):
            self.say(told(event) or "")
        if turned or waited >= _HEARTBEAT:
            self._shown_at = time_of(event)
            self.say(f"{self._phase}: {self._spent()}; {self._standing()}")

    def _fold(self, event: Event) -> bool:
        """Take an event into account; tell whether the run took a turn: another phase, or a new best candidate."""
        self._chronicle.apply(event)
        before = (self._phase, self._best)
        self._phase = _phase(event, self._phase)
        self._best = self._chronicle.view.incumbent
        self._news = told(event) or self._news
        return before != (self._phase, self._best)

    def _draw(self, live: Live) -> None:
        live.update(self._drawing())
        self._attempt_to_show(live.refresh)

    def _attempt_to_show(self, show: Callable[[], object]) -> None:
        try:
            show()
        except (OSError, ValueError):  # the terminal was closed: a run must not end because nobody watches
            self._screen.quiet = True

    def _drawing(self) -> RenderableType:
        if self._chronicle.started is None:
            return Text("starting", style="dim")
        chronicle = self._chronicle
        spent, limit = chronicle.usage.rollouts, chronicle.view.budget.rollouts
        head = Table.grid(padding=(0, 1))
        bar = ProgressBar(total=limit, completed=spent, width=24) if limit else Text("")
        head.add_row(_line(self._phase, "bold"), bar)
        return Group(head, _line(self._spent()), _line(self._standing()), _line(self._news, "dim"))

    def _spent(self) -> str:
        chronicle = self._chronicle
        usage, budget = chronicle.usage, chronicle.view.budget
        rollouts = f"{usage.rollouts}/{budget.rollouts}" if budget.rollouts else f"{usage.rollouts}"
        reflections = f"{usage.reflections}/{budget.reflections}" if budget.reflections else f"{usage.reflections}"
        flying = f"{chronicle.in_flight} in flight"
        return (
            f"{rollouts} rollouts ({flying}), {reflections} reflections, {figures.cost(usage)}, "
            f"{figures.duration(chronicle.seconds)}"
        )

    def _standing(self) -> str:
        chronicle, view = self._chronicle, self._chronicle.view
        seed, best = figures.score(view.estimate(view.seed)), figures.score(view.estimate(view.incumbent))
        judged = f"{chronicle.accepted} of {chronicle.proposed} proposals admitted"
        refused = f", {figures.number(chronicle.refused, 'answer')} refused" if chronicle.refused else ""
        return f"validation: seed {seed}, best {best}; {judged}{refused}"


def _line(text: str, style: str = "") -> Text:
    """Return a text that never takes a second line: what is drawn in place must know its height."""
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def _phase(event: Event, before: str) -> str:
    """Return the phase that a run is in after an event."""
    match event:
        case RunStarted():
            return _SEED
        case AttemptStarted():
            return "searching"
        case SearchEnded():
            return "measuring the finalists"
        case RolloutStarted(purpose=Purpose.TEST):
            return "scoring the test split"
        case RunEnded():
            return "finished"
        case _:
            return before
