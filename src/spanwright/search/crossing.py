"""Crossover by reflection: one is shown a parent and a member that differs from it in few texts, together.

Where two members changed the same text, a merge can only take one of them. A reflector can write what both say.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from spanwright.core.candidate import CandidateId
from spanwright.search.frontier import FrontRule, by_instance, covering_front
from spanwright.search.merging import ancestors
from spanwright.search.view import PoolView

CrossoverRule: TypeAlias = Callable[[PoolView, CandidateId, Random], CandidateId | None]
"""Chooses the member that a parent is crossed with; None: the reflection sees the parent alone.

The smallest one:

    def with_the_best(view, parent, rng):
        return view.incumbent if view.incumbent != parent else None
"""

_LOOKED_AT = 20
"""Members that are compared with the parent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossover:
    """Cross a `share` of the parents with a member of the front that differs in `differ` texts at most.

    Neither descends from the other: how an edit fared against its parent is known without a crossing.
    """

    share: float = 0.1
    differ: int = 1
    front_rule: FrontRule = by_instance

    def __call__(self, view: PoolView, parent: CandidateId, rng: Random) -> CandidateId | None:
        if rng.random() >= self.share:
            return None
        above, mine = ancestors(view, parent), view.candidate(parent)
        others = [each for each in covering_front(view, self.front_rule(view)) if each != parent and each not in above]
        for each in rng.sample(others, min(len(others), _LOOKED_AT)):
            differs = len(view.candidate(each).changes_from(mine)) <= self.differ
            if differs and parent not in ancestors(view, each):
                return each
        return None
