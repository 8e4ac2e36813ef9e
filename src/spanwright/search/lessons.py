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
    cases: Mapping[str, CandidateId] = field(default_factory=dict[str, CandidateId])
    """By each case that showed it, the candidate that did last."""
    attempts: frozenset[int] = frozenset()
    """The attempts that showed it without a case."""
    latest: int
    """The attempt in which it was seen last."""
    order: int

    @property
    def most_evidence(self) -> int:
        """How many distinct cases and attempts ever spoke for it, another run's included."""
        return len(self.cases) + len(self.attempts) + self.lesson.evidence

    def evidence(self, solved: Solved) -> int:
        """Return how many still do."""
        count = len(self.cases) + len(self.attempts) + self.lesson.evidence
        for case, by in self.cases.items():
            count -= solved(case, by)
        return count

    def seen_again(self, earlier: "_Known") -> "_Known":
        """Return it with what spoke for it earlier."""
        return replace(self, cases={**earlier.cases, **self.cases}, attempts=earlier.attempts | self.attempts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """What is known of one text."""

    known: tuple[_Known, ...] = ()
    denials: tuple[tuple[int, int], ...] = ()
    """Pairs of lessons that deny each other, by their orders: compared once, when the later one is seen."""

    def with_new(self, new: _Known, left: Sequence[_Known]) -> "_Page":
        """Return the page with a lesson, and of the earlier ones only those that are left."""
        orders = {each.order for each in left}
        kept = [pair for pair in self.denials if orders.issuperset(pair)]
        found = [(each.order, new.order) for each in left if each.gist.is_opposite_of(new.gist)]
        return _Page(known=(new, *left), denials=(*kept, *found))

    def alive(self, solved: Solved) -> Mapping[int, int]:
        """Return how much speaks for each lesson that nothing retires, by its order."""
        speaks = {each.order: count for each in self.known if (count := each.evidence(solved))}
        denied = {
            min(pair, key=lambda order: (speaks[order], order))
            for pair in self.denials
            if pair[0] in speaks and pair[1] in speaks
        }
        return {order: count for order, count in speaks.items() if order not in denied} if denied else speaks


_BLANK = _Page()


class Lessons:
    """Folds lessons and the edits that address them."""

    def __init__(self) -> None:
        self._of: dict[tuple[ComponentId, str], _Page] = {}
        self._gists: dict[str, Gist] = {}
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
                self._see(key, self._new(replace(lesson, evidence=0), attempt, candidate.id))

    def take_over(self, seed: Candidate, lessons: Iterable[Lesson]) -> None:
        """Begin with what another run has learnt: its cases count as they did there, nothing here contradicts them."""
        for lesson in lessons:
            if lesson.component in seed.texts:
                self._see((lesson.component, seed.texts[lesson.component]), self._new(replace(lesson, case=""), 0))

    def address(self, child: Candidate, parent: Candidate, edited: Iterable[ComponentId]) -> None:
        """Take note that a child was admitted whose edits may have addressed what is known of the parent's texts."""
        for component in edited:
            key = (component, child.texts[component])
            if key not in self._replaced and child.texts[component] != parent.texts[component]:
                self._replaced[key] = parent.texts[component]
                self.addressed += len(self._of.get((component, parent.texts[component]), _BLANK).known)

    def about(
        self, candidate: Candidate, components: Iterable[ComponentId], *, solved: Solved, now: int, most: int = MOST
    ) -> tuple[Lesson, ...]:
        """Return what is known of the candidate's texts and not retired, what most speaks for first.

        The best one of each component comes before the second best of any: a reader may have room for the first only.
        """
        pages = (self._page(candidate, each) for each in components)
        ranks = zip_longest(*(_told(each, solved, now, most) for each in pages))
        return tuple(lesson for rank in ranks for lesson in rank if lesson is not None)

    def count(
        self, candidate: Candidate, components: Iterable[ComponentId], *, solved: Solved, most: int = MOST
    ) -> Mapping[ComponentId, int]:
        """Return how many lessons `about` would tell of each component, where it tells any."""
        counts = {each: min(most, len(self._page(candidate, each).alive(solved))) for each in components}
        return {component: count for component, count in counts.items() if count}

    def all(self) -> Iterator[Learnt]:
        """Yield every lesson with the text that it was seen with."""
        for (_, text), page in self._of.items():
            for each in page.known:
                yield Learnt(lesson=replace(each.lesson, evidence=max(1, each.most_evidence)), text=text)

    def _page(self, candidate: Candidate, component: ComponentId) -> _Page:
        return self._of.get((component, candidate.texts.get(component, "")), _BLANK)

    def _new(self, lesson: Lesson, attempt: int, by: CandidateId | None = None) -> _Known:
        """Return a lesson as it is seen for the first time, here by a candidate; the same words were often seen before.

        In another run it was seen by nobody who is here.
        """
        said = self._gists.get(lesson.text)
        if said is None:
            said = self._gists[lesson.text] = gist(lesson.text)
        self._count += 1
        return _Known(
            lesson=lesson,
            gist=said,
            cases={lesson.case: by} if by and lesson.case else {},
            attempts=frozenset({attempt}) if by and not lesson.case else frozenset(),
            latest=attempt,
            order=self._count,
        )

    def _see(self, key: tuple[ComponentId, str], new: _Known) -> None:
        page = self._of.get(key, _BLANK)
        same = next((each for each in page.known if each.gist.is_like(new.gist)), None)
        before = same or self._earlier(key, new.gist)
        if before is not None:
            came_back = same is None
            self.returned += came_back
            lesson = replace(
                new.lesson,
                evidence=new.lesson.evidence + before.lesson.evidence,
                returned=max(new.lesson.returned, before.lesson.returned + came_back),
            )
            new = replace(new, lesson=lesson).seen_again(before)
        others = [each for each in page.known if each is not same]
        if len(others) == _KEPT:
            speaks = {each.order: each.most_evidence for each in others}
            others.remove(_ranked(others, speaks, new.latest)[-1])
        self._of[key] = page.with_new(new, others)

    def _earlier(self, key: tuple[ComponentId, str], said: Gist) -> _Known | None:
        """Return the lesson that an edit was to address, if this is one that came back."""
        component, text = key
        for _ in range(_EARLIER):
            replaced = self._replaced.get((component, text))
            if replaced is None:
                return None
            text = replaced
            for each in self._of.get((component, text), _BLANK).known:
                if each.gist.is_like(said):
                    return each
        return None


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


def _told(page: _Page, solved: Solved, now: int, most: int) -> list[Lesson]:
    """Return what is to be told of a text, what most speaks for first."""
    speaks = page.alive(solved)
    ranked = _ranked((each for each in page.known if each.order in speaks), speaks, now)
    return [_with(each.lesson, evidence=speaks[each.order]) for each in ranked[:most]]


def _with(lesson: Lesson, *, evidence: int) -> Lesson:
    """Return a lesson with its evidence: as `replace` does, which is slow where many are told."""
    return Lesson(
        component=lesson.component, text=lesson.text, case=lesson.case, evidence=evidence, returned=lesson.returned
    )


def _ranked(known: Iterable[_Known], speaks: Mapping[int, int], now: int) -> list[_Known]:
    """Return what most speaks for first; `speaks` is the evidence by the lesson's order."""

    def worth(each: _Known) -> tuple[float, int]:
        return (-speaks[each.order] * 0.5 ** ((now - each.latest) / _HALF_LIFE), -each.order)

    return sorted(known, key=worth)
