"""Whole runs over real HTTP against a server that fails by rule, and what both sides say of them afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import clerk

from spanwright import Budget, Deadlines, Limits, Policy, Result, Run, SqliteStore, optimize
from spanwright.core.events import Event, RolloutEnded
from spanwright.core.rollout import Rollout
from spanwright.testing.simulated.faults import Fault, FaultKind
from spanwright.testing.simulated.host import serve
from spanwright.testing.simulated.log import CallLog, Page
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.transport import over_socket, simulated_model

THIRTY_PERCENT = (
    Fault(kind=FaultKind.RATE_LIMIT, probability=0.06),
    Fault(kind=FaultKind.RATE_LIMIT, probability=0.04, retry_after=0.1),
    Fault(kind=FaultKind.RATE_LIMIT, probability=0.02, reset_after=0.1),
    Fault(kind=FaultKind.SERVER_ERROR, probability=0.04),
    Fault(kind=FaultKind.UNAVAILABLE, probability=0.04),
    Fault(kind=FaultKind.RESET, probability=0.03),
    Fault(kind=FaultKind.TRUNCATED, probability=0.02),
    Fault(kind=FaultKind.WRONG_SCHEMA, probability=0.02),
    Fault(kind=FaultKind.EMPTY_CHOICES, probability=0.02),
    Fault(kind=FaultKind.HANG, probability=0.01),
)
ODD = (
    Fault(kind=FaultKind.SLOW, probability=0.02, seconds=0.3),
    Fault(kind=FaultKind.HUGE, probability=0.01),
)
"""What is strange, but an answer."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A run, and what its server saw."""

    result: Result
    events: Sequence[Event]
    page: Page
    seconds: float

    @property
    def rollouts(self) -> Sequence[Rollout]:
        return [event.rollout for event in self.events if isinstance(event, RolloutEnded)]


@dataclass(frozen=True, kw_only=True)
class Storm:
    """Runs of the clerk's world against a server with these faults."""

    folder: Path
    faults: tuple[Fault, ...] = ()
    policy: Policy = field(default_factory=lambda: Policy.default(schedule="ordered"))
    budget: Budget = field(default_factory=lambda: Budget(rollouts=64, reflections=20))
    cases: tuple[int, int, int] = (6, 8, 4)
    limits: Sequence[Limits] = ()
    deadlines: Deadlines = field(default_factory=lambda: Deadlines(model_call=3.0, outage=3.0))
    salt: str = "storm"

    async def run(self, name: str, *, faults: tuple[Fault, ...] | None = None) -> Seen:
        """Run to the end, or go on with a run of that name."""
        log = CallLog()
        rules = self.faults if faults is None else faults
        store = SqliteStore(self.folder / "store.sqlite")
        train, validation, test = self.cases
        began = anyio.current_time()
        with serve(simulated_app(clerk.models(), salt=self.salt, faults=rules, log=log)) as url:
            async with over_socket(url) as provider:
                result = await optimize(
                    clerk.clerk(provider),
                    clerk.questions(train=train, validation=validation, test=test),
                    budget=self.budget,
                    reflection_model=simulated_model(clerk.REFLECTION, provider),
                    policy=self.policy,
                    store=store,
                    run=Run(name=name, concurrency=16, progress=False, limits=self.limits, deadlines=self.deadlines),
                )
        seconds = anyio.current_time() - began
        return Seen(result=result, events=tuple(store.reader.events(name)), page=log.page(0.0), seconds=seconds)
