"""Components that have one of a few values, such as settings of a model: tried one by one, and judged by measurement.

No reflector sees them. A draft changes one of them on the incumbent; its child goes the way of every child.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from spanwright.core.candidate import ComponentId
from spanwright.core.proposal import Draft, Origin, Proposal
from spanwright.search.drafts import DraftRule, undrafted
from spanwright.search.view import PoolView


@dataclass(frozen=True, slots=True, kw_only=True)
class Choosing:
    """Try another value of one component on the incumbent, the least tried one first, in a `share` of the attempts.

    The share is kept by count and not by chance: a short run must not come to its end without a try.
    """

    share: float = 1 / 3
    """Where nothing but such components may change, it is every attempt."""
    otherwise: DraftRule | None = None
    """What else may be drafted."""

    def __call__(self, view: PoolView, rng: Random) -> Draft | None:
        if self._is_due(view):
            tried = _tried(view)
            moves = list(_moves(view))
            rng.shuffle(moves)
            moves.sort(key=lambda move: tried[move])
            for component, value in moves:
                proposal = Proposal(
                    parents=(view.incumbent,),
                    edits={component: value},
                    rationale=f"another value: {component} = {value or 'as the agent has it'}",
                    origin=Origin.CHOICE,
                )
                if undrafted(view, proposal):
                    return Draft(proposal=proposal)
        return None if self.otherwise is None else self.otherwise(view, rng)

    def _is_due(self, view: PoolView) -> bool:
        open_ones = (each.draft for each in view.open_attempts)
        under_way = sum(draft is not None and draft.proposal.origin is Origin.CHOICE for draft in open_ones)
        alone = all(component.values for component in view.components)
        return alone or view.admitted_by(Origin.CHOICE) + under_way < self.share * view.next_attempt


def _moves(view: PoolView) -> Iterator[tuple[ComponentId, str]]:
    texts = view.candidate(view.incumbent).texts
    for component in view.components:
        for value in component.values:
            if component.id in texts and value != texts[component.id]:
                yield component.id, value


def _tried(view: PoolView) -> Counter[tuple[ComponentId, str]]:
    """Return how many members have each value."""
    chosen = [component.id for component in view.components if component.values]
    return Counter((id, view.candidate(member).texts[id]) for member in view.members for id in chosen)
