"""All trackers of one run: followed while it goes on, left with what came of it; or told of a run that is over."""

from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from anyio import to_thread

from spanwright.core.events import Event
from spanwright.core.protocols import Observer
from spanwright.report.result import Result
from spanwright.report.tracking.book import Files
from spanwright.report.tracking.clerk import Clerk
from spanwright.report.tracking.folder import files_of
from spanwright.report.tracking.tracker import Ending, Outcome, Tracker
from spanwright.store import Reader


class Tracking:
    """The trackers of one run."""

    def __init__(self, trackers: Iterable[Tracker]) -> None:
        self._clerks = tuple(Clerk(tracker) for tracker in trackers)

    @property
    def observers(self) -> Sequence[Observer]:
        """Who has to be shown the events of the run."""
        return self._clerks

    @property
    def lines(self) -> tuple[str, ...]:
        """A line for each tracker that does not have all."""
        return tuple(line for clerk in self._clerks for line in clerk.lines)

    @asynccontextmanager
    async def following(self, journal: Callable[[], Iterable[Event]], files: Files) -> AsyncGenerator[None, None]:
        """Follow a run. Leaving the block waits for the trackers a bit; one that is cancelled is left at once."""
        earlier = tuple(journal()) if self._clerks else ()
        for clerk in self._clerks:
            clerk.take(earlier)
        try:
            yield
        except Exception:
            await self._finish(journal, files, failed=True)
            raise
        except BaseException:
            for clerk in self._clerks:
                clerk.abandon()
            raise
        await self._finish(journal, files, failed=False)

    async def _finish(self, journal: Callable[[], Iterable[Event]], files: Files, *, failed: bool) -> None:
        if not self._clerks:
            return
        ending = ending_of(journal(), failed=failed)
        for clerk in self._clerks:
            await to_thread.run_sync(clerk.close, ending, files, clerk.tracker.patience, abandon_on_cancel=True)


def ending_of(events: Iterable[Event], *, failed: bool = False) -> Ending:
    """Return how a run was left, by its events."""
    history = tuple(events)
    if not history:
        return Ending(outcome=Outcome.FAILED, headline="It failed before it began.", winner="")
    result = Result.from_events(history)
    outcome = Outcome.ENDED if result.complete else Outcome.FAILED if failed else Outcome.PAUSED
    return Ending(outcome=outcome, headline=result.headline, winner=result.best.id)


def track(reader: Reader, run: str, tracker: Tracker) -> Sequence[str]:
    """Tell a tracker what it does not have of a stored run; return what did not arrive. Raises UsageError."""
    clerk = Clerk(tracker, room=2**63)
    events = tuple(reader.events(run))
    clerk.take(events)

    def files(folder: Path) -> None:
        files_of(reader, run, folder)

    clerk.close(ending_of(events), files, tracker.patience)
    return clerk.lines
