"""What the parts of a search brought in this run: several edits at once, merges, escapes, lessons, blame.

Simulations cannot say what they bring with a real model; a run's own history can. A pure fold over events. All of it is
observed, not randomized: a better part may have met easier moments of the run.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from spanwright.core.candidate import CandidateId, ComponentId
from spanwright.core.events import AttemptStarted, Escape, Event, Judged, ReflectionStarted, Refused
from spanwright.core.proposal import Origin, RefusalReason
from spanwright.report import figures
from spanwright.search import PoolView
from spanwright.search.statistics import Interval, mean_interval

_MANY = 3
"""Edits of so many components or more are told together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What was seen of each part. A change is a child's mean minus its parent's, on cells that both have."""

    changes: Mapping[str, Interval] = field(default_factory=dict[str, Interval])
    """The mean change by what made the children, "edits of 1 text" or "merges" or an escape; `n` counts children."""
    lessons_addressed: int = 0
    """Lessons on texts that an admitted child replaced."""
    lessons_returned: int = 0
    """Those of them that were seen again with the new text."""
    reflections: int = 0
    """Reflections with several texts on offer whose answer was judged."""
    first_edited: int = 0
    """Those of them that edited the text that was suspected most."""
    first_by_chance: float = 0.0
    """As many would have, had they chosen among the texts on offer by chance."""
    near_duplicates: int = 0
    """Answers that said what was tried before, and cost no rollout."""

    def lines(self) -> Iterator[str]:
        """Yield what there is to show, a line each; nothing of a part that never came to work."""
        for made, change in self.changes.items():
            children = "1 child" if change.n == 1 else f"{change.n} children"
            yield f"{made}: {figures.interval(change, signed=True)} ({children})"
        if self.lessons_addressed:
            yield f"lessons: {self.lessons_addressed} addressed by edits, {self.lessons_returned} seen again after it"
        if self.reflections:
            chance = f"{self.first_by_chance:.1f} by chance"
            yield f"blame: {self.first_edited} of {self.reflections} answers edited the prime suspect ({chance})"
        if self.near_duplicates:
            yield f"near-duplicates: {figures.number(self.near_duplicates, 'answer')} refused before any rollout"

    def record(self) -> dict[str, object]:
        """Return the figures for programs."""
        return {
            "changes": {made: {"mean": change.mean, "children": change.n} for made, change in self.changes.items()},
            "lessons_addressed": self.lessons_addressed,
            "lessons_returned": self.lessons_returned,
            "reflections": self.reflections,
            "first_edited": self.first_edited,
            "first_by_chance": round(self.first_by_chance, 3),
            "near_duplicates": self.near_duplicates,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Born:
    child: CandidateId
    parent: CandidateId
    made: str
    escape: Escape | None


class Tally:
    """Folds what `Worth` counts and the pool does not keep."""

    def __init__(self) -> None:
        self._offers: dict[int, Sequence[ComponentId]] = {}
        self._escapes: dict[int, Escape | None] = {}
        self._born: dict[CandidateId, _Born] = {}
        self._reflections = 0
        self._first_edited = 0
        self._first_by_chance = 0.0
        self._near_duplicates = 0

    def apply(self, event: Event) -> None:
        """Take an event into account."""
        match event:
            case AttemptStarted():
                self._escapes[event.attempt] = event.escape
            case ReflectionStarted():
                self._offers[event.attempt] = event.components
            case Judged():
                self._judge(event)
            case Refused():
                self._near_duplicates += event.refusal.reason is RefusalReason.NEAR_DUPLICATE
            case _:
                pass

    def worth(self, view: PoolView) -> Worth:
        """Return what was seen so far."""
        changes: dict[str, list[float]] = {}
        for each in self._born.values():
            compared = view.compare(each.child, each.parent)
            if compared is not None:
                for made in (each.made, *((f"escapes by {each.escape.value}",) if each.escape else ())):
                    changes.setdefault(made, []).append(compared.own - compared.other)
        return Worth(
            changes={made: mean_interval(values) for made, values in sorted(changes.items())},
            lessons_addressed=view.addressed,
            lessons_returned=view.returned,
            reflections=self._reflections,
            first_edited=self._first_edited,
            first_by_chance=self._first_by_chance,
            near_duplicates=self._near_duplicates,
        )

    def _judge(self, event: Judged) -> None:
        proposal, offered = event.proposal, self._offers.pop(event.attempt, ())
        if proposal.origin is Origin.REFLECTION and len(offered) > 1:
            self._reflections += 1
            self._first_edited += offered[0] in proposal.edits
            self._first_by_chance += min(1.0, len(proposal.edits) / len(offered))
        if event.verdict.accepted and proposal.parents:
            escape = self._escapes.get(event.attempt)
            born = _Born(child=event.child.id, parent=proposal.parents[0], made=_made(event), escape=escape)
            self._born.setdefault(event.child.id, born)


def _made(event: Judged) -> str:
    proposal = event.proposal
    if proposal.origin is not Origin.REFLECTION:
        return f"{proposal.origin.value}s"
    count = len(proposal.edits)
    return (
        "edits of 1 text" if count == 1 else f"edits of {count} texts" if count < _MANY else "edits of 3 or more texts"
    )
