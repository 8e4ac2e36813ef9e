"""What is known of a run and of its members: who they are, and what was measured of each."""

from collections.abc import Iterable, Mapping, Sequence

from spanwright.core.candidate import Candidate, CandidateId, Component, ComponentId
from spanwright.core.events import RunStarted, StopReason
from spanwright.core.proposal import Origin
from spanwright.core.usage import Budget, Usage
from spanwright.search.arrays import Flags, Floats, Integers, sealed
from spanwright.search.cells import Comparison
from spanwright.search.expenses import Expense
from spanwright.search.posterior import Posterior
from spanwright.search.state import Member, State
from spanwright.search.tool_cases import tool_of


class MemberView:
    """The part of a pool's view that tells of the run and its members."""

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

    @property
    def _started(self) -> RunStarted:
        assert self._state.started is not None, "the run has not started"
        return self._state.started
