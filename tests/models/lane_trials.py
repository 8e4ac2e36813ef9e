"""Agents that ask one simulated model in a run's lanes, in virtual time: what the tests of this folder share."""

from dataclasses import dataclass, field

import anyio
from pydantic_ai import Agent

from spanwright.errors import UserBug, WorldFailed
from spanwright.models import Retries, Terms, Traffic, WorkingTime, boundary
from spanwright.testing.simulated.canned import Dice
from spanwright.testing.simulated.faults import Fault
from spanwright.testing.simulated.latency import Latency, LatencyLaw
from spanwright.testing.simulated.log import CallLog, Page
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.transport import in_process, simulated_model
from spanwright.testing.virtual import run_virtual

STEADY = Latency(scale=1.0, laws=(LatencyLaw(median=1.0, sigma=0.0, stragglers=0.0, tokens_per_second=1e9),))


@dataclass(kw_only=True)
class Asked:
    """Agents that ask one simulated model, all at once."""

    faults: tuple[Fault, ...] = ()
    terms: Terms = field(default_factory=Terms)
    latency: Latency = STEADY
    log: CallLog = field(default_factory=CallLog)
    errors: list[Exception] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)
    ended: float = 0.0

    def many(self, count: int, *, stop_after: float | None = None) -> Page:
        """Let `count` agents ask at once, and return what the server saw."""
        return run_virtual(self._many(count, stop_after))

    async def _many(self, count: int, stop_after: float | None) -> Page:
        app = simulated_app({"sim": Dice()}, faults=self.faults, latency=self.latency, log=self.log)
        provider = in_process(app)
        # Else each first request looks it up in a thread, in real time, and their order is the scheduler's.
        provider.client._platform = "Linux"  # noqa: SLF001
        traffic = Traffic(self.terms)

        async def one(number: int) -> None:
            agent = Agent(simulated_model("sim", provider), capabilities=[Retries()])
            with WorkingTime(traffic.pulse).at_work() as working:
                try:
                    with boundary():
                        await agent.run(f"{number}")
                except (WorldFailed, UserBug) as error:
                    self.errors.append(error)
            self.worked.append(working.seconds)

        async def stop() -> None:
            if stop_after is not None:
                await anyio.sleep(stop_after)
                traffic.drain()

        with traffic.flowing():
            async with anyio.create_task_group() as seconds:
                with traffic.hosted(seconds):
                    async with anyio.create_task_group() as group:
                        for number in range(count):
                            group.start_soon(one, number)
                        group.start_soon(stop)
        self.traffic = traffic
        self.ended = anyio.current_time()
        return self.log.page(self.ended)
