"""Holds work back while the world is down: one piece of it at a time tries whether it is up again."""

from collections.abc import Callable
from typing import Final

import anyio

from spanwright.errors import WorldDown, WorldFailed
from spanwright.models import Breaker

_LOOKS: Final = 1.0
"""Seconds between two looks at whether work is halted."""


class Outage:
    """What rollouts, or reflections, know together of the world. `give_up` is called when it was down for too long."""

    def __init__(self, *, patience: float, in_a_row: int, give_up: Callable[[], None]) -> None:
        self._breaker = Breaker(patience=patience, in_a_row=in_a_row)
        self._give_up = give_up
        self.last = ""
        """The last failure, in words."""

    @property
    def goes_on(self) -> bool:
        """Whether the world is down: what it fails now is tried again, however often it was."""
        return self._breaker.open

    async def over(self, halted: Callable[[], bool]) -> bool:
        """Wait until something may go, and let it go; False where work is halted instead."""
        while not halted():
            now = anyio.current_time()
            if self._breaker.given_up(now):
                self._give_up()
                return False
            wait = self._breaker.wait(now)
            if wait <= 0:
                self._breaker.start()
                return True
            await anyio.sleep(min(wait, _LOOKS))
        return False

    async def rest(self, seconds: float, halted: Callable[[], bool]) -> None:
        """Wait before something is tried again; not on, once work is halted."""
        ends = anyio.current_time() + seconds
        while not halted() and (left := ends - anyio.current_time()) > 0:  # noqa: ASYNC110  (nobody announces a halt)
            await anyio.sleep(min(left, _LOOKS))

    def failed(self, error: WorldFailed, about: str | None = None) -> None:
        """Take note of a failure of the world, and which case it was on."""
        self.last = f"{error.boundary}: {error.message}"
        self._breaker.failed(anyio.current_time(), about)
        if isinstance(error, WorldDown):
            self._give_up()

    def answered(self) -> None:
        """Take note of a sign of life."""
        self._breaker.answered()

    def left(self) -> None:
        """Take note that what went came to no end."""
        self._breaker.left()
