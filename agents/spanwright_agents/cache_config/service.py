"""A service with a cache, a queue and workers, driven through a generated day of requests. What it costs is its score.

It knows nothing of optimization: it is a simulator of queues, as one would write it to size a service by hand.
"""

from collections import OrderedDict
from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random

from pydantic import BaseModel, ConfigDict, Field

_KEYS = 400
_SERVICE_SECONDS = 0.6
_WORKER_PRICE, _ENTRY_PRICE, _REFUSED_PRICE, _LATE_PRICE, _STALE_PRICE = 12.0, 0.05, 0.4, 0.08, 0.05
_LATE = 2.0
_SECONDS = 1_800.0
_CHANGES = 300.0
"""Seconds after which what a key means has changed: a cached answer older than that is stale."""


class Config(BaseModel):
    """What can be set."""

    model_config = ConfigDict(extra="forbid")

    workers: int = Field(ge=1, le=32)
    queue: int = Field(ge=0, le=500)
    cache_entries: int = Field(ge=0, le=1000)
    cache_seconds: int = Field(ge=1, le=7200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What a day cost, by cause."""

    workers: float
    cache: float
    refused: float
    late: float
    stale: float

    @property
    def total(self) -> float:
        return self.workers + self.cache + self.refused + self.late + self.stale


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Somebody asks for a key."""

    at: float
    key: int


def requests(day: int) -> tuple[Request, ...]:
    """Return the requests of a day: a few keys are asked for most, and there is a rush."""
    drawn = Random(f"cache day {day}")
    found: list[Request] = []
    at = 0.0
    while at < _SECONDS:
        rush = 6.0 if 900 < at < 1200 else 1.0
        at += drawn.expovariate(2.0 * rush)
        found.append(Request(at=at, key=min(_KEYS - 1, int(drawn.paretovariate(0.6)) - 1)))
    return tuple(found)


def served(config: Config, day: tuple[Request, ...]) -> Bill:
    """Return what a day costs with a configuration."""
    cache: OrderedDict[int, float] = OrderedDict()
    busy: list[float] = []
    waiting: list[float] = []
    refused = late = stale = 0
    for request in day:
        kept = cache.get(request.key)
        if kept is not None and request.at - kept <= config.cache_seconds:
            cache.move_to_end(request.key)
            stale += request.at - kept > _CHANGES
            continue
        while busy and busy[0] <= request.at:
            heappop(busy)
        while waiting and waiting[0] <= request.at:
            heappop(waiting)
        if len(busy) >= config.workers and len(waiting) >= config.queue:
            refused += 1
            continue
        begins = request.at if len(busy) < config.workers else heappop(busy)
        heappush(busy, begins + _SERVICE_SECONDS)
        if begins > request.at:
            heappush(waiting, begins)
        late += begins + _SERVICE_SECONDS - request.at > _LATE
        if config.cache_entries:
            cache[request.key] = begins + _SERVICE_SECONDS
            cache.move_to_end(request.key)
            while len(cache) > config.cache_entries:
                cache.popitem(last=False)
    return Bill(
        workers=config.workers * _WORKER_PRICE,
        cache=config.cache_entries * _ENTRY_PRICE,
        refused=refused * _REFUSED_PRICE,
        late=late * _LATE_PRICE,
        stale=stale * _STALE_PRICE,
    )
