"""The rollouts that are under way, those that were lost with a process, and those that the world failed."""

from collections import Counter

from spanwright.core.candidate import CandidateId
from spanwright.core.events import RolloutStarted
from spanwright.core.rollout import Rollout


class Flights:
    """From the intent to spend a rollout to its end."""

    def __init__(self) -> None:
        self.launched = 0
        """How many rollouts were ever started: what was lost in flight is spent, too."""
        self.next_number = 1
        self.lost: list[RolloutStarted] = []
        self.lost_lately: tuple[RolloutStarted, ...] = ()
        """Those that were lost with the latest process."""
        self._under_way: dict[int, RolloutStarted] = {}
        self._flying: Counter[tuple[CandidateId, str]] = Counter()
        self._failed: Counter[tuple[CandidateId, str]] = Counter()

    def start(self, event: RolloutStarted) -> None:
        """Take note of a rollout under way."""
        self.launched += 1
        self.next_number = max(self.next_number, event.number + 1)
        self._under_way[event.number] = event
        self._flying[event.key.candidate, event.key.case] += 1

    def end(self, rollout: Rollout) -> None:
        """Take note that a rollout ended, scored or not."""
        started = self._under_way.pop(rollout.number, None)
        if started is not None:
            self._land(started)
        if rollout.score is None:
            self._failed[rollout.key.candidate, rollout.key.case] += 1

    def resume(self) -> None:
        """Give up what was under way; the world, where it had failed a cell, gets another chance."""
        self.lost_lately = tuple(self._under_way.values())
        self.lost.extend(self.lost_lately)
        for started in self.lost_lately:
            self._land(started)
        self._under_way.clear()
        self._failed.clear()

    def flying(self, candidate: CandidateId, case: str) -> int:
        """Return how many rollouts of a cell are under way."""
        return self._flying[candidate, case]

    def failed(self, candidate: CandidateId, case: str) -> int:
        """Return how many rollouts of a cell the world failed in this process."""
        return self._failed[candidate, case]

    def _land(self, started: RolloutStarted) -> None:
        cell = (started.key.candidate, started.key.case)
        self._flying[cell] -= 1
        if not self._flying[cell]:
            del self._flying[cell]
