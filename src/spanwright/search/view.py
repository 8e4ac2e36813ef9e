"""What a pool answers. Policies, reports and the engine ask here; nothing can be changed through it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, islice
from typing import TypeAlias

import numpy as np

from spanwright.core.candidate import Candidate, CandidateId, ComponentId
from spanwright.core.context import ScoredText, TriedEdit, Turn
from spanwright.core.events import Judged, RolloutStarted
from spanwright.core.goal import SCORE, Goal
from spanwright.core.proposal import Learnt, Lesson
from spanwright.search.arrays import Flags, Floats
from spanwright.search.attempts import OpenAttempt, TopUp
from spanwright.search.edits import Edit
from spanwright.search.lessons import MOST, Solved
from spanwright.search.member_view import MemberView

Cell: TypeAlias = tuple[str, int]
"""A case's id, and the repeat: what one rollout of a candidate measures."""

TRIED = 6
"""Earlier edits that a reflection is shown."""


class PoolView(MemberView):
    """A window on a pool. It always shows the present, and never copies what grows with the run."""

    __slots__ = ()

    # What goals want

    @property
    def goals(self) -> Sequence[Goal]:
        """What is wanted beside a high score."""
        return self._state.objectives.goals

    @property
    def points(self) -> Floats:
        """How good each established member (column) is by score and by each goal (rows); higher is better, NaN unknown.

        The first row is the score's. A goal for a high score has no row of its own, one with a limit is 0 within it.
        """
        return self._state.objectives.points(self._state.cells)

    @property
    def errors(self) -> Floats:
        """The standard errors of `points`, against elders whose cells a member inherits; 0 while nothing is known."""
        return self._state.objectives.errors(self._state.cells)

    @property
    def excess(self) -> Floats:
        """How far each member's means are beyond the limits, in parts of them: 0 if all are kept, inf if unknown."""
        return self._state.objectives.excess(self._state.cells)

    @property
    def figure_fronts(self) -> Sequence[Flags]:
        """`fronts` of each figure that a goal names, the score aside."""
        return self._state.objectives.fronts()

    def figures(self, candidate: CandidateId, figure: str) -> Mapping[str, float]:
        """Return the mean figure on each validation case that a candidate measured itself, as it was measured."""
        if figure == SCORE:
            return self._state.validation.means(candidate)
        return self._state.objectives.figures[figure].validation.means(candidate)

    def test_figures(self, candidate: CandidateId, figure: str) -> Mapping[str, float]:
        """Return the mean figure on each test case that was tried. For reports: a policy must not look."""
        if figure == SCORE:
            return self._state.test.means(candidate)
        return self._state.objectives.figures[figure].test.means(candidate)

    # Rollouts

    @property
    def next_number(self) -> int:
        """The number of the next rollout."""
        return self._state.flights.next_number

    @property
    def lost(self) -> Sequence[RolloutStarted]:
        """The rollouts that were under way when a process ended: spent, never scored."""
        return self._state.flights.lost

    @property
    def lost_lately(self) -> Sequence[RolloutStarted]:
        """Those of them that were lost with the latest process."""
        return self._state.flights.lost_lately

    def next_repeat(self, candidate: CandidateId, case: str) -> int:
        """Return the first repeat of a cell that was never launched. Raises KeyError for a case of another run."""
        grid = self._state.grid(case)
        if grid is None:
            raise KeyError(case)
        return grid.next_repeat(candidate, case)

    def visits(self, candidate: CandidateId, case: str) -> int:
        """Return how often a cell was scored, failed by the world, or is being measured."""
        grid, flights = self._state.grid(case), self._state.flights
        scores = 0 if grid is None else grid.count(candidate, case)
        return scores + flights.flying(candidate, case) + flights.failed(candidate, case)

    def flying(self, candidate: CandidateId, case: str) -> int:
        """Return how many rollouts of a cell are under way."""
        return self._state.flights.flying(candidate, case)

    @property
    def set_aside(self) -> Mapping[str, str]:
        """The cases that the world keeps failing whoever is tried, each with its last failure: they are left out."""
        return self._state.setbacks.aside

    def failed(self, candidate: CandidateId, case: str) -> int:
        """Return how often the world failed a cell in this process."""
        return self._state.flights.failed(candidate, case)

    # Attempts

    @property
    def next_attempt(self) -> int:
        """The number of the next attempt."""
        return self._state.attempts.next

    @property
    def latest_round(self) -> int:
        """The first attempt of the latest round, or the latest attempt where there are no rounds; 0 before any."""
        return self._state.attempts.latest_round

    @property
    def judged_in_round(self) -> Sequence[Judged]:
        """How those attempts of the latest round ended that led to a child and have ended."""
        return self._state.attempts.judged_in_round

    @property
    def attempts(self) -> int:
        """How many attempts have ended."""
        return self._state.attempts.ended

    @property
    def proposals(self) -> int:
        """How many children were judged, admitted or not."""
        return self._state.attempts.judged

    @property
    def open_attempts(self) -> tuple[OpenAttempt, ...]:
        """The attempts that have not ended, with what is known of them."""
        return tuple(self._state.attempts.open.values())

    @property
    def top_up(self) -> TopUp | None:
        """Which member was last measured further before an attempt, and before which one."""
        return self._state.attempts.top_up

    @property
    def since_new_incumbent(self) -> int:
        """How many attempts ended since a member was the incumbent for the first time, when one started or ended."""
        return self._state.attempts.since_new(self.incumbent)

    @property
    def since_better(self) -> int:
        """How many attempts ended since an incumbent was better, beyond a standard error, than the one to beat."""
        return self._state.attempts.since_landmark

    @property
    def fruitless(self) -> int:
        """How many attempts in a row were refused or abandoned, those with nothing to learn from aside."""
        return self._state.attempts.fruitless

    @property
    def perfect(self) -> int:
        """How many minibatches in a row left nothing to learn."""
        return self._state.attempts.perfect

    # Memory

    def twin(self, candidate: Candidate) -> CandidateId | None:
        """Return the first candidate judged that says the same in other clothes; None where it says something new."""
        return self._state.twins.of(candidate)

    def better(self, case: str, score: float) -> int | None:
        """Return the number of a member's best rollout on a training case, if its score is above this one."""
        return self._state.successes.above(case, score)

    def suspicions(self, parent: CandidateId, components: Iterable[ComponentId]) -> Mapping[ComponentId, int]:
        """Return how many reflections asked for each of these components of a member and could not edit it."""
        return self._state.suspicions.of(self._state.judged[parent], components)

    def lessons(self, parent: CandidateId, components: Iterable[ComponentId], most: int = MOST) -> tuple[Lesson, ...]:
        """Return what failed with the texts of a member and was not addressed: `most` a component, the surest first."""
        state = self._state
        return state.lessons.about(
            state.judged[parent], components, solved=self._solved(parent), now=self.next_attempt, most=most
        )

    def lesson_counts(self, parent: CandidateId, components: Iterable[ComponentId]) -> Mapping[ComponentId, int]:
        """Return how many lessons each of these components of a member has, as far as `lessons` would show them."""
        state = self._state
        return state.lessons.count(state.judged[parent], components, solved=self._solved(parent))

    @property
    def learnt(self) -> tuple[Learnt, ...]:
        """Every lesson of the run, with the text that it was seen with: what another run can begin with."""
        return tuple(self._state.lessons.all())

    @property
    def addressed(self) -> int:
        """How many lessons were on texts that an admitted child replaced."""
        return self._state.lessons.addressed

    @property
    def returned(self) -> int:
        """How many of them were seen again with the new text."""
        return self._state.lessons.returned

    def tried(self, parent: CandidateId, components: Sequence[ComponentId], most: int = TRIED) -> tuple[TriedEdit, ...]:
        """Return earlier edits of `components` and how they fared: those of this parent first, then up its lineage."""
        made = chain.from_iterable(self._state.edits.made_from(each, components) for each in self.lineage(parent))
        return tuple(self._fared(edit) for edit in islice(self._distinct(made), most))

    def turns_before(self, parent: CandidateId) -> tuple[Turn, ...]:
        """Return what reflections proposed along a member's lineage, then from it, and how it fared, latest last."""
        lineage = list(self.lineage(parent))
        kept = frozenset(lineage)
        return tuple(
            Turn(proposal=each.proposal, outcome=self._ended(each), kept=each.child.id in kept)
            for each in self._state.conversations.along(lineage)
        )

    def _ended(self, judged: Judged) -> str:
        if not judged.verdict.accepted:
            return f"not admitted: {judged.verdict.reason}"
        return self._outcome(judged.child.id, judged.proposal.parents[0])

    def _solved(self, candidate: CandidateId) -> Solved:
        """Return who tells whether a member, or an ancestor below the one that had failed a case, has solved it."""
        solvers = self._state.solvers
        depths = {each: depth for depth, each in enumerate(self.lineage(candidate))}

        @cache
        def solved_at(case: str) -> int:
            solving = solvers.of(case)
            return next((depth for each, depth in depths.items() if each in solving), len(depths))

        def is_solved(case: str, failed: CandidateId) -> bool:
            return solved_at(case) < depths.get(failed, len(depths)) and failed not in solvers.of(case)

        return is_solved

    def _distinct(self, made: Iterable[Edit]) -> Iterator[Edit]:
        """Yield edits without those that repeat a later one."""
        seen: set[tuple[ComponentId, bytes]] = set()
        for edit in made:
            said = (edit.component, self._state.twins.form(edit.text))
            if said not in seen:
                seen.add(said)
                yield edit

    def scored(self, components: Sequence[ComponentId], most: int) -> tuple[ScoredText, ...]:
        """Return the `most` best texts of each component with the estimate of the best member that has it, worst first.

        It looks at every established member: work that grows with the run.
        """
        known: dict[ComponentId, dict[str, float]] = {component: {} for component in components}
        for place in np.flatnonzero(self.established).tolist():
            texts, estimate = self.candidate(self.members[place]).texts, float(self.estimates[place])
            for component, scores in known.items():
                scores[texts[component]] = max(estimate, scores.get(texts[component], estimate))
        return tuple(
            ScoredText(component=component, text=text, score=score)
            for component, scores in known.items()
            for text, score in sorted(scores.items(), key=lambda each: each[1])[-most:]
        )

    def _fared(self, edit: Edit) -> TriedEdit:
        outcome = edit.turned_down or self._outcome(edit.child, edit.parent)
        if edit.twin is not None and edit.twin != edit.parent:
            outcome = f"{outcome}; when it was tried: {self._outcome(edit.twin, edit.parent)}"
        return TriedEdit(
            component=edit.component,
            text=edit.text,
            outcome=outcome,
            replaced=self.candidate(edit.parent).texts.get(edit.component, ""),
            together=edit.together,
        )

    def _outcome(self, child: CandidateId | None, parent: CandidateId) -> str:
        members = self._state.members
        if child not in members or parent not in members:
            return "not measured"
        compared = self.compare(child, parent)
        if compared is None:
            return "not measured yet"
        sign = "better" if compared.own > compared.other else "worse" if compared.own < compared.other else "no change"
        return f"{sign}: {_two_figures(compared.other, compared.own, self.scale)} on {compared.cells} cases"


def _two_figures(before: float, after: float, scale: float) -> str:
    """Return two scores in two decimals, or where those do not tell them apart, in as many as it takes."""
    if scale == 1.0 and (before == after or f"{before:.2f}" != f"{after:.2f}"):
        return f"{before:.2f} -> {after:.2f}"
    return f"{before:.7g} -> {after:.7g}"
