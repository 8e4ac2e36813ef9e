"""What failed with a text and no edit of that text has addressed: facts with their evidence.

A lesson belongs to a component's text: whoever has the same text has the same lessons, and an edit begins anew. The
same lesson seen again is more evidence, not another lesson; seen under the text that was to address it, it came back.
It is retired where it is contradicted: by a descendant of whoever showed it that solves the same case, or by an
opposite lesson with more evidence.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import TypeAlias

from spanwright.core.candidate import Candidate, CandidateId, Component, ComponentId
from spanwright.core.proposal import Learnt, Lesson
from spanwright.search.wording import Gist, gist

MOST = 8
"""Lessons of a component that a reflection is shown."""
_KEPT = 24
"""Lessons that are kept of a text: some are retired by the time they would be shown."""
_HALF_LIFE = 16
"""After so many attempts without being seen a lesson counts half."""
_EARLIER = 8
"""Texts that a text replaced, one after the other, among whose lessons one is looked for that came back."""

Solved: TypeAlias = Callable[[str, CandidateId], bool]
"""Whether a case was solved by a descendant of the candidate that had failed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A lesson, and all that speaks for it."""

    lesson: Lesson
    """In the words in which it was seen last."""
    gist: Gist
    shown: Mapping[str, CandidateId] = field(default_factory=dict[str, CandidateId])
    """By each case, or attempt without one, the candidate that showed it last."""
    latest: int
    """The attempt in which it was seen last."""
    order: int

    def evidence(self, solved: Solved) -> int:
        """Return how many distinct cases and attempts speak for it, another run's included."""
        mine = sum(
            not (key.startswith(_CASE) and solved(key.removeprefix(_CASE), by)) for key, by in self.shown.items()
        )
        return mine + self.lesson.evidence


_CASE = "case "


class Lessons:
    """Folds lessons and the edits that address them."""

    def __init__(self) -> None:
        self._of: dict[tuple[ComponentId, str], tuple[_Known, ...]] = {}
        self._replaced: dict[tuple[ComponentId, str], str] = {}
        self._count = 0
        self.addressed = 0
        """Lessons on texts that an admitted child's edits replaced."""
        self.returned = 0
        """Those of them that were seen again with the new text."""

    def learn(self, candidate: Candidate, lessons: Iterable[Lesson], attempt: int) -> None:
        """Take note of what was seen with a candidate."""
        for lesson in lessons:
            if lesson.component in candidate.texts:
                key = (lesson.component, candidate.texts[lesson.component])
                where = {f"{_CASE}{lesson.case}" if lesson.case else f"attempt {attempt}": candidate.id}
                self._see(key, replace(lesson, evidence=0), where, attempt)

    def take_over(self, seed: Candidate, lessons: Iterable[Lesson]) -> None:
        """Begin with what another run has learnt: its cases count as they did there, nothing here contradicts them."""
        for lesson in lessons:
            if lesson.component in seed.texts:
                self._see((lesson.component, seed.texts[lesson.component]), replace(lesson, case=""), {}, 0)

    def address(self, child: Candidate, parent: Candidate, edited: Iterable[ComponentId]) -> None:
        """Take note that a child was admitted whose edits may have addressed what is known of the parent's texts."""
        for component in edited:
            key = (component, child.texts[component])
            if key not in self._replaced and child.texts[component] != parent.texts[component]:
                self._replaced[key] = parent.texts[component]
                self.addressed += len(self._of.get((component, parent.texts[component]), ()))

    def about(
        self, candidate: Candidate, components: Iterable[ComponentId], *, solved: Solved, now: int, most: int = MOST
    ) -> tuple[Lesson, ...]:
        """Return what is known of the candidate's texts and not retired, what most speaks for first.

        The best one of each component comes before the second best of any: a reader may have room for the first only.
        """
        known = (self._of.get((each, candidate.texts.get(each, "")), ()) for each in components)
        ranks = zip_longest(*(self._alive(each, solved, now)[:most] for each in known))
        return tuple(lesson for rank in ranks for lesson in rank if lesson is not None)

    def all(self) -> Iterator[Learnt]:
        """Yield every lesson with the text that it was seen with."""
        for (_, text), known in self._of.items():
            for each in known:
                yield Learnt(lesson=replace(each.lesson, evidence=max(1, each.evidence(_nothing_is))), text=text)

    def _see(
        self, key: tuple[ComponentId, str], lesson: Lesson, where: Mapping[str, CandidateId], attempt: int
    ) -> None:
        known = self._of.get(key, ())
        said = gist(lesson.text)
        same = next((each for each in known if each.gist.is_like(said)), None)
        before = same or self._earlier(key, said)
        if before is not None:
            came_back = same is None
            self.returned += came_back
            lesson = replace(
                lesson,
                evidence=lesson.evidence + before.lesson.evidence,
                returned=max(lesson.returned, before.lesson.returned + came_back),
            )
            where = {**before.shown, **where}
        self._count += 1
        new = _Known(lesson=lesson, gist=said, shown=where, latest=attempt, order=self._count)
        others = [each for each in known if each is not same]
        if len(others) == _KEPT:
            speaks = {each.order: len(each.shown) + each.lesson.evidence for each in others}
            others.remove(_ranked(others, speaks, attempt)[-1])
        self._of[key] = (new, *others)

    def _earlier(self, key: tuple[ComponentId, str], said: Gist) -> _Known | None:
        """Return the lesson that an edit was to address, if this is one that came back."""
        component, text = key
        for _ in range(_EARLIER):
            replaced = self._replaced.get((component, text))
            if replaced is None:
                return None
            text = replaced
            for each in self._of.get((component, text), ()):
                if each.gist.is_like(said):
                    return each
        return None

    def _alive(self, known: Sequence[_Known], solved: Solved, now: int) -> list[Lesson]:
        if not known:
            return []
        speaks = {each.order: each.evidence(solved) for each in known}
        alive = [each for each in known if speaks[each.order]]
        affirmed = [each for each in alive if not each.gist.negated]
        denied = [each for each in alive if each.gist.negated]
        kept = [
            each
            for each in alive
            if not any(
                (speaks[other.order], other.order) > (speaks[each.order], each.order)
                and other.gist.is_opposite_of(each.gist)
                for other in (affirmed if each.gist.negated else denied)
            )
        ]
        return [replace(each.lesson, evidence=speaks[each.order]) for each in _ranked(kept, speaks, now)]


def applicable(
    learnt: Sequence[Learnt], seed: Candidate, components: Iterable[Component]
) -> tuple[tuple[Lesson, ...], tuple[ComponentId, ...]]:
    """Return which lessons of another run a run from `seed` can begin with, and the components that are not there.

    Lessons that were seen with the very text that a component has now; all lessons of a component whose text that run
    never had.
    """
    here = {component.id for component in components}
    found: list[Lesson] = []
    for id in dict.fromkeys(each.lesson.component for each in learnt):
        about = [each for each in learnt if each.lesson.component == id]
        seen = {each.text for each in about}
        fitting = [each.lesson for each in about if each.text == seed.texts.get(id) or seed.texts.get(id) not in seen]
        if id in here:
            found.extend(sorted(fitting, key=lambda lesson: -lesson.evidence)[:MOST])
    gone = dict.fromkeys(each.lesson.component for each in learnt if each.lesson.component not in here)
    return tuple(found), tuple(gone)


def _ranked(known: Iterable[_Known], speaks: Mapping[int, int], now: int) -> list[_Known]:
    """Return what most speaks for first; `speaks` is the evidence by the lesson's order."""

    def worth(each: _Known) -> tuple[float, int]:
        return (-speaks[each.order] * 0.5 ** ((now - each.latest) / _HALF_LIFE), -each.order)

    return sorted(known, key=worth)


def _nothing_is(case: str, candidate: CandidateId) -> bool:
    return False
