"""Ends that come from outside: a stop drains, a cancellation cuts, time runs out, the world breaks; nothing is lost."""

import random
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from datetime import timedelta

import anyio
import pytest
from engine_trials import ORDERED, Course, Terms, Trial, WrittenDown, finished, scored_twice, whole

from spanwright.core.candidate import Candidate
from spanwright.core.case import Case
from spanwright.core.context import ReflectionContext
from spanwright.core.events import RunEnded, StopReason
from spanwright.core.proposal import Reflection
from spanwright.core.rollout import Purpose
from spanwright.core.usage import Budget
from spanwright.engine import Stop
from spanwright.errors import UserBug, WorldFailed
from spanwright.search import Policy
from spanwright.testing.landscape import Landscape, LandscapeReflector, LandscapeSubject
from spanwright.testing.virtual import run_virtual

STEADY = Terms(
    world=Landscape(seed=5), policy=Policy.default(), budget=Budget(rollouts=150, reflections=40), sizes=(12, 20, 6)
)


def moments(name: str, count: int) -> list[float]:
    """Return random moments of a whole run."""
    ended = list(whole(name)[1].events())[-1]
    assert isinstance(ended, RunEnded)
    chance = random.Random(name)
    return [chance.uniform(0, ended.at) for _ in range(count)]


@dataclass
class Stopped:
    """A run that was stopped, and how many rollouts had begun at that moment."""

    trial: Trial
    begun: int


async def stopped(terms: Terms, journal: WrittenDown, after: float) -> Stopped:
    subject, stop = LandscapeSubject(terms.world), Stop()
    begun: list[int] = []

    async def request() -> None:
        await anyio.sleep(after)
        begun.append(subject.calls)
        stop.request()

    trials: list[Trial] = []
    async with anyio.create_task_group() as group:
        group.start_soon(request)
        trials.append(await terms.run(journal, subject=subject, stop=stop))
    return Stopped(trials[0], begun[0])


MOMENTS = [3, pytest.param(12, marks=pytest.mark.slow)]


@pytest.mark.parametrize("count", MOMENTS)
@pytest.mark.parametrize("name", ["default", "gepa", "with finals"])
@pytest.mark.parametrize("concurrency", [2, 32])
def test_a_stop_finishes_what_is_in_flight_begins_nothing_and_can_be_resumed_to_the_same_end(name, concurrency, count):
    terms = replace(ORDERED[name], concurrency=concurrency)

    for moment in moments(name, count):
        journal = WrittenDown()
        cut = run_virtual(stopped(terms, journal, moment))

        assert (False, StopReason.STOPPED) == (cut.trial.ended.complete, cut.trial.ended.reason)
        assert cut.begun == cut.trial.subject.calls == len(cut.trial.finished)
        assert not cut.trial.engine.ledger.outstanding

        resumed = run_virtual(terms.run(WrittenDown(journal.writes)))

        assert whole(name)[0] == Course.of(resumed)
        assert [] == scored_twice(resumed)


def test_a_steady_run_is_drained_by_a_stop_too():
    for moment in (0.5, 3.0, 9.0, 20.0, 30.0):
        journal = WrittenDown()
        cut = run_virtual(stopped(STEADY, journal, moment))

        assert (False, StopReason.STOPPED) == (cut.trial.ended.complete, cut.trial.ended.reason)
        assert cut.begun == cut.trial.subject.calls == len(cut.trial.finished)

        resumed = run_virtual(STEADY.run(WrittenDown(journal.writes)))

        assert resumed.ended.complete
        assert 150 == len(resumed.finished)


def test_a_stop_before_the_start_begins_nothing():
    stop = Stop()
    stop.request()

    made = run_virtual(STEADY.run(stop=stop))

    assert 0 == made.subject.calls
    assert StopReason.STOPPED == made.ended.reason


def test_a_run_ends_as_soon_as_a_file_appears(tmp_path):
    file, trials = tmp_path / "enough", []

    async def appear():
        await anyio.sleep(20)
        file.touch()

    async def run():
        async with anyio.create_task_group() as group:
            group.start_soon(appear)
            trials.append(await STEADY.run(stop=Stop(file=file)))

    run_virtual(run())

    assert (False, StopReason.STOPPED) == (trials[0].ended.complete, trials[0].ended.reason)
    assert 0 < len(trials[0].finished) < STEADY.budget.rollouts

    never = run_virtual(STEADY.run(stop=Stop(file=file)))

    assert [] == never.started, "where the file is there from the start, nothing begins"


@pytest.mark.parametrize("name", ["default", "gepa", "with finals"])
def test_a_cancelled_run_stops_at_once_and_can_be_resumed_to_the_same_end(name):
    terms = ORDERED[name]

    for moment in moments(name, 12):
        journal = WrittenDown()
        subject = LandscapeSubject(terms.world)

        async def cancelled(journal=journal, subject=subject, moment=moment) -> float:
            with anyio.move_on_after(moment):
                await terms.run(journal, subject=subject)
            return anyio.current_time()

        assert pytest.approx(moment) == run_virtual(cancelled())
        assert 0 == subject.running
        assert whole(name)[0] == Course.of(run_virtual(terms.run(WrittenDown(journal.writes))))


@pytest.mark.parametrize("seconds", [1200.0, timedelta(minutes=20)])
@pytest.mark.parametrize("schedule", ["steady", "ordered"])
def test_a_time_limit_ends_the_search_early_enough_for_the_finals_and_the_test(seconds, schedule):
    terms = replace(
        STEADY,
        world=Landscape(seed=5, latency=3),
        policy=Policy.default(schedule=schedule, fruitless=10_000),
        budget=Budget(rollouts=5_000, seconds=seconds),
        sizes=(12, 40, 6),
        concurrency=2,
    )

    made = run_virtual(terms.run())

    finals = [rollout for rollout in made.finished if rollout.purpose is Purpose.FINAL]
    each = Counter(rollout.key.candidate for rollout in finals)
    assert (True, StopReason.TIME) == (made.ended.complete, made.ended.reason)
    tested = {made.ended.winner, made.ended.pool.seed}
    assert 6 * len(tested) == sum(rollout.purpose is Purpose.TEST for rollout in made.finished)
    last = made.events[-1]
    assert isinstance(last, RunEnded)
    assert 0.85 * 1200 < last.at < 1200
    assert 30 < len(finals) < 100
    assert max(each.values()) - min(each.values()) < 20  # the finalists lack different cells, and get them in one order


def test_a_time_limit_that_leaves_no_room_for_the_finals_pauses_the_run():
    journal = WrittenDown()
    terms = replace(STEADY, budget=Budget(rollouts=150, seconds=3.0), concurrency=1)

    made = run_virtual(terms.run(journal))

    assert (False, StopReason.TIME) == (made.ended.complete, made.ended.reason)

    resumed = run_virtual(replace(terms, budget=Budget(rollouts=150)).run(WrittenDown(journal.writes)))

    assert resumed.ended.complete


@pytest.mark.parametrize(
    ("policy", "world", "reason"),
    [
        (Policy.default(target=0.3), Landscape(seed=5), StopReason.TARGET),
        (Policy.default(patience=5), Landscape(seed=5, refusals=0.9), StopReason.PATIENCE),
        (Policy.default(fruitless=4), Landscape(seed=5, refusals=1.0), StopReason.FRUITLESS),
        (Policy.default(perfect=0.0), Landscape(seed=5), StopReason.NOTHING_TO_LEARN),
    ],
)
@pytest.mark.parametrize("schedule", ["steady", "ordered"])
def test_a_search_that_is_enough_ends_for_its_reason_and_leaves_the_rest_unspent(policy, world, reason, schedule):
    terms = replace(
        STEADY,
        world=world,
        policy=replace(policy, schedule=schedule),
        budget=Budget(rollouts=800, reflections=200),
    )

    made = run_virtual(terms.run())

    assert (True, reason) == (made.ended.complete, made.ended.reason)
    assert len(made.finished) < 500
    assert [] == [child for child in made.accepted if made.ended.pool.own(child) == 0]


@dataclass(slots=True)
class Breaking(LandscapeSubject):
    """A subject whose world is down from some moment on."""

    from_: float = 0.0

    async def run(self, candidate: Candidate, case: Case) -> object:
        """Try the candidate while the world is up."""
        output = await super(Breaking, self).run(candidate, case)
        if anyio.current_time() >= self.from_:
            raise WorldFailed("model", "503")
        return output


async def timed(run: Awaitable[Trial]) -> tuple[Trial, float]:
    return await run, anyio.current_time()


@pytest.mark.parametrize("name", ["default", "gepa", "with finals"])
def test_when_the_world_is_down_the_run_pauses_and_scores_nothing(name):
    terms = replace(ORDERED[name], budget=Budget(rollouts=400, reflections=100), concurrency=4)

    for moment in moments(name, 4):
        journal = WrittenDown()
        made, ended_at = run_virtual(timed(terms.run(journal, subject=Breaking(terms.world, from_=moment))))
        failed = [rollout for rollout in made.finished if rollout.score is None]

        assert (False, StopReason.WORLD_DOWN) == (made.ended.complete, made.ended.reason)
        assert "503" in made.ended.remark
        assert all(rollout.ended < moment for rollout in made.finished if rollout.score is not None)
        assert len(failed) <= 4, "what is tried while the world is down costs the budget no rollout but those in flight"
        assert ended_at > moment + 600

        resumed = run_virtual(terms.run(WrittenDown(journal.writes)))

        assert resumed.ended.complete
        assert 400 >= len(resumed.finished)


@dataclass(slots=True)
class Unauthorized(LandscapeReflector):
    """A reflector whose key is revoked after some calls."""

    left: int = 0

    async def reflect(self, context: ReflectionContext) -> Reflection:
        """Answer as long as the key is good."""
        self.left -= 1
        if self.left < 0:
            await anyio.sleep(0.1)
            raise UserBug("model settings", "401 invalid key")
        return await super(Unauthorized, self).reflect(context)


@pytest.mark.parametrize("policy", [Policy.default(first_in_flight=8), Policy.gepa()], ids=["steady", "ordered"])
def test_a_reflector_that_can_never_answer_raises_one_error_after_what_is_in_flight_is_finished(policy):
    terms = replace(STEADY, policy=policy, concurrency=16)
    journal, subject = WrittenDown(), LandscapeSubject(terms.world)

    with pytest.raises(UserBug, match="401 invalid key"):
        run_virtual(terms.run(journal, subject=subject, reflector=Unauthorized(terms.world, left=2)))

    assert subject.calls == len(finished(journal.events()))
    assert all(rollout.score is not None for rollout in finished(journal.events()))
    assert run_virtual(terms.run(WrittenDown(journal.writes))).ended.complete
