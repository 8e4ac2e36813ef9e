"""Where progress is shown: live lines on a terminal or in a notebook, plain lines, JSON lines, or nothing at all.

Each is shown the same `Standing`.
"""

import json
import sys
from collections.abc import Mapping
from typing import Final, Protocol

from rich.console import Console
from rich.live import Live
from rich.text import Text

from spanwright.report.drawing import drawing
from spanwright.report.notebook import Display, html
from spanwright.report.screen import Screen
from spanwright.report.sentences import heartbeat, record
from spanwright.report.standing import Change, Standing

_REDRAW: Final = 0.25
"""Seconds between two drawings of the live lines."""
_HEARTBEAT: Final = 5.0
"""Seconds between two plain lines when nothing is worth telling."""
_NOTEBOOK_REDRAW: Final = 0.5
"""A notebook keeps what is sent to it, so less is."""
_NOTEBOOK_WIDTH: Final = 110


class Surface(Protocol):
    """A place to show progress. Raises OSError or ValueError where it is gone."""

    every: float
    """Seconds between two shows."""

    def begin(self, standing: Standing) -> None: ...

    def tell(self, change: Change, standing: Standing) -> None:
        """Say what an event brought, at once."""
        ...

    def show(self, standing: Standing) -> None:
        """Show how the run stands."""
        ...

    def say(self, text: str) -> None:
        """Show a remark of somebody else."""
        ...

    def end(self, standing: Standing) -> None: ...


class Silence:
    """Shows nothing."""

    every = float("inf")

    def begin(self, standing: Standing) -> None:
        pass

    def tell(self, change: Change, standing: Standing) -> None:
        pass

    def show(self, standing: Standing) -> None:
        pass

    def say(self, text: str) -> None:
        pass

    def end(self, standing: Standing) -> None:
        pass


class Lines:
    """Writes plain lines, for logs and CI."""

    every = _HEARTBEAT

    def __init__(self, screen: Console) -> None:
        self._screen = screen

    def begin(self, standing: Standing) -> None:
        pass

    def tell(self, change: Change, standing: Standing) -> None:
        if change.news:
            self.say(change.news)
        for warning in change.warnings:
            self.say(f"warning: {warning}")

    def show(self, standing: Standing) -> None:
        self.say(heartbeat(standing))

    def say(self, text: str) -> None:
        self._screen.print(Text(text))

    def end(self, standing: Standing) -> None:
        pass


class JsonLines:
    """Writes an object a line, told apart by `kind`: progress, news, warning or remark."""

    every = _HEARTBEAT

    def __init__(self, screen: Console) -> None:
        self._screen = screen

    def begin(self, standing: Standing) -> None:
        pass

    def tell(self, change: Change, standing: Standing) -> None:
        if change.news:
            self._write("news", {"at": standing.at, "text": change.news})
        for warning in change.warnings:
            self._write("warning", {"at": standing.at, "text": warning})

    def show(self, standing: Standing) -> None:
        self._write("progress", record(standing))

    def say(self, text: str) -> None:
        self._write("remark", {"text": text})

    def end(self, standing: Standing) -> None:
        if standing.run and not standing.ended:  # the last event of a run that ended was shown
            self.show(standing)

    def _write(self, kind: str, fields: Mapping[str, object]) -> None:
        line = json.dumps({"kind": kind, **fields}, ensure_ascii=True, allow_nan=False)
        self._screen.file.write(f"{line}\n")
        self._screen.file.flush()


class Terminal:
    """Keeps live lines at the lower end of a terminal; what is said scrolls by above them."""

    every = _REDRAW

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._live: Live | None = None

    def begin(self, standing: Standing) -> None:
        to_screen = sys.stdout.isatty()  # what goes to a file is not ours to redirect
        live = Live(auto_refresh=False, console=self._screen, redirect_stdout=to_screen)
        live.update(drawing(standing, self._screen.width))
        live.start()
        self._live = live

    def tell(self, change: Change, standing: Standing) -> None:
        for warning in change.warnings:
            self.say(f"warning: {warning}")

    def show(self, standing: Standing) -> None:
        if self._live is not None:
            self._live.update(drawing(standing, self._screen.width), refresh=True)

    def say(self, text: str) -> None:
        self._screen.print(Text(text), soft_wrap=False)  # between words: a terminal would break them anywhere

    def end(self, standing: Standing) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.update(drawing(standing, self._screen.width))
            live.stop()


class Notebook:
    """Keeps one output of a cell up to date; remarks are outputs of their own."""

    every = _NOTEBOOK_REDRAW

    def __init__(self, display: Display) -> None:
        self._display = display

    def begin(self, standing: Standing) -> None:
        self.show(standing)

    def tell(self, change: Change, standing: Standing) -> None:
        pass  # warnings stay in the drawing

    def show(self, standing: Standing) -> None:
        self._display.update(html(drawing(standing, _NOTEBOOK_WIDTH), _NOTEBOOK_WIDTH), heartbeat_or_phase(standing))

    def say(self, text: str) -> None:
        self._display.add(html(Text(text), _NOTEBOOK_WIDTH), text)

    def end(self, standing: Standing) -> None:
        self.show(standing)


def heartbeat_or_phase(standing: Standing) -> str:
    """Return the line that stands for the live lines where HTML is not shown."""
    return heartbeat(standing) if standing.run else standing.phase
