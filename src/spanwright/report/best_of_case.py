"""The best try of each case that is to be solved itself, and not only to teach: whoever made it, and what came out."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from spanwright.core.candidate import Candidate
from spanwright.core.rollout import Observed, Rollout


@dataclass(frozen=True, slots=True, kw_only=True)
class BestOfCase:
    """The best try of one case."""

    case: str
    candidate: Candidate
    score: float
    rollout: int
    """Its number: `spanwright traces show RUN NUMBER` tells the rest."""
    output: str = ""
    """What came out, as text; empty where a result was read from events alone, or nothing was returned."""

    @property
    def line(self) -> str:
        """What to print of it."""
        return f"{self.case[:40]:<12}best {self.score:.7g} by {self.candidate.id}, rollout {self.rollout}"

    def with_output(self, observed: Callable[[int], Observed | None]) -> "BestOfCase":
        """Return it with the output that was kept with its rollout."""
        found = observed(self.rollout)
        return self if found is None else replace(self, output=found.output)


class BestTries:
    """A fold over rollouts."""

    def __init__(self) -> None:
        self._best: dict[str, Rollout] = {}

    def add(self, rollout: Rollout) -> None:
        """Take a rollout into account; one that failed solves nothing. Of equals, the earlier one stays."""
        if rollout.score is None or rollout.failure is not None:
            return
        best = self._best.get(rollout.key.case)
        if best is None or best.score is None or rollout.score.value > best.score.value:
            self._best[rollout.key.case] = rollout

    def of(self, case: str) -> Rollout | None:
        """Return the best rollout of a case; None where nobody has solved it."""
        return self._best.get(case)
