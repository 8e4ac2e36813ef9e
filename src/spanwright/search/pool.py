"""The pool: what a run has found out so far, as a fold over its events.

It is the only thing here that changes, and only by `apply`: an event seen live and one replayed from a journal leave it
the same. It holds scores and texts, never traces or outputs.
"""

from functools import singledispatchmethod

from spanwright.core.candidate import Candidate
from spanwright.core.events import (
    Abandoned,
    AttemptStarted,
    Event,
    Judged,
    Narrowed,
    Paced,
    ReflectionEnded,
    ReflectionStarted,
    Refused,
    RolloutEnded,
    RolloutStarted,
    RunEnded,
    RunResumed,
    RunStarted,
    SearchEnded,
)
from spanwright.core.proposal import Origin, Proposal
from spanwright.core.rollout import Purpose, Rollout
from spanwright.search.attempts import OpenAttempt
from spanwright.search.state import Member, State
from spanwright.search.view import PoolView

_MEASURING = frozenset({Purpose.VALIDATION, Purpose.FINAL})
_TEACHING = frozenset({Purpose.MINIBATCH, Purpose.GATE, Purpose.FINAL})


class Pool:
    """Folds events; `view` answers questions."""

    def __init__(self) -> None:
        self._state = State()
        self.view = PoolView(self._state)
        """Always of this moment: it looks through, it never copies."""

    def apply(self, event: Event) -> None:
        """Take an event into account."""
        self._fold(event)

    @singledispatchmethod
    def _fold(self, event: Event) -> None:
        raise AssertionError(f"no event of a run: {event!r}")

    @_fold.register
    def _run_started(self, event: RunStarted) -> None:
        self._state.begin(event)
        self._admit(Member(candidate=event.seed, parents=(), attempt=None, order=0, origin=Origin.SEED))
        self._state.twins.add(event.seed)
        self._state.lessons.take_over(event.seed, event.lessons)
        self._state.attempts.pass_landmark(event.seed.id)

    @_fold.register
    def _paced(self, event: Paced) -> None:
        """Decide nothing by how fast requests go."""

    @_fold.register
    def _run_resumed(self, event: RunResumed) -> None:
        state = self._state
        state.budget = event.budget
        state.flights.resume()
        state.setbacks.resume()
        state.final_scores.resume()
        state.finals -= sum(lost.purpose is Purpose.FINAL for lost in state.flights.lost_lately)

    @_fold.register
    def _rollout_started(self, event: RolloutStarted) -> None:
        state = self._state
        state.flights.start(event)
        state.attempts.launch(event)
        state.finals += event.purpose is Purpose.FINAL
        grid = state.grid(event.key.case)
        if grid is not None:
            grid.claim(event.key.candidate, event.key.case, event.key.repeat)

    @_fold.register
    def _rollout_ended(self, event: RolloutEnded) -> None:
        state, rollout = self._state, event.rollout
        state.flights.end(rollout)
        state.setbacks.note(rollout)
        state.usage += rollout.usage
        state.attempts.add(rollout)
        state.tool_cases.add(rollout)
        state.expenses.add(rollout)
        if rollout.purpose is Purpose.FINAL:
            state.final_scores.add(rollout)
        if rollout.score is not None:
            self._score(rollout, rollout.score.value)

    @_fold.register
    def _attempt_started(self, event: AttemptStarted) -> None:
        self._state.settle()
        self._crown()
        self._state.attempts.start(event)

    @_fold.register
    def _reflection_started(self, event: ReflectionStarted) -> None:
        self._state.attempts.reflect(event)

    @_fold.register
    def _reflection_ended(self, event: ReflectionEnded) -> None:
        state = self._state
        state.usage += event.usage
        state.attempts.answer(event)
        attempt = state.attempts.open.get(event.attempt)
        if attempt is None:
            return
        state.suspicions.note(state.judged[attempt.parent], event.result)
        if isinstance(event.result, Proposal):
            state.lessons.learn(state.judged[attempt.parent], event.result.lessons, event.attempt)

    @_fold.register
    def _judged(self, event: Judged) -> None:
        state, proposal, child = self._state, event.proposal, event.child
        self._end(event)
        state.judged[child.id] = child
        state.twins.add(child)
        state.conversations.add(event)
        parent = proposal.parents[0] if proposal.parents else None
        if parent is not None:
            state.edits.judge(event, parent)
            state.lessons.learn(state.judged[parent], proposal.lessons, event.attempt)
        if not event.verdict.accepted or child.id in state.members:
            return
        if parent is not None:
            state.lessons.address(child, state.judged[parent], proposal.edits)
            state.attempts.turns[child.id] = max(state.attempts.turns[each] for each in proposal.parents)
        self._admit(
            Member(
                candidate=child,
                parents=proposal.parents,
                attempt=event.attempt,
                order=len(state.order),
                origin=proposal.origin,
            )
        )

    @_fold.register
    def _refused(self, event: Refused) -> None:
        self._state.edits.refuse(event, self._end(event))

    @_fold.register
    def _abandoned(self, event: Abandoned) -> None:
        self._end(event)

    @_fold.register
    def _search_ended(self, event: SearchEnded) -> None:
        state, seed = self._state, self.view.seed
        state.settle()
        state.search_ended = event
        state.final_scores.begin({**state.validation.means(seed), **state.train.means(seed)})

    @_fold.register
    def _narrowed(self, event: Narrowed) -> None:
        self._state.narrowed = event
        self._state.final_scores.narrow()

    @_fold.register
    def _run_ended(self, event: RunEnded) -> None:
        self._state.run_ended = event

    def _admit(self, member: Member) -> None:
        state, candidate = self._state, member.candidate
        parent = state.members.get(member.parents[0]) if member.parents else None
        number = state.cells.admit(None if parent is None else parent.order)
        assert number == member.order, "members are numbered in the order of their admission"
        state.objectives.admit(None if parent is None else parent.order)
        if state.posterior is not None:
            state.posterior.admit(None if parent is None else parent.order)
        state.order.append(candidate.id)
        state.origins[member.origin] += 1
        state.children.update(member.parents[:1])
        state.members[candidate.id] = member
        state.judged[candidate.id] = candidate
        self._adopt(candidate)

    def _adopt(self, candidate: Candidate) -> None:
        """Take over what was measured before the candidate was admitted."""
        state = self._state
        order = state.members[candidate.id].order
        for case, mean in state.validation.means(candidate.id).items():
            state.cells.measure(order, state.validation.place(case), mean)
            state.judge(order, case, mean)
        for case, mean in state.train.means(candidate.id).items():
            if case not in state.validation:
                state.judge(order, case, mean)
        state.objectives.adopt(order, candidate.id)

    def _score(self, rollout: Rollout, score: float) -> None:
        """Put a score where it belongs. The test split is kept apart: nothing that decides looks at it.

        A case that both teaches and chooses has its score in both places, whatever it was measured for.
        """
        state, key = self._state, rollout.key
        figures = {name: known for name in state.objectives.figures if (known := rollout.figure(name)) is not None}
        if key.case in state.test:
            state.test.add(key.candidate, key.case, score)
            state.objectives.test(key.candidate, key.case, figures)
            return
        member = state.members.get(key.candidate)
        shared = key.case in state.validation and key.case in state.train
        if key.case in state.validation and (shared or rollout.purpose in _MEASURING):
            state.lowest, state.highest = min(state.lowest, score), max(state.highest, score)
            mean = state.validation.add(key.candidate, key.case, score)
            if member is not None:
                state.cells.measure(member.order, state.validation.place(key.case), mean)
                state.judge(member.order, key.case, score)
            state.objectives.validate(key.candidate, None if member is None else member.order, key.case, figures)
        if key.case in state.train and (shared or rollout.purpose in _TEACHING):
            mean = state.train.add(key.candidate, key.case, score)
            state.solvers.score(key.candidate, key.case, mean)
            state.numbers.setdefault((key.candidate, key.case), rollout.number)
            if member is not None:
                state.successes.add(rollout, score)
                if not shared:
                    state.judge(member.order, key.case, score)

    def _end(self, event: Judged | Refused | Abandoned) -> OpenAttempt | None:
        self._state.settle()
        self._crown()
        return self._state.attempts.end(event)

    def _crown(self) -> None:
        state = self._state
        incumbent = state.order[state.incumbent]
        state.attempts.crown(incumbent)
        landmark = state.attempts.landmark
        if landmark is not None and incumbent != landmark:
            orders = (state.members[each].order for each in (incumbent, landmark))
            if state.cells.is_surely_better(*orders):
                state.attempts.pass_landmark(incumbent)
