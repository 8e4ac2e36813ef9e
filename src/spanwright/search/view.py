"""What a pool answers. Policies, reports and the engine ask here; nothing can be changed through it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, islice
from typing import TypeAlias

import numpy as np

from spanwright.core.candidate import Candidate, CandidateId, Component, ComponentId
from spanwright.core.context import ScoredText, TriedEdit, Turn
from spanwright.core.events import Judged, RolloutStarted, RunStarted, StopReason
from spanwright.core.goal import SCORE, Goal
from spanwright.core.proposal import Learnt, Lesson, Origin
from spanwright.core.usage import Budget, Usage
from spanwright.search.arrays import Flags, Floats, Integers, sealed
from spanwright.search.attempts import OpenAttempt, TopUp
from spanwright.search.cells import Comparison
from spanwright.search.edits import Edit
from spanwright.search.expenses import Expense
from spanwright.search.lessons import MOST, Solved
from spanwright.search.posterior import Posterior
from spanwright.search.state import Member, State
from spanwright.search.tool_cases import tool_of

Cell: TypeAlias = tuple[str, int]
"""A case's id, and the repeat: what one rollout of a candidate measures."""

TRIED = 6
"""Earlier edits that a reflection is shown."""


class PoolView:
    """A window on a pool. It always shows the present, and never copies what grows with the run."""

    __slots__ = ("_state",)

    def __init__(self, state: State) -> None:
        self._state = state

    # The run

    @property
    def empty(self) -> bool:
        """Whether the run has not started."""
        return self._state.started is None

    @property
    def run(self) -> str:
        """The run's name."""
        return self._started.run

    @property
    def seed(self) -> CandidateId:
        """The candidate that the run started from."""
        return self._started.seed.id

    @property
    def components(self) -> Sequence[Component]:
        """The components that may be edited, with the seed's texts."""
        return self._started.components

    @property
    def train(self) -> Sequence[str]:
        """The cases that teach."""
        return self._started.train

    @property
    def validation(self) -> Sequence[str]:
        """The cases that choose."""
        return self._started.validation

    @property
    def budget(self) -> Budget:
        """What may be spent, by the latest start or resume."""
        return self._state.budget

    @property
    def usage(self) -> Usage:
        """What was spent, with the rollouts and reflections that are under way or were lost."""
        spent = self._state.usage
        more = Usage(
            rollouts=self._state.flights.launched - spent.rollouts,
            reflections=self._state.attempts.reflections - spent.reflections,
        )
        return spent + more

    @property
    def spent(self) -> int:
        """How many rollouts were started, without those that were lost when a process ended: they are done again."""
        return self._state.flights.launched - len(self._state.flights.lost)

    @property
    def reflections(self) -> int:
        """How many reflections have ended."""
        return self._state.usage.reflections

    @property
    def final_rollouts(self) -> int:
        """How many rollouts of the finals were started, without those that were lost."""
        return self._state.finals

    @property
    def finalists(self) -> tuple[CandidateId, ...] | None:
        """Those who were chosen when the search ended; None before."""
        ended = self._state.search_ended
        return None if ended is None else ended.finalists

    @property
    def contenders(self) -> tuple[CandidateId, ...] | None:
        """The finalists who are measured further after the first part of the finals; None before that is over."""
        narrowed = self._state.narrowed
        return None if narrowed is None else narrowed.finalists

    @property
    def search_ended_by(self) -> StopReason | None:
        """Why the search ended; None before."""
        ended = self._state.search_ended
        return None if ended is None else ended.reason

    @property
    def winner(self) -> CandidateId | None:
        """Whom the run ended with; None before."""
        ended = self._state.run_ended
        return None if ended is None else ended.winner

    # The members

    def __contains__(self, candidate: CandidateId) -> bool:
        """Say whether a candidate was judged before: admitted or not, there is no need to judge it again."""
        return candidate in self._state.judged

    @property
    def members(self) -> Sequence[CandidateId]:
        """Those who were admitted, in this order; the seed is the first. Arrays below are aligned with it."""
        return self._state.order

    def is_member(self, candidate: CandidateId) -> bool:
        """Say whether a candidate was admitted."""
        return candidate in self._state.members

    def member(self, candidate: CandidateId) -> Member:
        """Return a member. Raises KeyError."""
        return self._state.members[candidate]

    def candidate(self, candidate: CandidateId) -> Candidate:
        """Return the texts of a candidate that was judged. Raises KeyError."""
        return self._state.judged[candidate]

    def lineage(self, candidate: CandidateId) -> Iterable[CandidateId]:
        """Yield a member, its parent, and so on up to the seed."""
        member: Member | None = self._state.members[candidate]
        while member is not None:
            yield member.candidate.id
            member = self._state.members.get(member.parents[0]) if member.parents else None

    def children(self, candidate: CandidateId) -> int:
        """Return how many members were made by editing this one."""
        return self._state.children[candidate]

    def admitted_by(self, origin: Origin) -> int:
        """Return how many members came to be in this way."""
        return self._state.origins[origin]

    def turns(self, candidate: CandidateId) -> int:
        """Return how many reflections a member, and its ancestors before it was born, were chosen for."""
        return self._state.attempts.turns[candidate]

    # What was measured

    @property
    def estimates(self) -> Floats:
        """The mean of each member's validation cells, own or inherited; NaN where none is known."""
        return self._state.cells.estimates

    @property
    def worth(self) -> Floats:
        """What each member is taken to be worth: by the run's estimator, so `estimates` or the lineage's values.

        NaN where nothing is known.
        """
        return sealed(self._state.worth)

    @property
    def posterior(self) -> Posterior | None:
        """The model of what edits bring; None where the run judges by means."""
        return self._state.posterior

    @property
    def owns(self) -> Integers:
        """How many validation cells each member measured itself."""
        return self._state.cells.owns

    @property
    def wins(self) -> Integers:
        """On how many validation cases each member is among the best."""
        return self._state.cells.wins

    @property
    def fronts(self) -> Flags:
        """For each validation case (row) whether a member (column) is among the best on it."""
        return self._state.cells.fronts

    @property
    def established(self) -> Flags:
        """Whether each member has enough cells of its own to be compared."""
        return self._state.cells.established

    @property
    def incumbent(self) -> CandidateId:
        """The established member that is worth most, the earlier one of equals; at first the seed.

        Goals that set a limit go before: the best of those who keep it, else of those who are least beyond it.
        """
        return self._state.order[self._state.incumbent]

    @property
    def scale(self) -> float:
        """How far validation scores reach apart: 1, unless an objective of the user's own leaves 0 to 1."""
        low, high = self._state.lowest, self._state.highest
        return 1.0 if low >= 0 and high <= 1 else high - low

    def estimate(self, candidate: CandidateId) -> float | None:
        """Return the mean of a member's validation cells, own or inherited."""
        value = float(self._state.cells.estimates[self._state.members[candidate].order])
        return None if value != value else value  # noqa: PLR0124  (NaN is the one that is not itself)

    def compare(self, member: CandidateId, other: CandidateId) -> Comparison | None:
        """Compare two members on the validation cells that `member` measured itself and `other` knows."""
        members = self._state.members
        return self._state.cells.compare(members[member].order, members[other].order)

    def own(self, candidate: CandidateId) -> int:
        """Return how many validation cells a member measured itself."""
        return int(self._state.cells.owns[self._state.members[candidate].order])

    def owned(self, candidate: CandidateId) -> Flags:
        """Return for each validation case whether a member measured it itself."""
        return self._state.cells.owned(self._state.members[candidate].order)

    def cell(self, candidate: CandidateId, case: str) -> float | None:
        """Return a member's validation cell, own or inherited."""
        return self._state.cells.value(self._state.members[candidate].order, self._state.validation.place(case))

    def mean(self, candidate: CandidateId, case: str) -> float | None:
        """Return the mean of a candidate's own scores on a training or validation case."""
        grid = self._state.train if case in self._state.train else self._state.validation
        return grid.mean(candidate, case)

    def final_means(self, candidate: CandidateId) -> Sequence[Mapping[str, float]]:
        """Return the mean score on each case that was measured in the finals, apart for each part of them."""
        return self._state.final_scores.means(candidate)

    def seed_final_means(self) -> Sequence[Mapping[str, float]]:
        """Return what `final_means` of others are compared with: the seed's, and what the search knew of it before."""
        return self._state.final_scores.seed_means(self.seed)

    def cases_using(self, component: ComponentId, candidates: Sequence[CandidateId]) -> frozenset[str]:
        """Return the cases on which one of these called the tool that a component is about; else all cases."""
        tool = tool_of(component)
        if not tool:
            return frozenset((*self.validation, *self.train))
        return self._state.tool_cases.using(tool, candidates)

    def expenses(self, candidate: CandidateId) -> tuple[Expense, ...]:
        """Return what a candidate takes, against the seed, in the figures that guards of its edits bound."""
        edited = self.candidate(candidate).changes_from(self.candidate(self.seed))
        return tuple(self._state.expenses.of(candidate, self.seed, edited))

    def knows_seed(self, case: str) -> bool:
        """Return whether the search scored the seed on a case, and this is yet to stand beside a finalist's score."""
        return self._state.final_scores.knows_seed(case)

    def final_visits(self, candidate: CandidateId, case: str) -> int:
        """Return how often a cell was measured in this part of the finals, failed by the world, or is being measured.

        For the finals, when no other rollout is under way.
        """
        return self._state.final_scores.visits(candidate, case) + self._state.flights.flying(candidate, case)

    def earlier_visits(self, candidate: CandidateId, case: str) -> tuple[bool, int]:
        """Return whether the search scored a cell, and how often the part of the finals did that is over."""
        grid, finals = self._state.grid(case), self._state.final_scores
        searched = grid is not None and grid.count(candidate, case) > finals.count(candidate, case)
        return searched, finals.before(candidate, case)

    def was_measured(self, candidate: CandidateId, case: str) -> bool:
        """Return whether a candidate has a score of its own on a case, be it a test case."""
        grid = self._state.grid(case)
        return grid is not None and grid.count(candidate, case) > 0

    def rollout(self, candidate: CandidateId, case: str) -> int | None:
        """Return the number of a candidate's first scored rollout on a training case; None before there is one."""
        return self._state.numbers.get((candidate, case))

    @property
    def test_rollouts(self) -> int:
        """How many rollouts the test split takes: each case for the seed and for the winner."""
        return 2 * len(self._started.test)

    def test_scores(self, candidate: CandidateId) -> Mapping[str, float]:
        """Return the mean score on each test case that was tried. For reports: a policy must not look."""
        return self._state.test.means(candidate)

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

    @property
    def _started(self) -> RunStarted:
        assert self._state.started is not None, "the run has not started"
        return self._state.started


def _two_figures(before: float, after: float, scale: float) -> str:
    """Return two scores in two decimals, or where those do not tell them apart, in as many as it takes."""
    if scale == 1.0 and (before == after or f"{before:.2f}" != f"{after:.2f}"):
        return f"{before:.2f} -> {after:.2f}"
    return f"{before:.7g} -> {after:.7g}"
