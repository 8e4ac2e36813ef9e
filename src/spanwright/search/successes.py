"""The best try of each training case, by the number of its rollout: what a failure of the case is shown beside."""

from spanwright.core.rollout import Rollout


class Successes:
    """Folds scored rollouts of members on training cases. One number a case, whatever the length of the run."""

    def __init__(self) -> None:
        self._best: dict[str, tuple[float, int]] = {}

    def add(self, rollout: Rollout, score: float) -> None:
        """Keep a rollout that came to its end and beats all before it on its case; of equals the first stays."""
        known = self._best.get(rollout.key.case)
        if rollout.failure is None and (known is None or score > known[0]):
            self._best[rollout.key.case] = (score, rollout.number)

    def above(self, case: str, score: float) -> int | None:
        """Return the number of the best rollout on a case, if it has a better score than that."""
        known = self._best.get(case)
        return known[1] if known is not None and known[0] > score else None
