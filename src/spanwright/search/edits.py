"""What was tried before on a component: by whom, from which parent, and what became of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge

from spanwright.core.candidate import CandidateId, ComponentId
from spanwright.core.events import Judged, Refused
from spanwright.core.proposal import Proposal, RefusalReason
from spanwright.search.attempts import OpenAttempt

_REPEATED = frozenset({RefusalReason.DUPLICATE, RefusalReason.NEAR_DUPLICATE})
"""Refusals of what another candidate says already; their detail is its id."""
_TELLING = (
    _REPEATED
    | {RefusalReason.TOO_LONG, RefusalReason.PLACEHOLDER, RefusalReason.ECHO}
    | {
        RefusalReason.FORMAT,
        RefusalReason.FORBIDDEN,
        RefusalReason.COPIED,
    }
)
"""Refusals that say something about the text; the others are slips of form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One text that was proposed for one component."""

    number: int
    """Counts the edits of a run in the order in which they were judged."""
    parent: CandidateId
    component: ComponentId
    text: str
    """Empty where a refused answer was not kept."""
    child: CandidateId | None = None
    """The child that has the text, if it was admitted."""
    together: tuple[ComponentId, ...] = ()
    """The other components of the same proposal."""
    turned_down: str = ""
    """Why it was not admitted."""
    twin: CandidateId | None = None
    """Whom it would have repeated, where it was refused for that."""


class Edits:
    """Edits by the parent that they were made from."""

    def __init__(self) -> None:
        self._made: dict[tuple[CandidateId, ComponentId], list[Edit]] = {}
        self._count = 0

    def judge(self, event: Judged, parent: CandidateId) -> None:
        """Keep the edits of a judged child."""
        accepted = event.verdict.accepted
        for component, text in event.proposal.edits.items():
            self._keep(
                Edit(
                    number=self._count,
                    parent=parent,
                    component=component,
                    text=text,
                    child=event.child.id if accepted else None,
                    together=_others(event.proposal, component),
                    turned_down="" if accepted else f"not admitted: {event.verdict.reason}",
                )
            )

    def refuse(self, event: Refused, attempt: OpenAttempt | None) -> None:
        """Keep what was refused for its content."""
        if event.refusal.reason not in _TELLING:
            return
        result = None if attempt is None else attempt.result
        if isinstance(result, Proposal):
            texts = dict(result.edits)
        else:
            texts = dict.fromkeys((attempt.components or ()) if attempt is not None else (), "")
        why = f"refused: {event.refusal.reason.value}"
        for component, text in texts.items():
            self._keep(
                Edit(
                    number=self._count,
                    parent=event.parent,
                    component=component,
                    text=text,
                    together=_others(result, component) if isinstance(result, Proposal) else (),
                    turned_down=why,
                    twin=(event.refusal.detail or None) if event.refusal.reason in _REPEATED else None,
                )
            )

    def made_from(self, parent: CandidateId, components: Iterable[ComponentId]) -> Iterator[Edit]:
        """Yield the edits of `components` that were made from `parent`, the newest first."""
        made = [reversed(self._made.get((parent, component), ())) for component in components]
        return merge(*made, key=lambda edit: -edit.number)

    def _keep(self, edit: Edit) -> None:
        self._count += 1
        self._made.setdefault((edit.parent, edit.component), []).append(edit)


def _others(proposal: Proposal, component: ComponentId) -> tuple[ComponentId, ...]:
    return tuple(each for each in proposal.edits if each != component)
