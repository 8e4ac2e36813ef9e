"""Tell a user's bug from a bad prompt: what fails in the same way on most cases of the seed is nobody's text."""

from collections import Counter

from spanwright.core.candidate import CandidateId
from spanwright.core.rollout import Blame, Rollout
from spanwright.errors import UserBug

_PERHAPS_BUGS = frozenset({"program", "model", "tool"})
"""Boundaries at which the user may be at fault: an exception of their code, a request that the model refused, a tool
that never comes back."""

LEAST = 3
"""Rollouts of the seed before anything is concluded."""


class SeedFailures:
    """How the seed's rollouts failed, by signature."""

    def __init__(self, run: str, seed: CandidateId, least: int = LEAST) -> None:
        self._run = run
        self._seed = seed
        self._least = least
        self._finished = 0
        self._signatures: Counter[str] = Counter()
        self._last: dict[str, Rollout] = {}

    def note(self, rollout: Rollout) -> None:
        """Take a finished rollout into account; those of other candidates are ignored."""
        failure = rollout.failure
        if rollout.key.candidate != self._seed or (failure is not None and failure.blame is Blame.WORLD):
            return
        self._finished += 1
        # Limits that are exceeded and output that stays invalid are what better texts mend, however often.
        if failure is not None and failure.boundary in _PERHAPS_BUGS:
            self._signatures[failure.signature] += 1
            self._last[failure.signature] = rollout

    def bug(self) -> UserBug | None:
        """Return the bug, if most of the seed's rollouts so far failed in the same way."""
        if self._finished < self._least or not self._signatures:
            return None
        signature, count = self._signatures.most_common(1)[0]
        if count * 2 <= self._finished:
            return None
        rollout = self._last[signature]
        failure = rollout.failure
        assert failure is not None
        return UserBug(
            failure.boundary,
            f"{failure.message} (the same in {count} of {self._finished} rollouts of the unchanged agent)",
            case=rollout.key.case,
            trace=f"{self._run} {rollout.number}",
        )
