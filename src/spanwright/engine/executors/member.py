"""One worker as the run knows it: what it has to do, whether it is there, and why it is not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import anyio
from anyio.abc import TaskGroup

from spanwright.core.trace import Span
from spanwright.engine.executors.messages import (
    Beat,
    Close,
    Closed,
    CutShort,
    Done,
    Drop,
    FromWorker,
    Perform,
    Ready,
    Spanned,
    ToWorker,
    Unable,
)
from spanwright.engine.executors.protocol import Cut, Job, Tried
from spanwright.models import Tower, Traffic
from spanwright.models.far import TakeOff
from spanwright.store import compare

_IMPORTS: Final = 300.0
"""Seconds that a worker has for its imports, during which it gives no sign of life."""
_THE_SAME: Final = "Let the module make the same each time it is imported, or name what does with imports=Imports(...)"


class LineLost(Exception):
    """A worker is gone; the message says why."""


class Line(Protocol):
    """Messages to one worker and from it."""

    @property
    def name(self) -> str:
        """What the worker is called in messages."""
        ...

    def send(self, message: ToWorker) -> None:
        """Queue a message; to a worker that is gone it goes nowhere."""
        ...

    async def receive(self) -> FromWorker:
        """Return the next message. Raises LineLost."""
        ...

    async def kill(self) -> None:
        """End the worker, whatever it does."""
        ...


@dataclass(slots=True)
class _Pending:
    """A job that a worker has."""

    ended: anyio.Event = field(default_factory=anyio.Event)
    tried: Tried | None = None
    """None at its end: the worker was lost."""


class Member:
    """A worker. `changed` is called whenever it becomes ready, unable, or is gone."""

    def __init__(
        self,
        line: Line,
        traffic: Traffic,
        *,
        fingerprints: Mapping[str, str],
        exported: Callable[[Span], None] | None,
        changed: Callable[[], None],
    ) -> None:
        self.ready: Ready | None = None
        """What it said when it was ready."""
        self.unable: Unable | None = None
        """What it said where it cannot work."""
        self.lost = ""
        """Why it is gone; empty while it is there."""
        self.closed: Closed | None = None
        """What it said in the end."""
        self.dismissed = False
        """Whether it was there when the run needed it no longer."""
        self._line = line
        self._fingerprints = fingerprints
        self._tower = Tower(traffic, line.send)
        self._exported = exported
        self._changed = changed
        self._pending: dict[int, _Pending] = {}

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return self._line.name

    @property
    def at_work(self) -> bool:
        """Whether it takes jobs."""
        return self.ready is not None and not self.lost

    @property
    def load(self) -> int:
        """How many jobs it has."""
        return len(self._pending)

    def dismiss(self) -> None:
        """Let it end, if it is there."""
        if not self.lost:
            self.dismissed = True
            self._line.send(Close())

    async def do(self, job: Job, cut: Cut) -> Tried | None:
        """Have a job done; None where the worker was lost before its end."""
        pending = self._pending[job.number] = _Pending()
        self._line.send(Perform(number=job.number, texts=job.candidate.texts, case=job.case.id))
        cut.listen(lambda: self._line.send(CutShort(number=job.number)))
        try:
            await pending.ended.wait()
        finally:
            self._pending.pop(job.number, None)
            if not pending.ended.is_set():
                self._line.send(Drop(number=job.number))
        return pending.tried

    async def listen(self, silence: float | None, group: TaskGroup) -> None:
        """Take what it says until it is gone, or has been silent for too long; it is gone afterwards."""
        try:
            while self.closed is None and self.unable is None:
                with anyio.move_on_after(
                    silence if self.ready or silence is None else max(silence, _IMPORTS)
                ) as patience:
                    self._take(await self._line.receive(), group)
                if patience.cancelled_caught:
                    self._leave(f"it gave no sign of life for {silence:g} s")
                    return
            self._leave("it has ended")
        except LineLost as error:
            self._leave(str(error))
        finally:
            with anyio.CancelScope(shield=True):
                await self._line.kill()

    def _take(self, message: FromWorker, group: TaskGroup) -> None:
        match message:
            case Ready():
                self._compare(message)
            case Unable():
                self.unable = message
            case Done():
                self._end(message)
            case Closed():
                self.closed = message
            case Spanned():
                if self._exported is not None:
                    self._exported(message.span)
            case Beat():
                pass
            case TakeOff():
                self._tower.expect(message)
                group.start_soon(self._tower.let, message)
            case _:
                self._tower.hear(message)

    def _compare(self, ready: Ready) -> None:
        """Let it work if what it has imported is what the run was given."""
        theirs = ready.fingerprints
        wanted = {key: each for key, each in self._fingerprints.items() if key in theirs or key.startswith("case:")}
        differences = compare(wanted, {key: each for key, each in theirs.items() if key in wanted})
        if differences:
            told = "; ".join(differences)
            self.unable = Unable(what=f"it has imported something else than was given: {told}", remedy=_THE_SAME)
        else:
            self.ready = ready
            self._changed()

    def _end(self, message: Done) -> None:
        """Take the end of a job; nobody waits for that of one that was dropped."""
        pending = self._pending.get(message.number)
        if pending is not None:
            pending.tried = message.whole
            pending.ended.set()

    def _leave(self, reason: str) -> None:
        self.lost = reason
        self._tower.lost()
        for pending in self._pending.values():
            pending.ended.set()
        self._changed()
