"""A handle with which a caller ends a run early: what is in flight is finished, and the run can be resumed."""

from collections.abc import Callable
from os import PathLike
from typing import Final

import anyio

_LOOKS: Final = 1.0
"""Seconds between two looks for a file."""


class Stop:
    """Pass it as `stop=`, and call `request()` when the run shall end.

    Call it from the event loop's thread; from another thread, through `anyio.from_thread.run_sync`. With `file` the run
    also ends as soon as such a file exists, so that any other process can end it: `Stop(file="runs/tickets.stop")`.
    Nobody removes the file: where it is there from the start, nothing begins.
    """

    def __init__(self, *, file: str | PathLike[str] | None = None) -> None:
        self._file = file
        self._requested = False
        self._listeners: list[Callable[[], None]] = []

    @property
    def requested(self) -> bool:
        """Whether the run was asked to end."""
        return self._requested

    def request(self) -> None:
        """Ask the run to end; asking again changes nothing."""
        if self._requested:
            return
        self._requested = True
        for listener in self._listeners:
            listener()

    async def look(self) -> None:
        """Ask the run to end if the file is there."""
        if self._file is not None and await anyio.Path(self._file).exists():
            self.request()

    async def watch(self) -> None:
        """Look for the file again and again; return at once where there is none to look for."""
        while self._file is not None and not self._requested:
            await anyio.sleep(_LOOKS)
            await self.look()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` once the run is asked to end: at once, if that has happened already."""
        if self._requested:
            listener()
        else:
            self._listeners.append(listener)
