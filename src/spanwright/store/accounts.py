"""The accounts of a run, audited: each rollout is begun once and ended once, each cell scored once, the sum is the sum.

Pure: events in, sentences out. `spanwright store check` prints them, and the tests of crashes ask for none.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from spanwright.core.events import (
    Event,
    ReflectionEnded,
    ReflectionStarted,
    RolloutEnded,
    RolloutStarted,
    RunEnded,
    RunResumed,
    RunStarted,
)
from spanwright.core.rollout import RolloutKey
from spanwright.core.usage import Budget, Usage
from spanwright.store.summary import time_of

CLOCK_TOLERANCE = 1.0
"""Seconds that the clock may go back between two events before that is worth a word."""


@dataclass(slots=True)
class Accounts:
    """What the events of a run add up to, and what in them cannot be."""

    faults: list[str] = field(default_factory=list[str])
    """What must never happen: an amount that was booked twice, or not at all."""
    notes: list[str] = field(default_factory=list[str])
    """What is worth knowing, and harms nothing."""
    ended: set[int] = field(default_factory=set[int])
    """The numbers of the rollouts that ended."""
    answered: set[int] = field(default_factory=set[int])
    """The attempts whose reflection ended."""
    events: int = 0
    _begun: dict[int, RolloutKey] = field(default_factory=dict[int, RolloutKey])
    _in_flight: set[int] = field(default_factory=set[int])
    """Rollouts that this process has begun: those of an earlier one can no longer end."""
    _scored: set[RolloutKey] = field(default_factory=set[RolloutKey])
    _reflecting: set[int] = field(default_factory=set[int])
    _spent: Usage = field(default_factory=Usage)
    _most: Budget = field(default_factory=Budget)
    _latest: float = -math.inf

    @property
    def lost(self) -> int:
        """How many rollouts were begun and never ended."""
        return len(self._begun) - len(self.ended)

    def add(self, event: Event) -> None:
        """Book an event."""
        self.events += 1
        self._keep_time(event)
        match event:
            case RunStarted() | RunResumed():
                self._most = event.budget if isinstance(event, RunStarted) else _larger(self._most, event.budget)
                self._in_flight.clear()
                self._reflecting.clear()
                if isinstance(event, RunStarted):
                    self._spent += event.drafted
            case RolloutStarted():
                if event.number in self._begun:
                    self.faults.append(f"rollout {event.number} was begun twice")
                self._begun[event.number] = event.key
                self._in_flight.add(event.number)
            case RolloutEnded():
                self._end(event)
            case ReflectionStarted():
                self._reflecting.add(event.attempt)
            case ReflectionEnded():
                if event.attempt not in self._reflecting:
                    self.faults.append(f"the reflection of attempt {event.attempt} ended without having begun")
                self._reflecting.discard(event.attempt)
                self.answered.add(event.attempt)
                self._spent += event.usage
            case RunEnded():
                self.faults.extend(_unequal(event.usage, self._spent))
            case _:
                pass

    def close(self) -> None:
        """Compare what was spent with what might be."""
        for name, spent, most in (
            ("rollouts", self._spent.rollouts, self._most.rollouts),
            ("reflections", self._spent.reflections, self._most.reflections),
        ):
            if most is not None and spent > most:
                self.faults.append(f"{spent} {name} were spent, {most} were allowed")

    def _end(self, event: RolloutEnded) -> None:
        rollout = event.rollout
        if rollout.number in self.ended:
            self.faults.append(f"rollout {rollout.number} was ended twice")
        elif rollout.number not in self._in_flight:
            self.faults.append(f"rollout {rollout.number} ended in a process that had not begun it")
        if rollout.score is not None:
            if rollout.key in self._scored:
                key = f"{rollout.key.candidate} on {rollout.key.case!r}, repeat {rollout.key.repeat}"
                self.faults.append(f"{key} was scored twice")
            self._scored.add(rollout.key)
        self._in_flight.discard(rollout.number)
        self.ended.add(rollout.number)
        self._spent += rollout.usage

    def _keep_time(self, event: Event) -> None:
        at = time_of(event)
        if at < self._latest - CLOCK_TOLERANCE:
            gone = self._latest - at
            self.notes.append(f"the clock went back by {gone:.0f} s before event {self.events}: the order still holds")
        self._latest = at


def audited(events: Iterable[Event]) -> Accounts:
    """Return the accounts of a whole history."""
    accounts = Accounts()
    for event in events:
        accounts.add(event)
    accounts.close()
    return accounts


def _larger(one: Budget, other: Budget) -> Budget:
    """Return the larger of two budgets, as far as it is exact: a limit may be lowered below what was spent."""
    return Budget(rollouts=_most(one.rollouts, other.rollouts), reflections=_most(one.reflections, other.reflections))


def _most(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else max(one, other)


def _unequal(told: Usage, summed: Usage) -> Iterator[str]:
    for name in ("rollouts", "reflections", "requests", "input_tokens", "output_tokens", "usd"):
        if not math.isclose(getattr(told, name), getattr(summed, name), rel_tol=1e-9, abs_tol=1e-9):
            yield f"the end tells of {getattr(told, name)} {name}, its parts add up to {getattr(summed, name)}"
