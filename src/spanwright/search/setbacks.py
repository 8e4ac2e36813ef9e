"""Cases that the world fails again and again while it answers for others: they are set aside, and named in the end.

In an outage all cases fail alike, and that says nothing of any: a failure counts only where another case was scored
since the last one of the same case.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from spanwright.core.rollout import Rollout

SET_ASIDE: Final = 3
"""Rollouts of a case that the world must fail, without a score between them."""


@dataclass(slots=True)
class _Setback:
    rollouts: int = 0
    answers: int = -1
    """Scored rollouts of other cases when the last one was counted."""
    message: str = ""


class Setbacks:
    """A fold over rollouts that ended."""

    def __init__(self) -> None:
        self._answers = 0
        self._by_case: dict[str, _Setback] = {}
        self._aside: dict[str, str] = {}

    @property
    def aside(self) -> Mapping[str, str]:
        """The cases that are set aside, each with its last failure."""
        return self._aside

    def note(self, rollout: Rollout) -> None:
        """Take a rollout into account."""
        case = rollout.key.case
        if rollout.score is not None:
            self._answers += 1
            self._by_case.pop(case, None)
            self._aside.pop(case, None)
            return
        if rollout.failure is None:
            return
        setback = self._by_case.setdefault(case, _Setback())
        setback.message = f"{rollout.failure.boundary}: {rollout.failure.message}"
        if self._answers > setback.answers:
            setback.rollouts += 1
            setback.answers = self._answers
        if setback.rollouts >= SET_ASIDE:
            self._aside[case] = setback.message

    def resume(self) -> None:
        """Give every case another chance: time has passed."""
        self._by_case.clear()
        self._aside.clear()
