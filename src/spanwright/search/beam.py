"""Beam search as ProTeGi does it (arXiv 2305.03495): a few best members are edited in turn, and a bandit finds them.

Theirs goes round by round; this one has no barrier: whoever among the best was edited least is edited next.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from spanwright.core.candidate import CandidateId
from spanwright.search.outlook import SPREAD, cells_wanted
from spanwright.search.race import in_blocks
from spanwright.search.view import PoolView


@dataclass(frozen=True, slots=True, kw_only=True)
class Beam:
    """Choose, of the `width` best members, the one that the fewest attempts were made on; of equals the better one."""

    width: int = 4

    def __call__(self, view: PoolView, rng: Random) -> CandidateId:
        under_way = Counter(each.parent for each in view.open_attempts if each.draft is None)

        def made(member: CandidateId) -> int:
            return under_way[member] + view.children(member)

        return min(_best(view, self.width), key=made, default=view.seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class InBeam:
    """Measure a member block after block while its upper bound reaches into the beam."""

    width: int = 4
    confidence: float = 1.0
    """Standard errors that the bound lies above the estimate."""

    def __call__(self, view: PoolView, candidate: CandidateId, *, block: int, order: Sequence[str]) -> Sequence[str]:
        return in_blocks(view, candidate, block=block, order=order, goes_on=self._may_stay)

    def _may_stay(self, view: PoolView, candidate: CandidateId) -> bool:
        best, own, estimate = _best(view, self.width), view.own(candidate), view.estimate(candidate)
        if len(best) < self.width or estimate is None or not own:
            return True
        last = view.estimate(best[self.width - 1])
        open_yet = max(0.0, 1.0 / own - 1.0 / max(own, cells_wanted(view)))
        return last is None or estimate + self.confidence * SPREAD * view.scale * open_yet**0.5 >= last


def _best(view: PoolView, width: int) -> Sequence[CandidateId]:
    """Return so many members that can be compared, the best first, of equals the earlier one."""
    established = np.flatnonzero(view.established)
    worth = np.nan_to_num(view.estimates[established], nan=-np.inf)
    ranked: list[int] = established[np.argsort(-worth, kind="stable")][:width].tolist()
    return [view.members[place] for place in ranked]
