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
    """Return what each member is worth, with optimism where that is a mean; minus infinity where nothing is known.

    The model of the lineage needs none: what is to be hoped of an edit is part of it.
    """
    if view.posterior is not None:
        return view.worth
    lacking = np.maximum(0.0, 1.0 - view.owns / max(1, cells_wanted(view)))
    return np.nan_to_num(view.estimates + _OPTIMISM * view.scale * lacking, nan=-np.inf)


def may_win(view: PoolView, candidate: CandidateId, slack: float = 0.5) -> bool:
    """Return whether a member, measured as far as is wanted by now, could still beat the incumbent.

    `slack` counts standard deviations of what more cells may change.
    """
    own, wanted = view.own(candidate), cells_wanted(view)
    if not own:
        return True
    worth, member = outlook(view), view.member(candidate).order
    if view.posterior is None:
        open_yet = SPREAD * view.scale * max(0.0, 1.0 / own - 1.0 / wanted) ** 0.5
    else:
        open_yet = view.posterior.gain_of_knowing(member, max(0, wanted - own))
    return bool(worth[member] + slack * open_yet >= worth[view.member(view.incumbent).order])


def spreads(view: PoolView) -> Floats:
    """Return how far, as a standard deviation, each member may be from what it is taken to be worth."""
    if view.posterior is not None:
        return view.posterior.spreads
    return SPREAD * view.scale / np.sqrt(view.owns + 2)
