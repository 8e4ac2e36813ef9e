"""Which serving of a request this is: the number that, with salt and content, decides what a simulated model draws.

Only servings that reached the client count. A number is taken while an answer is on its way and given back when it is
not delivered, so that a retry draws what the failed attempt would have: a run with faults repeats the run without.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from heapq import heappop, heappush

from spanwright.testing.simulated.wire import ChatRequest


@dataclass(slots=True, kw_only=True)
class Serving:
    """One attempt to answer a request."""

    arrival: int
    """How often the identical request had arrived before."""
    number: int
    """The lowest number that no other serving of the identical request has; always 0 for a request with a seed."""
    delivered: bool = False


@dataclass(slots=True)
class _Count:
    arrivals: int = 0
    fresh: int = 0
    returned: list[int] = field(default_factory=list[int])

    def take(self) -> int:
        if self.returned:
            return heappop(self.returned)
        self.fresh += 1
        return self.fresh - 1


class Servings:
    """The counts of all requests that a server has seen."""

    def __init__(self) -> None:
        self._counts: dict[str, _Count] = {}

    @contextmanager
    def arrival(self, request: ChatRequest, digest: str) -> Generator[Serving]:
        """Open a serving; one that leaves without `delivered` gives its number back."""
        count = self._counts.setdefault(digest, _Count())
        # A provider promises the same answer for the same seed, so every serving of it is the first.
        seeded = request.seed is not None
        serving = Serving(arrival=count.arrivals, number=0 if seeded else count.take())
        count.arrivals += 1
        try:
            yield serving
        finally:
            if not seeded and not serving.delivered:
                heappush(count.returned, serving.number)
