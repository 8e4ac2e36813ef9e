"""What a member may be worth: its estimate, a slight optimism for the little measured, and how far it can be off."""

import numpy as np

from spanwright.core.candidate import CandidateId
from spanwright.search.arrays import Floats
from spanwright.search.view import PoolView

SPREAD = 0.45
"""The standard deviation of one validation cell, for scores between 0 and 1."""

_LEAST_CELLS = 16
_SHARE_OF_SPENT = 0.04
_OPTIMISM = 0.03


def cells_wanted(view: PoolView) -> int:
    """Return how many cells of its own a contender should have by now: more, the more was spent.

    A growing target costs no quality, saves reflections and nearly halves the winner's curse (against a fixed one).
    """
    return min(len(view.validation), max(_LEAST_CELLS, int(_SHARE_OF_SPENT * view.spent)))


def outlook(view: PoolView) -> Floats:
    """Return each member's estimate with optimism; minus infinity where nothing is known."""
    lacking = np.maximum(0.0, 1.0 - view.owns / max(1, cells_wanted(view)))
    return np.nan_to_num(view.estimates + _OPTIMISM * view.scale * lacking, nan=-np.inf)


def may_win(view: PoolView, candidate: CandidateId, slack: float = 0.5) -> bool:
    """Return whether a member, measured as far as is wanted by now, could still beat the incumbent.

    `slack` counts standard deviations of what more cells may change.
    """
    own, wanted = view.own(candidate), cells_wanted(view)
    if not own:
        return True
    open_yet = max(0.0, 1.0 / own - 1.0 / wanted)
    worth = outlook(view)
    mine, best = worth[view.member(candidate).order], worth[view.member(view.incumbent).order]
    return bool(mine + slack * SPREAD * view.scale * open_yet**0.5 >= best)
