"""What a simulated server saw, counted where a client cannot cheat: each call with its begin, end and outcome.

Times are the server's monotonic clock, which on one machine is the clients' clock, too (in virtual time: the loop's).
"""

from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Literal

import anyio
from pydantic import TypeAdapter

Outcome = Literal["served", "faulted", "refused", "abandoned", "open"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: what became of it, and when."""

    model: str
    digest: str
    started: float
    ended: float | None = None
    """None while it is in flight."""
    outcome: Outcome = "open"
    """Abandoned: the client left before the answer was ready, or the model broke; nothing was delivered."""
    detail: str = ""
    """The fault's kind or the error's message."""
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The log at one moment."""

    now: float
    max_in_flight: int
    calls: tuple[Call, ...]
    """In the order of their begin."""

    @property
    def served(self) -> Mapping[str, int]:
        """Answers delivered, by model."""
        return Counter(call.model for call in self.calls if call.outcome == "served")

    @property
    def failed(self) -> int:
        """Calls that ended otherwise."""
        return sum(call.outcome not in ("served", "open") for call in self.calls)

    def busy(self, since: float = float("-inf"), until: float = float("inf"), *, models: str = "*") -> float:
        """Return the seconds that calls were in flight within a window, summed over calls.

        Divided by the window's length it is the mean number of busy slots.
        """
        return sum(
            max(0.0, min(self.now if call.ended is None else call.ended, until) - max(call.started, since))
            for call in self.calls
            if fnmatchcase(call.model, models)
        )

    def to_json(self) -> bytes:
        """Return the page with its totals, as GET /log answers it."""
        return _REPORT.dump_json(
            _Report(
                now=self.now,
                max_in_flight=self.max_in_flight,
                calls=self.calls,
                served=dict(self.served),
                failed=self.failed,
                busy_seconds=self.busy(),
            )
        )

    @staticmethod
    def from_json(text: bytes) -> "Page":
        """Read what GET /log answered."""
        return _PAGE.validate_json(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Report:
    """A page and what follows from it, for readers without our code."""

    served: dict[str, int]
    failed: int
    max_in_flight: int
    busy_seconds: float
    now: float
    calls: tuple[Call, ...]


_PAGE = TypeAdapter(Page)
_REPORT = TypeAdapter(_Report)


class OpenCall:
    """A call in flight; what became of it is noted once."""

    def __init__(self, call: Call) -> None:
        self.call = call

    def end(self, outcome: Outcome, detail: str = "", *, input_tokens: int = 0, output_tokens: int = 0) -> None:
        """Note how and when the call ended."""
        self.call = replace(
            self.call,
            ended=anyio.current_time(),
            outcome=outcome,
            detail=detail,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
        )


class CallLog:
    """The log as it grows. Written by the server's loop; other threads may read a page at any time."""

    def __init__(self) -> None:
        self._calls: list[OpenCall] = []
        self._in_flight = 0
        self._max_in_flight = 0
        self._by_model: Counter[str] = Counter()

    @property
    def in_flight(self) -> Mapping[str, int]:
        """Requests in flight by model."""
        return self._by_model

    @property
    def began(self) -> float | None:
        """When the first request arrived."""
        return self._calls[0].call.started if self._calls else None

    @contextmanager
    def call(self, model: str, digest: str) -> Generator[OpenCall]:
        """Open a call; one that is not ended inside was abandoned."""
        opened = OpenCall(Call(model=model, digest=digest, started=anyio.current_time()))
        self._calls.append(opened)
        self._in_flight += 1
        self._max_in_flight = max(self._max_in_flight, self._in_flight)
        self._by_model[model] += 1
        try:
            yield opened
        finally:
            self._in_flight -= 1
            self._by_model[model] -= 1
            if opened.call.ended is None:
                opened.end("abandoned")

    def page(self, now: float) -> Page:
        """Return everything up to `now`, as a value."""
        calls = tuple(opened.call for opened in self._calls)
        return Page(now=now, max_in_flight=self._max_in_flight, calls=calls)
