"""What to do otherwise when the search makes no progress. A pure function of the pool and of the attempt's chance."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from spanwright.core.candidate import CandidateId
from spanwright.core.events import Escape
from spanwright.search.parents import ParentRule, Thompson
from spanwright.search.view import PoolView

EscapeRule: TypeAlias = Callable[[PoolView, Random], Escape | None]
"""Chooses what the next attempt does otherwise; None: nothing.

The smallest one:

    def sometimes(view, rng):
        return Escape.QUESTION if view.since_better > 20 else None
"""


_HOT = 2.0
"""Four times the usual temperature: members a whole standard deviation behind are chosen, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plateau:
    """Escape in a share of the attempts once none has made the incumbent better beyond chance for long.

    How long is a share of the attempts that the budget affords: a short run cannot wait.
    """

    share: float = 0.15
    least: int = 8
    """Attempts that a plateau lasts at least."""
    ways: tuple[Escape, ...] = (Escape.QUESTION,)
    """Chosen among by chance."""
    often: float = 0.5
    """The share of a plateau's attempts that escape; the others go on as before."""

    def __call__(self, view: PoolView, rng: Random) -> Escape | None:
        if view.since_better < max(self.least, self.share * _affordable(view)):
            return None
        way = rng.choice(self.ways)
        return way if rng.random() < self.often else None


def _affordable(view: PoolView) -> float:
    """Return how many attempts the budget of rollouts affords, at what they cost so far; 0 without one."""
    if view.budget.rollouts is None or not view.attempts or not view.spent:
        return 0.0
    return view.budget.rollouts * view.attempts / view.spent


def elsewhere(view: PoolView, rng: Random) -> CandidateId:
    """Choose one of the best members off the incumbent's line; without any, the seed.

    The best quarter of them, at least one: a restart from a bad one would throw away what is known.
    """
    others = _off_line(view)
    if not others:
        return view.seed
    estimates = view.estimates
    others.sort(key=lambda member: (-float(estimates[view.member(member).order]), view.member(member).order))
    return rng.choice(others[: max(1, len(others) // 4)])


def _off_line(view: PoolView) -> list[CandidateId]:
    """Return the established members that are neither ancestors nor descendants of the incumbent."""
    above, below = set(view.lineage(view.incumbent)), {view.incumbent}
    for member in view.members:  # parents come before their children
        parents = view.member(member).parents
        if parents and parents[0] in below:
            below.add(member)
    on_line = above | below
    everyone = zip(view.members, view.established.tolist(), strict=True)
    return [member for member, established in everyone if established and member not in on_line]


def parent_rule(escape: Escape | None, usual: ParentRule) -> ParentRule:
    """Return how an attempt that escapes so chooses its parent."""
    match escape:
        case Escape.WIDEN:
            return Thompson(temperature=_HOT)
        case Escape.RESTART:
            return elsewhere
        case _:
            return usual
