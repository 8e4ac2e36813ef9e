"""Cases that the world fails again and again while it answers for others: they are set aside, and named in the end.

In an outage all cases fail alike, and that says nothing of any: a failure counts only where the latest rollout of
another case was scored.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from spanwright.core.rollout import Rollout

SET_ASIDE: Final = 3
"""Rollouts of a case that the world must fail, without a score between them."""


class Setbacks:
    """A fold over rollouts that ended."""

    def __init__(self) -> None:
        self._latest: dict[str, bool] = {}
        self._counts: Counter[str] = Counter()
        self._aside: dict[str, str] = {}

    @property
    def aside(self) -> Mapping[str, str]:
        """The cases that are set aside, each with its last failure."""
        return self._aside

    def note(self, rollout: Rollout) -> None:
        """Take a rollout into account."""
        case, scored = rollout.key.case, rollout.score is not None
        others = next((each for name, each in reversed(self._latest.items()) if name != case), False)
        self._latest.pop(case, None)
        self._latest[case] = scored  # the latest stands last
        if scored:
            self._counts.pop(case, None)
            self._aside.pop(case, None)
        elif others and rollout.failure is not None:
            self._counts[case] += 1
            if self._counts[case] >= SET_ASIDE:
                self._aside[case] = f"{rollout.failure.boundary}: {rollout.failure.message}"

    def resume(self) -> None:
        """Give every case another chance: time has passed."""
        self._latest.clear()
        self._counts.clear()
        self._aside.clear()
