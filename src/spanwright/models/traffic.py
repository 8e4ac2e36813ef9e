"""All requests to models of one run: rollouts, judges and reflections share a lane for each model that they ask.

A lane lets requests through in their order, as many and as fast as its pace allows, and one at a time while the world
is down. Nothing here starts a task: whoever wants to go waits in its own.
"""

from bisect import insort
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from math import inf
from typing import Final

import anyio
from anyio.abc import TaskGroup

from spanwright.core.limits import Counts, Deadlines, Limits
from spanwright.errors import WorldDown
from spanwright.models.breaker import Breaker
from spanwright.models.clocks import Pulse
from spanwright.models.lanes import Failing, Patience, Ticket, Way
from spanwright.models.pace import Flight, Pace

_ENOUGH: Final = 20
"""Answers after which a lane knows how long they take."""
_REMEMBERED: Final = 200
_AT_LEAST: Final = 30.0
"""Seconds that a straggler is given, whatever the others take."""
_HEDGED_AT: Final = 1.0
"""Seconds before a second request is sent beside a slow one, whatever the others take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for all lanes of a run."""

    limits: Sequence[Limits] = ()
    deadlines: Deadlines = field(default_factory=Deadlines)


@dataclass(frozen=True, slots=True)
class _Ticket:
    """A request of this lane that is on its way."""

    lane: "Lane"
    flight: Flight
    patience: Patience

    def answered(self, tokens: int, *, keeps_up: bool) -> None:
        self.lane.answered(self.flight, tokens, keeps_up=keeps_up)

    def failed(self, failing: Failing) -> None:
        self.lane.failed(self.flight, failing)

    def left(self, *, alive: bool) -> None:
        self.lane.left(self.flight, alive=alive)


class Lane:
    """The requests to one model."""

    def __init__(self, name: str, limits: Limits, traffic: "Traffic") -> None:
        self.name = name
        self._traffic = traffic
        self._pace = Pace(limits)
        self._breaker = Breaker(patience=traffic.terms.deadlines.outage)
        self._queue: deque[anyio.Event] = deque()
        self._took: deque[float] = deque()
        self._sorted: list[float] = []
        self._answered = 0
        self._failed = 0
        self._cut = 0
        self._hedged = 0
        self._hedges_won = 0
        self._hedges_both = 0
        self._error = ""

    @property
    def counts(self) -> Counts:
        """What happened so far."""
        return Counts(
            answered=self._answered,
            refused=self._pace.refusals,
            failed=self._failed,
            cut=self._cut,
            limit=self._pace.limit,
            outages=self._breaker.times,
            hedged=self._hedged,
            hedges_won=self._hedges_won,
            hedges_both=self._hedges_both,
            waiting=len(self._queue),
            down=self._breaker.open,
        )

    @property
    def waiting(self) -> int:
        """Requests that wait for their turn."""
        return len(self._queue)

    async def take_off(self, *, again: bool) -> Ticket:
        """Wait for this request's turn. Raises WorldDown when the model has been down for too long."""
        if self._queue or self._wait() > 0:
            await self._turn()
        self._breaker.start()
        return self._started(Patience(cut=self._cut_after(again=again), hedge=self._hedge_after()))

    async def beside(self) -> Ticket | None:
        """Return a ticket for a second request beside a slow one: it must keep nobody waiting."""
        if self._queue or self._breaker.open or self._wait() > 0:
            return None
        self._hedged += 1
        return self._started(Patience(cut=self._cut_after(again=True)))

    def raced(self, *, won: bool, both: bool) -> None:
        """Take note of how a second request came out."""
        self._hedges_won += won
        self._hedges_both += both

    def _started(self, patience: Patience) -> Ticket:
        return _Ticket(self, self._pace.start(anyio.current_time()), patience)

    async def _turn(self) -> None:
        """Stand in line: the first looks when it may go, the others wait until they are first."""
        place = anyio.Event()
        self._queue.append(place)
        try:
            while True:
                wait = self._wait() if self._queue[0] is place else inf
                if wait <= 0:
                    return
                with anyio.move_on_after(wait if wait < inf else None):
                    await place.wait()
                if place.is_set():
                    fresh = anyio.Event()  # an event is set once
                    self._queue[self._queue.index(place)] = fresh
                    place = fresh
        finally:
            self._queue.remove(place)
            self._wake()

    def _wait(self) -> float:
        """Return the seconds until the first in line may go. Raises WorldDown."""
        now = anyio.current_time()
        if self._breaker.given_up(now) or (self._breaker.open and self._traffic.draining):
            down = self._breaker.down_for(now)
            raise WorldDown(f"model {self.name}", f"no answer for {down:.0f} s; the last error: {self._error}")
        pace = self._pace.wait(now)
        if self._traffic.terms.deadlines.outage < pace < inf:
            raise WorldDown(f"model {self.name}", f"it asks to wait for {pace:.0f} s; the last error: {self._error}")
        return max(pace, self._breaker.wait(now))

    def _wake(self) -> None:
        if self._queue:
            self._queue[0].set()

    def answered(self, flight: Flight, tokens: int, *, keeps_up: bool) -> None:
        """Take note of an answer."""
        now = anyio.current_time()
        self._answered += 1
        self._remember(now - flight.started)
        self._pace.answered(flight, now, tokens=tokens, keeps_up=keeps_up and self._traffic.pulse.keeps_up)
        if self._breaker.answered():
            self._pace.restart()
        self._wake()

    def failed(self, flight: Flight, failing: Failing) -> None:
        """Take note of a failure that may pass."""
        now = anyio.current_time()
        self._error = failing.error[:300]
        self._cut += failing.cut
        if failing.refused:
            self._pace.refused(flight, now, failing.retry_after)
        else:
            self._failed += 1
            self._pace.failed(flight, now)
        self._breaker.failed(now, failing.about)
        self._wake()

    def left(self, flight: Flight, *, alive: bool) -> None:
        """Take note that a request was given up, or refused for good, which is a sign of life."""
        self._pace.left(flight)
        if alive:
            self._breaker.answered()
        else:
            self._breaker.left()
        self._wake()

    def _cut_after(self, *, again: bool) -> float | None:
        """Return how long a request may take: a straggler is cut earlier, but not where it is sent `again`."""
        deadlines = self._traffic.terms.deadlines
        if again or deadlines.straggler is None or len(self._sorted) < _ENOUGH:
            return deadlines.model_call
        return min(deadlines.model_call or inf, max(_AT_LEAST, deadlines.straggler * self._slow))

    def _hedge_after(self) -> float | None:
        hedge = self._traffic.terms.deadlines.hedge
        return None if hedge is None or len(self._sorted) < _ENOUGH else max(_HEDGED_AT, hedge * self._slow)

    @property
    def _slow(self) -> float:
        """What 95 % of the answers do not take."""
        return self._sorted[int(0.95 * len(self._sorted))]

    def _remember(self, seconds: float) -> None:
        self._took.append(seconds)
        insort(self._sorted, seconds)
        if len(self._took) > _REMEMBERED:
            self._sorted.remove(self._took.popleft())

    def hurry(self) -> None:
        """Let those look again who wait for a model that is down."""
        self._wake()


class Traffic:
    """The lanes of one run."""

    def __init__(self, terms: Terms | None = None) -> None:
        self.terms = terms or Terms()
        self.pulse = Pulse()
        self.draining = False
        self.group: TaskGroup | None = None
        """The engine's own tasks, among which second requests are sent: no other room starts any."""
        self._lanes: dict[str, Lane] = {}

    @property
    def counts(self) -> Mapping[str, Counts]:
        """What every lane has seen, by `provider:name`."""
        return {name: lane.counts for name, lane in self._lanes.items()}

    def way(self, name: str) -> Way:
        """Return the way to a model."""
        return self.lane(name)

    def lane(self, name: str) -> Lane:
        """Return the lane of a model."""
        if name not in self._lanes:
            fitting = (limits for limits in self.terms.limits if fnmatchcase(name, limits.models))
            self._lanes[name] = Lane(name, next(fitting, Limits()), self)
        return self._lanes[name]

    def drain(self) -> None:
        """Wait no longer for models that are down: what is in flight ends, and nothing new begins."""
        self.draining = True
        for lane in self._lanes.values():
            lane.hurry()

    @contextmanager
    def hosted(self, group: TaskGroup) -> Generator[None]:
        """Let second requests be sent in this block, as tasks of `group`."""
        self.group = group
        try:
            yield
        finally:
            self.group = None

    @contextmanager
    def flowing(self) -> Generator[None]:
        """Let all requests in this block go through the lanes."""
        token = _TRAFFIC.set(self)
        try:
            yield
        finally:
            _TRAFFIC.reset(token)


_TRAFFIC: ContextVar[Traffic | None] = ContextVar("spanwright_traffic", default=None)


def current_traffic() -> Traffic | None:
    """Return the traffic of the run that is going on here; None outside of one."""
    return _TRAFFIC.get()
