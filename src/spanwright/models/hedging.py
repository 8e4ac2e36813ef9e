"""A second request beside a straggler: the first answer counts, and the other request is cancelled.

What the slower one cost is known only where its answer came in all the same, in the same moment: then both are in the
usage. A provider may bill what was cancelled, and says so to nobody.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import anyio
from anyio.abc import TaskGroup
from pydantic_ai.messages import ModelResponse
from pydantic_ai.models import Model

from spanwright.models.boundary import is_transient
from spanwright.models.clocks import Alarm, wall_clock
from spanwright.models.lanes import Ticket
from spanwright.models.traffic import Traffic
from spanwright.models.trip import Trip, lane_of


class Race:
    """One request, and perhaps a second one."""

    def __init__(self, model: Model, send: Callable[[], Awaitable[ModelResponse]], traffic: Traffic) -> None:
        self._model = model
        self._send = send
        self._traffic = traffic
        self._way = traffic.way(lane_of(model))
        self._first = anyio.CancelScope()
        self._second = anyio.CancelScope()
        self._slow = anyio.Event()
        self._over = anyio.Event()
        self._ticket: Ticket | None = None
        self._answer: ModelResponse | None = None

    async def run(self, after: float, group: TaskGroup) -> tuple[ModelResponse, bool]:
        """Return the answer that came first, and whether it is that of the first request."""
        # A task from the start: where a timer rings, none can be started.
        group.start_soon(self._beside)
        try:
            first = await self._await_first(after)
        finally:
            self._second.cancel()
            with anyio.CancelScope(shield=True):
                await self._over.wait()
        if self._ticket is not None:
            self._way.raced(won=first is None, both=first is not None and self._answer is not None)
        if first is None:
            assert self._answer is not None, "the first request is given up for the answer of the second"
            return self._answer, False
        return first if self._answer is None else _with_both(first, self._answer), True

    async def _await_first(self, after: float) -> ModelResponse | None:
        """Return its answer; None where the second one's came before, or instead."""
        with self._first, Alarm(after, wall_clock(self._traffic.pulse), self._slow.set):
            try:
                return await self._send()
            except Exception as error:
                if self._ticket is None or not is_transient(error):
                    raise
                await self._over.wait()
                if self._answer is None:
                    raise
        return None

    async def _beside(self) -> None:
        """Send the second request, if it comes to that and there is room for it. Its failure is nobody's."""
        try:
            with self._second:
                await self._slow.wait()
                self._ticket = await self._way.beside()
                if self._ticket is None:
                    return
                async with Trip(self._model, ticket=self._ticket) as trip:
                    response = await self._send()
                    trip.answered(response.usage.total_tokens)
                self._answer = response
                self._first.cancel()
        except Exception:  # noqa: BLE001  (its lane knows of it, and the first request goes on)
            return
        finally:
            self._over.set()


def _with_both(first: ModelResponse, second: ModelResponse) -> ModelResponse:
    """Return the first answer with the cost of both."""
    return replace(first, usage=first.usage + second.usage)
