"""One tracker of one run: a bounded queue of events, and the thread that folds and writes them.

Nobody waits for the thread but `close`, and it not long. It is the fourth of the named exceptions to "only engine/
starts tasks": clients of trackers block, sometimes for minutes, and the loop in which the rollouts run must not.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from spanwright.core.events import Event, RunStarted
from spanwright.report.tracking.book import Book, Files
from spanwright.report.tracking.tracker import Ending, Tracker
from spanwright.telemetry import untraced

MOST_EVENTS: Final = 100_000
"""Events that wait while a tracker does not answer."""
_LINGER = 1.0
"""Seconds for which events are gathered before they are written."""
_AGAIN = 15.0
"""Seconds until a tracker that failed is tried again."""
_LAST_WORD = 2.0
"""Seconds that a tracker has at the end of a run which did not answer before."""
_HANGS = 20.0
"""Seconds after which one does not answer: until then it may be that its client is still being imported."""


class Clerk:
    """An observer that writes what it is shown into one tracker. It neither blocks nor raises."""

    def __init__(self, tracker: Tracker, room: int = MOST_EVENTS) -> None:
        self.tracker = tracker
        self._room = room
        self._queue: deque[Event] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._started: RunStarted | None = None
        self._last_words: tuple[Ending, Files] | None = None
        self._given_up = False
        self._behind = False
        self._busy_since: float | None = None
        """Since when the tracker has been asked for something; None where it is not."""
        self._faults: dict[str, str] = {}
        """Why figures, files or the ending did not arrive, as far as that was not made good."""

    def __call__(self, event: Event) -> None:
        """Queue an event."""
        self.take((event,))

    def take(self, events: Iterable[Event]) -> None:
        """Queue events, the run's first one first; from one on that finds no room, none is taken any more."""
        with self._changed:
            for event in events:
                if isinstance(event, RunStarted):
                    self._started = event
                self._behind = self._behind or len(self._queue) >= self._room
                if self._behind or self._closing or self._started is None:
                    return
                self._queue.append(event)
            if self._thread is None and self._queue:
                self._thread = threading.Thread(target=self._work, name="spanwright-track", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self, ending: Ending, files: Files, patience: float) -> None:
        """Write what is left and the files, for so many seconds at most; a tracker in trouble is not waited for."""
        with self._changed:
            self._last_words = ending, files
            self._changed.notify()
            thread, since = self._thread, self._busy_since
            hangs = since is not None and time.monotonic() - since > _HANGS
            wait = min(patience, _LAST_WORD) if self._faults or hangs else patience
        if thread is None:
            return
        thread.join(wait)
        if thread.is_alive():
            self.abandon(f"it took longer than {wait:g} s")

    def abandon(self, reason: str = "") -> None:
        """Let the thread end after what it is at."""
        with self._changed:
            if reason:
                self._faults.setdefault("close", reason)
            self._given_up = True
            self._changed.notify()

    @property
    def lines(self) -> tuple[str, ...]:
        """Say what did not arrive, in one line; nothing where all did."""
        with self._changed:
            reasons = [*([f"it fell {self._room:,} events behind"] if self._behind else []), *self._faults.values()]
        if not reasons or self._started is None:
            return ()
        spec = self.tracker.spec
        again = f"; catch up with: spanwright track {self._started.run} --to {spec}" if spec else ""
        return (f"{self.tracker.name} does not have all of this run: {', '.join(dict.fromkeys(reasons))}{again}",)

    @property
    def _closing(self) -> bool:
        return self._given_up or self._last_words is not None

    def _work(self) -> None:
        book = Book(self.tracker)
        with untraced():  # the user's traces must not be about our writing
            while (events := self._next()) is not None:
                self._write(book, events)
                if (left := self._left()) is not None:
                    self._leave(book, *left)
                    return

    def _next(self) -> Sequence[Event] | None:
        """Wait for events, or after a failure for the time to try again. None: nobody waits for anything any more."""
        with self._changed:
            if self._faults:
                self._changed.wait_for(lambda: self._closing, timeout=_AGAIN)
            else:
                self._changed.wait_for(lambda: self._queue or self._closing)
                self._changed.wait_for(lambda: self._closing, timeout=_LINGER)
            events = tuple(self._queue)
            self._queue.clear()
            return None if self._given_up else events

    def _left(self) -> tuple[Ending, Files] | None:
        """Return how the run was left, if it was and there is nothing more to write."""
        with self._changed:
            return None if self._queue else self._last_words

    def _write(self, book: Book, events: Sequence[Event]) -> None:
        started = self._started
        assert started is not None, "no event is taken before a run's first one"
        self._try("figures", lambda: book.open(started))
        book.fold(events)
        if book.is_open:
            self._try("figures", book.write)

    def _leave(self, book: Book, ending: Ending, files: Files) -> None:
        if book.is_open:
            book.stop()
            self._try("figures", book.write)
            self._try("files", lambda: book.keep(files))
            self._try("ending", lambda: book.close(ending))

    def _try(self, what: str, ask: Callable[[], None]) -> None:
        """Ask the tracker for something, and remember why it could not be had."""
        self._busy_since = time.monotonic()
        try:
            ask()
        except Exception as error:  # noqa: BLE001 - a client may raise anything, and the run goes on
            fault = f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
            with self._changed:
                self._faults[what] = fault
        else:
            with self._changed:
                self._faults.pop(what, None)
        finally:
            self._busy_since = None
