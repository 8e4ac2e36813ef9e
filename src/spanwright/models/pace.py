"""How many requests a model may have in flight and when the next may start: a state machine with the clock passed in.

Nothing in here waits or looks at a clock. The limit starts low, doubles while every slot is used and nothing is
refused, halves at the first refusal and then grows by a twentieth and falls by a fifth: additive increase,
multiplicative decrease. What does not come back for other reasons stops growth, and cuts nothing.
"""

from collections import deque
from dataclasses import dataclass
from math import ceil, inf
from typing import Final

from spanwright.core.limits import Limits

START: Final = 20
_LEAST: Final = 1
_COOLDOWN: Final = 15.0
"""Seconds without growth after a refusal."""
_SATURATED: Final = 0.8
"""The share of the slots that must have been used before there are more of them."""
_MINUTE: Final = 60.0


@dataclass(slots=True)
class Flight:
    """A request on its way."""

    started: float
    tokens: float
    """What it is expected to take."""


class Window:
    """At most an amount of something in each minute, spread over the minute."""

    def __init__(self, per_minute: float) -> None:
        self._amount = max(1, int(per_minute / 10))
        # A whole number of windows in a minute: then the sum over any minute is within the limit, too.
        self._seconds = _MINUTE / max(1, int(per_minute / self._amount))
        self._taken: deque[tuple[float, float]] = deque()
        self._sum = 0.0

    def wait(self, now: float, amount: float) -> float:
        """Return the seconds until `amount` fits; what is more than a window holds waits for an empty one."""
        self._forget(now)
        excess = self._sum + amount - self._amount
        if excess <= 0 or not self._taken:
            return 0.0
        for at, taken in self._taken:
            excess -= taken
            if excess <= 0:
                return max(0.0, at + self._seconds - now)
        return max(0.0, self._taken[-1][0] + self._seconds - now)

    def take(self, now: float, amount: float) -> None:
        """Take note of an amount; a negative one gives back what was taken too much."""
        self._forget(now)
        self._taken.append((now, amount))
        self._sum += amount

    def _forget(self, now: float) -> None:
        while self._taken and self._taken[0][0] + self._seconds <= now:
            self._sum -= self._taken.popleft()[1]
        if not self._taken:
            self._sum = 0.0


class Pace:
    """The controller of one model's requests."""

    def __init__(self, limits: Limits) -> None:
        self._fixed = limits.in_flight
        self._limit = float(limits.in_flight or START)
        self._requests = None if limits.requests_per_minute is None else Window(limits.requests_per_minute)
        self._tokens = None if limits.tokens_per_minute is None else Window(limits.tokens_per_minute)
        self._slow_start = True
        self._cut_at = -inf
        self._held_until = -inf
        self._grows_from = -inf
        self._peak = 0
        self._clean = 0
        self._answers = 0
        self._mean_tokens = 0.0
        self.in_flight = 0
        self.refusals = 0

    @property
    def limit(self) -> int:
        """Requests that may be in flight now."""
        return int(self._limit)

    def wait(self, now: float) -> float:
        """Return the seconds until a request may start: 0 for at once, infinity for when one ends."""
        if self.in_flight >= self.limit:
            return inf
        windows = [self._held_until - now]
        if self._requests is not None:
            windows.append(self._requests.wait(now, 1))
        if self._tokens is not None:
            windows.append(self._tokens.wait(now, self._mean_tokens))
        return max(0.0, *windows)

    def start(self, now: float) -> Flight:
        """Take note that a request starts."""
        self.in_flight += 1
        self._peak = max(self._peak, self.in_flight)
        flight = Flight(started=now, tokens=self._mean_tokens)
        if self._requests is not None:
            self._requests.take(now, 1)
        if self._tokens is not None:
            self._tokens.take(now, flight.tokens)
        return flight

    def answered(self, flight: Flight, now: float, *, tokens: int, keeps_up: bool) -> None:
        """Take note of an answer. Without `keeps_up` our own event loop is late: more at once would not be faster."""
        self.in_flight -= 1
        self._answers += 1
        self._mean_tokens += (tokens - self._mean_tokens) / min(self._answers, 50)
        if self._tokens is not None:
            self._tokens.take(now, tokens - flight.tokens)
        if now < self._grows_from or flight.started < self._cut_at:
            return
        self._clean += 1
        if self._clean < self.limit:
            return
        if self._fixed is None and keeps_up and self._peak >= ceil(_SATURATED * self.limit):
            self._limit += self._limit if self._slow_start else max(1.0, self._limit / 20)
        self._begin_round()

    def refused(self, flight: Flight, now: float, retry_after: float | None) -> None:
        """Take note of a 429: nothing starts before `retry_after` seconds, and with fewer at once.

        The others that were on their way when the limit was cut tell nothing new, and cut nothing.
        """
        self.in_flight -= 1
        self.refusals += 1
        if retry_after is not None:
            self._held_until = max(self._held_until, now + retry_after)
        self._grows_from = max(self._grows_from, self._held_until, now + _COOLDOWN)
        if flight.started < self._cut_at:
            return
        if self._fixed is None:
            self._limit = max(float(_LEAST), self._limit * (0.5 if self._slow_start else 0.8))
        self._slow_start = False
        self._cut_at = now
        self._begin_round()

    def failed(self, flight: Flight, now: float) -> None:
        """Take note that a request failed for another reason: growth starts its round anew."""
        self.in_flight -= 1
        self._begin_round()

    def left(self, flight: Flight) -> None:
        """Take note that a request was given up, or refused for good: that says nothing of the pace."""
        self.in_flight -= 1

    def restart(self) -> None:
        """Begin anew, slowly: the world was down, and everybody comes back at once."""
        if self._fixed is None:
            self._limit = min(self._limit, float(START))
            self._slow_start = True
        self._begin_round()

    def _begin_round(self) -> None:
        self._clean = 0
        self._peak = self.in_flight
