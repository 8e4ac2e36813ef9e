"""The budget as an allowance that is asked for: lease before launch, settle after, refuse at the door.

Rollouts and reflections are exact. Requests, tokens and dollars are leased by running means and settled by what really
came, so they can be exceeded by what is in flight when the limit is reached, and by no more.

A later phase's share is held back from the earlier ones: the search cannot spend what finals or the test split need.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from types import TracebackType
from typing import Self

import anyio

from spanwright.core.usage import Budget, Usage


class Phase(IntEnum):
    """The phases of a run, in order. What is held for a phase is out of reach of those before it."""

    SEARCH = 0
    FINAL = 1
    TEST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a lease shall allow."""

    rollouts: int = 0
    reflections: int = 0
    least: int | None = None
    """Grant fewer rollouts, but at least these, where no more are left; None: all or nothing."""
    leave: int = 0
    """Rollouts that must stay free beyond this lease: what admitted candidates are owed."""
    phase: Phase = Phase.SEARCH
    owed: bool = False
    """True for what an admitted candidate was promised: it is granted after the end of its phase, too."""


class Lease:
    """An allowance. What was not settled when the block is left flows back."""

    def __init__(self, ledger: "Ledger", rollouts: int, reflections: int) -> None:
        self._ledger = ledger
        self.rollouts = rollouts
        self.reflections = reflections

    def settle(self, usage: Usage) -> None:
        """Turn a part of the allowance into spending: `usage` counts what was really used."""
        assert usage.rollouts <= self.rollouts and usage.reflections <= self.reflections, "spent more than was leased"  # noqa: PT018
        self.rollouts -= usage.rollouts
        self.reflections -= usage.reflections
        self._ledger.settled(usage)

    def split(self, rollouts: int) -> "Lease":
        """Hand at most `rollouts` of this allowance to a new lease, which must be entered in its turn."""
        moved = min(rollouts, self.rollouts)
        self.rollouts -= moved
        return Lease(self._ledger, moved, 0)

    def give_back(self) -> None:
        """Let what was not settled flow back now."""
        rollouts, reflections = self.rollouts, self.reflections
        self.rollouts = self.reflections = 0
        self._ledger.returned(rollouts, reflections)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.give_back()


class Ledger:
    """What may still be spent. One engine owns it; all calls come from one event loop."""

    def __init__(self, budget: Budget, spent: Usage) -> None:
        self.budget = budget
        self.spent = spent
        self._held: dict[Phase, int] = {}
        self._leased_rollouts = 0
        self._leased_reflections = 0
        self._closed: Phase | None = None
        self._changed = anyio.Event()
        self._mean_rollout = Usage()
        self._mean_reflection = Usage()

    @property
    def free_rollouts(self) -> int | None:
        """Rollouts that are neither spent nor leased, holds included; None where they are not limited."""
        if self.budget.rollouts is None:
            return None
        return self.budget.rollouts - self.spent.rollouts - self._leased_rollouts

    @property
    def outstanding(self) -> bool:
        """Whether some lease is out and may flow back."""
        return bool(self._leased_rollouts or self._leased_reflections)

    def available(self, phase: Phase) -> int | None:
        """Return how many rollouts the phase could lease now; None where rollouts are not limited."""
        free = self.free_rollouts
        return None if free is None else max(0, free - self._held_beyond(phase))

    def hold(self, phase: Phase, rollouts: int) -> None:
        """Keep `rollouts` out of reach of the phases before `phase`."""
        self._held[phase] = rollouts

    def release(self, phase: Phase) -> None:
        """Give up what was held for `phase`."""
        self._held.pop(phase, None)
        self._wake()

    def close(self, phase: Phase) -> None:
        """Refuse from now on every lease of `phase` and of those before it."""
        self._closed = phase if self._closed is None else max(self._closed, phase)
        self._wake()

    def closed(self, phase: Phase) -> bool:
        """Return whether leases of `phase` are refused."""
        return self._closed is not None and phase <= self._closed

    async def lease(self, ask: Ask) -> Lease | None:
        """Wait until `ask` can be granted; None means that it never can be."""
        while not self._refuses(ask):
            granted = self._grant(ask)
            if granted is not None:
                return granted
            if not self.outstanding:
                return None
            await self._changed.wait()
        return None

    def lease_now(self, ask: Ask) -> Lease | None:
        """Grant `ask` if that is possible without waiting: whoever holds a lease must not wait for another one."""
        return None if self._refuses(ask) else self._grant(ask)

    def settled(self, usage: Usage) -> None:
        """Take note of real spending; leases call it."""
        self._leased_rollouts -= usage.rollouts
        self._leased_reflections -= usage.reflections
        self.replay(usage)

    def replay(self, usage: Usage) -> None:
        """Take note of what was spent, by an earlier process for example."""
        self.spent += usage
        if usage.rollouts:
            self._mean_rollout += usage
        if usage.reflections:
            self._mean_reflection += usage
        self._wake()

    def returned(self, rollouts: int, reflections: int) -> None:
        """Take back what a lease did not spend; leases call it."""
        self._leased_rollouts -= rollouts
        self._leased_reflections -= reflections
        self._wake()

    def _refuses(self, ask: Ask) -> bool:
        return self.closed(Phase.TEST if ask.owed else ask.phase)

    def _grant(self, ask: Ask) -> Lease | None:
        if self.budget.reflections is not None:
            left = self.budget.reflections - self.spent.reflections - self._leased_reflections
            if ask.reflections > left:
                return None
        rollouts = ask.rollouts
        available = self.available(ask.phase)
        if available is not None and rollouts + ask.leave > available:
            if ask.least is None or available < ask.least:
                return None
            rollouts = min(rollouts, available)
        if not self._affordable(rollouts, ask.reflections, ask.phase):
            return None
        self._leased_rollouts += rollouts
        self._leased_reflections += ask.reflections
        return Lease(self, rollouts, ask.reflections)

    def _affordable(self, rollouts: int, reflections: int, phase: Phase) -> bool:
        """Return whether the running means leave room for the ask in requests, tokens and dollars."""
        rollouts += self._leased_rollouts + self._held_beyond(phase)
        reflections += self._leased_reflections
        limits = (
            (self.budget.requests, _requests),
            (self.budget.tokens, _tokens),
            (self.budget.usd, _usd),
        )
        for limit, amount in limits:
            if limit is None:
                continue
            expected = rollouts * _mean(amount(self._mean_rollout), self._mean_rollout.rollouts)
            expected += reflections * _mean(amount(self._mean_reflection), self._mean_reflection.reflections)
            if amount(self.spent) + expected > limit:
                return False
        return True

    def _held_beyond(self, phase: Phase) -> int:
        return sum(rollouts for later, rollouts in self._held.items() if later > phase)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()


def seconds(budget: Budget) -> float | None:
    """Return a budget's time limit in seconds."""
    limit = budget.seconds
    return limit.total_seconds() if isinstance(limit, timedelta) else limit


def _requests(usage: Usage) -> float:
    return usage.requests


def _tokens(usage: Usage) -> float:
    return usage.tokens


def _usd(usage: Usage) -> float:
    return usage.usd


def _mean(total: float, count: int) -> float:
    return total / count if count else 0.0
