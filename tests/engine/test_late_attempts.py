"""Nobody waits for stragglers: an attempt that is late is replaced, and given up when nothing else is left to do."""

from dataclasses import dataclass, field, replace

import anyio
import pytest
from engine_trials import Terms, Trial, WrittenDown, finished

from spanwright.core.candidate import Candidate
from spanwright.core.case import Case
from spanwright.core.context import ReflectionContext
from spanwright.core.events import Abandoned, AttemptStarted, Narrowed, RolloutEnded, SearchEnded, StopReason
from spanwright.core.proposal import Reflection
from spanwright.core.rollout import STRAGGLER, Purpose
from spanwright.core.usage import Budget
from spanwright.errors import UserBug
from spanwright.search import Policy
from spanwright.testing.landscape import Landscape, LandscapeReflector, LandscapeSubject
from spanwright.testing.virtual import run_virtual

HOUR = 3_600.0
WORLD = Landscape(seed=1, refusals=0.0)
ONE = Terms(world=WORLD, policy=Policy.default(max_in_flight=1), budget=Budget(rollouts=400), concurrency=16)


@dataclass(slots=True)
class Dozing(LandscapeReflector):
    """A reflector that takes an hour for one of its answers."""

    dozes_at: int = 8

    async def reflect(self, context: ReflectionContext) -> Reflection:
        """Answer, at last."""
        if self.calls + 1 == self.dozes_at:
            self.calls += 1
            await anyio.sleep(HOUR)
        return await super(Dozing, self).reflect(context)


@dataclass(slots=True)
class Stuck(LandscapeSubject):
    """A subject that takes an hour for some of its rollouts, by their number."""

    stuck_at: frozenset[int] = frozenset()
    stuck: int = 0

    async def run(self, candidate: Candidate, case: Case) -> object:
        """Try the candidate, at last."""
        if self.calls + 1 in self.stuck_at:
            self.stuck += 1
            self.calls += 1
            await anyio.sleep(HOUR)
        return await super(Stuck, self).run(candidate, case)


def seconds(made: Trial) -> float:
    return max(rollout.ended for rollout in made.finished)


def given_up(made: Trial) -> list[Abandoned]:
    return [event for event in made.events if isinstance(event, Abandoned) and "late" in event.reason]


def test_another_attempt_begins_in_place_of_one_that_is_late_and_the_end_does_not_wait_for_it() -> None:
    made = run_virtual(ONE.run(reflector=Dozing(WORLD)))

    assert made.ended.complete
    assert StopReason.BUDGET == made.ended.reason
    assert {"it was late, and nothing else was left to do"} == {each.reason for each in given_up(made)}
    assert 12 < sum(isinstance(event, AttemptStarted) for event in made.events)
    assert seconds(made) < HOUR / 2
    assert not made.engine.ledger.outstanding


def test_without_it_one_answer_holds_up_the_whole_run() -> None:
    terms = replace(ONE, policy=Policy.default(max_in_flight=1, late=None))

    made = run_virtual(terms.run(reflector=Dozing(WORLD)))

    assert seconds(made) > HOUR
    assert not given_up(made)


@pytest.mark.parametrize("policy", [Policy.default(schedule="ordered"), Policy.gepa()])
def test_in_order_everything_is_waited_for(policy: Policy) -> None:
    made = run_virtual(replace(ONE, policy=policy).run(reflector=Dozing(WORLD, dozes_at=6)))

    assert seconds(made) > HOUR
    assert not given_up(made)


def test_a_rollout_that_is_cut_at_the_end_is_counted_and_has_no_score() -> None:
    plain = run_virtual(ONE.run())
    minibatches = [rollout.number for rollout in plain.finished if rollout.purpose is Purpose.MINIBATCH]
    stuck = Stuck(WORLD, stuck_at=frozenset({minibatches[30]}))

    made = run_virtual(ONE.run(subject=stuck))

    cut = [each for each in made.finished if each.failure is not None and each.failure.signature == STRAGGLER]
    assert 1 == stuck.stuck == len(cut)
    assert cut[0].score is None
    assert seconds(made) < HOUR / 2
    assert len(made.finished) == len(made.started) == made.engine.ledger.spent.rollouts


def test_a_run_of_which_an_attempt_was_given_up_can_be_told_again() -> None:
    journal = WrittenDown()
    made = run_virtual(ONE.run(journal, reflector=Dozing(WORLD)))

    again = run_virtual(ONE.run(WrittenDown(journal.writes)))

    assert made.ended.winner == again.ended.winner
    assert 0 == again.subject.calls


def test_the_finals_go_on_while_a_straggler_of_the_heats_is_at_work_and_its_score_still_counts() -> None:
    terms = replace(ONE, budget=Budget(rollouts=900), policy=Policy.default(), concurrency=32, sizes=(30, 60, 0))
    plain = run_virtual(terms.run())
    narrowed = next(place for place, event in enumerate(plain.events) if isinstance(event, Narrowed))
    ended = next(place for place, event in enumerate(plain.events) if isinstance(event, SearchEnded))
    heats = finished(plain.events[ended:narrowed])
    stuck = Stuck(WORLD, stuck_at=frozenset({heats[3].number}))

    made = run_virtual(terms.run(subject=stuck))

    after = [event for event in made.events if isinstance(event, RolloutEnded | Narrowed)]
    split = next(place for place, event in enumerate(after) if isinstance(event, Narrowed))
    late = [event.rollout for event in after[split:] if isinstance(event, RolloutEnded)]
    assert 1 == stuck.stuck
    assert late[-1].ended > HOUR > late[-2].ended
    assert late[-1].score is not None
    assert made.ended.complete


@dataclass(slots=True)
class Broken(LandscapeSubject):
    """A subject whose code fails."""

    failures: list[float] = field(default_factory=list[float])

    async def run(self, candidate: Candidate, case: Case) -> object:
        """Fail."""
        self.calls += 1
        await anyio.sleep(self.calls)
        raise RuntimeError("no such column")


def test_the_first_attempt_does_not_wait_for_all_that_is_measured_of_the_seed() -> None:
    slowest = Stuck(WORLD, stuck_at=frozenset({5}))

    made = run_virtual(ONE.run(subject=slowest))

    started = [place for place, event in enumerate(made.events) if isinstance(event, AttemptStarted)]
    stuck = next(place for place, event in enumerate(made.events) if _ended_at_last(event))
    assert started[5] < stuck


def test_a_bug_of_the_users_is_found_before_the_first_attempt() -> None:
    journal, broken = WrittenDown(), Broken(WORLD)

    with pytest.raises(UserBug, match="no such column"):
        run_virtual(ONE.run(journal, subject=broken))

    assert 3 == broken.calls
    assert not [event for event in journal.events() if isinstance(event, AttemptStarted)]


def _ended_at_last(event: object) -> bool:
    return isinstance(event, RolloutEnded) and event.rollout.ended > HOUR
