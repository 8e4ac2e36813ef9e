"""The tree that a search grew, in the figures by which GEPA's published trees are told: shapes can be compared."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from spanwright.core.candidate import CandidateId
from spanwright.core.events import Event, RolloutEnded
from spanwright.core.proposal import Origin
from spanwright.core.rollout import Purpose
from spanwright.report.chronicle import Chronicle
from spanwright.report.result import Result

_SPENT_ON_SEARCH = frozenset({Purpose.MINIBATCH, Purpose.GATE, Purpose.VALIDATION, Purpose.FINAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """Candidates by who was made from whom."""

    nodes: int
    """Candidates in the pool, the seed included."""
    merges: int
    seed: float | None
    """The seed's mean on validation, over the cases that the best was tried on, too."""
    best: float | None
    number: int
    """The best one's number; the seed is 0."""
    depth: int
    """Steps from the seed to the best, by the longest way where a merge has two parents."""
    deepest: int
    leaves: int
    validation: float | None
    """The share of the search's rollouts that were spent on validation; the test split is no part of it."""
    admitted: int
    """Children that a reflection wrote and the pool took."""
    reflections: int

    @property
    def gate(self) -> float | None:
        """The share of reflections that led to a candidate of the pool: GEPA's gate turns down the rest."""
        return self.admitted / self.reflections if self.reflections else None

    @classmethod
    def of(cls, events: Iterable[Event]) -> "Tree":
        """Return the tree of a run. Raises UsageError for a run that has not begun."""
        chronicle, spent = Chronicle(), Counter[Purpose]()
        for event in events:
            chronicle.apply(event)
            if isinstance(event, RolloutEnded):
                spent[event.rollout.purpose] += 1
        result, view = Result.of(chronicle), chronicle.view
        depths = dict[CandidateId, int]()
        for member in view.members:  # a parent always comes before its children
            depths[member] = max((depths[parent] + 1 for parent in view.member(member).parents), default=0)
        parents = {parent for member in view.members for parent in view.member(member).parents}
        best = result.best.id
        merges = view.admitted_by(Origin.MERGE)
        search = sum(spent[purpose] for purpose in _SPENT_ON_SEARCH)
        return cls(
            nodes=len(depths),
            merges=merges,
            seed=result.seed_validation,
            best=result.best_validation,
            number=list(depths).index(best),
            depth=depths[best],
            deepest=max(depths.values()),
            leaves=len(depths.keys() - parents),
            validation=(spent[Purpose.VALIDATION] + spent[Purpose.FINAL]) / search if search else None,
            admitted=len(depths) - 1 - merges,
            reflections=result.reflections,
        )

    def record(self) -> dict[str, float | int | None]:
        """Return the figures by name, for programs."""
        return {**asdict(self), "gate": self.gate}
