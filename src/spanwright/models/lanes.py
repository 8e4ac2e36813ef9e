"""What a lane is to those who send requests: they wait for a ticket, and tell by it how their request ended.

Lanes are the run's own (`traffic.py`), or those of a run in another process (`far.py`).
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """A failure of a request that may pass."""

    error: str
    refused: bool = False
    """It was a 429."""
    retry_after: float | None = None
    cut: bool = False
    """We cut it, because it took too long."""
    about: str | None = None
    """What was worked on: a case, mostly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a request may take, in seconds; None is for ever."""

    cut: float | None = None
    """Then it is cut and sent again."""
    hedge: float | None = None
    """Then a second one is sent beside it."""


class Ticket(Protocol):
    """A request on its way. Exactly one of `answered`, `failed` and `left` ends it."""

    @property
    def patience(self) -> Patience:
        """How long it may take."""
        ...

    def answered(self, tokens: int, *, keeps_up: bool) -> None:
        """Tell that it was answered. Without `keeps_up` the event loop that sent it is late."""
        ...

    def failed(self, failing: Failing) -> None:
        """Tell that it failed in a way that may pass."""
        ...

    def left(self, *, alive: bool) -> None:
        """Tell that it was given up, or refused for good, which is a sign of life."""
        ...


class Way(Protocol):
    """The way to one model."""

    async def take_off(self, *, again: bool) -> Ticket:
        """Wait for a request's turn. Raises WorldDown when the model has been down for too long."""
        ...

    async def beside(self) -> Ticket | None:
        """Return a ticket for a second request beside a slow one; None where there is no room for it now."""
        ...

    def raced(self, *, won: bool, both: bool) -> None:
        """Tell how a second request came out: whether it answered first, and whether both answers came in."""
        ...
