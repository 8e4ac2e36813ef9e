"""What failed along a lineage and was not addressed yet.

A failure is a fact about the candidate that showed it, so the parent keeps the lesson, whatever becomes of the attempt.
A child inherits the lessons but for those of the components that its edits address; seen again, they return.
"""

from collections.abc import Iterable, Mapping

from spanwright.core.candidate import CandidateId, ComponentId
from spanwright.core.proposal import Lesson

MOST = 8
"""Lessons that are kept for a component: the newest."""


class Lessons:
    """The lessons of each member by component, the newest first."""

    def __init__(self) -> None:
        self._of: dict[CandidateId, Mapping[ComponentId, tuple[Lesson, ...]]] = {}

    def learn(self, candidate: CandidateId, lessons: Iterable[Lesson]) -> None:
        """Add lessons; one with a text that is known moves to the front."""
        known = dict(self._of.get(candidate, {}))
        for lesson in lessons:
            others = (each for each in known.get(lesson.component, ()) if each.text != lesson.text)
            known[lesson.component] = (lesson, *others)[:MOST]
        if known:
            self._of[candidate] = known

    def inherit(self, child: CandidateId, parent: CandidateId, edited: Iterable[ComponentId]) -> None:
        """Hand the parent's lessons on to a child, but for those about `edited` components."""
        addressed = set(edited)
        known = self._of.get(parent, {})
        self._of[child] = {component: known[component] for component in known if component not in addressed}

    def about(self, candidate: CandidateId, components: Iterable[ComponentId]) -> tuple[Lesson, ...]:
        """Return the lessons about `components`, the newest of each first."""
        known = self._of.get(candidate, {})
        return tuple(lesson for component in components for lesson in known.get(component, ()))
