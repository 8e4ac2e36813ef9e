"""A handle with which a caller ends a run early: what is in flight is finished, and the run can be resumed."""

from collections.abc import Callable


class Stop:
    """Pass it as `stop=`, and call `request()` when the run shall end.

    Call it from the event loop's thread; from another thread, through `anyio.from_thread.run_sync`.
    """

    def __init__(self) -> None:
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

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` once the run is asked to end: at once, if that has happened already."""
        if self._requested:
            listener()
        else:
            self._listeners.append(listener)
