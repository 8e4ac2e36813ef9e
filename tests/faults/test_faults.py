"""A world that fails costs time, and nothing else: the same winner, no failure scored, every answer counted once."""

import asyncio
from collections import Counter

import pytest
import stories
from storms import ODD, THIRTY_PERCENT, Storm

from spanwright import Budget, Deadlines, Limits, Policy, StopReason, UserBug
from spanwright.testing.simulated.faults import Fault, FaultKind


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    """The run without faults, which many look at."""
    return asyncio.run(Storm(folder=tmp_path_factory.mktemp("calm")).run("calm"))


async def test_with_thirty_percent_of_all_calls_failing_a_run_is_the_run_without_faults(tmp_path, calm):
    stormy = await Storm(folder=tmp_path, faults=(*THIRTY_PERCENT, *ODD)).run("stormy")
    kinds = Counter(call.detail for call in stormy.page.calls if call.outcome == "faulted")

    assert stories.story(calm.events) == stories.story(stormy.events)
    assert calm.result.best == stormy.result.best
    assert calm.result.best_test == stormy.result.best_test
    assert all(rollout.score is not None for rollout in stormy.rollouts)
    assert sum(stormy.page.served.values()) == stormy.result.usage.requests == calm.result.usage.requests
    assert 0.2 < stormy.page.failed / len(stormy.page.calls) < 0.4
    assert {"429", "500", "503", "reset", "truncated", "schema", "empty"} <= kinds.keys()
    assert any("refused (429)" in remark for remark in stormy.result.remarks)
    *_, told, end = stormy.events
    assert sum(lane.refused for lane in told.lanes.values()) > 0
    assert "run_ended" == end.kind
    assert [] == [event for event in calm.events if event.kind == "paced"]


async def test_a_world_that_is_down_pauses_the_run_scores_nothing_and_it_goes_on_where_it_was(tmp_path, calm):
    down = Fault(kind=FaultKind.UNAVAILABLE, probability=1.0, between=(1.0, 1e9))
    storm = Storm(folder=tmp_path)
    slow = Fault(kind=FaultKind.SLOW, probability=1.0, between=(0.0, 1.0), seconds=0.1)
    paused = await storm.run("down", faults=(down, slow))
    resumed = await storm.run("down")

    assert (False, StopReason.WORLD_DOWN) == (paused.result.complete, paused.result.stop_reason)
    assert 3.0 < paused.seconds < 60.0
    assert "overloaded" in str(paused.result)
    assert [] == [rollout for rollout in paused.rollouts if rollout.failure is not None and rollout.score is not None]
    assert len(paused.page.calls) < sum(paused.page.served.values()) + 40, "it is not hammered while it is down"
    assert resumed.result.complete
    assert calm.result.best == resumed.result.best
    served = sum(paused.page.served.values()) + sum(resumed.page.served.values())
    assert served == resumed.result.usage.requests + _unaccounted(paused, resumed)


def _unaccounted(paused, resumed) -> int:
    """Return the requests of rollouts that were halted half-way: they were served, and their rollouts never ended."""
    return sum(paused.page.served.values()) - paused.result.usage.requests


@pytest.mark.slow
async def test_a_reflection_model_that_is_down_costs_no_rollouts(tmp_path, calm):
    down = Fault(kind=FaultKind.SERVER_ERROR, probability=1.0, models="clerk-reflect")
    storm = Storm(folder=tmp_path)

    paused = await storm.run("mute", faults=(down,))
    resumed = await storm.run("mute")

    assert (False, StopReason.WORLD_DOWN) == (paused.result.complete, paused.result.stop_reason)
    assert len(paused.rollouts) <= 8 + 6 + 6
    assert "clerk-reflect" in str(paused.result)
    assert resumed.result.complete
    assert calm.result.best == resumed.result.best


@pytest.mark.slow
async def test_a_server_that_takes_only_so_many_at_once_is_found_out(tmp_path):
    crowded = Fault(kind=FaultKind.RATE_LIMIT, probability=1.0, above=4)
    slow = Fault(kind=FaultKind.SLOW, probability=1.0, seconds=0.05)
    seen = await Storm(folder=tmp_path, faults=(crowded, slow)).run("crowded")

    assert seen.result.complete
    assert all(rollout.score is not None for rollout in seen.rollouts)
    assert seen.page.failed < 0.25 * len(seen.page.calls)


@pytest.mark.slow
async def test_a_limit_of_the_users_is_kept(tmp_path):
    slow = Fault(kind=FaultKind.SLOW, probability=1.0, seconds=0.01)
    seen = await Storm(folder=tmp_path, faults=(slow,), limits=[Limits(models="openai:*", in_flight=3)]).run("three")

    assert seen.result.complete
    assert 3 == seen.page.max_in_flight


async def test_a_wrong_key_stops_the_run_at_once(tmp_path):
    with pytest.raises(UserBug, match="Incorrect API key"):
        await Storm(folder=tmp_path, faults=(Fault(kind=FaultKind.UNAUTHORIZED, probability=1.0),)).run("locked out")


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_steady_run_finds_a_winner_as_good_with_thirty_percent_failing(tmp_path):
    big = {"policy": Policy.default(), "budget": Budget(rollouts=400, reflections=60), "cases": (16, 24, 24)}
    calm = await Storm(folder=tmp_path, **big).run("calm")
    # With few requests at once, which is what so many 429s lead to, a hang alone is `model_call` without an answer.
    patient = Deadlines(model_call=3.0, outage=30.0)
    stormy = await Storm(folder=tmp_path, faults=(*THIRTY_PERCENT, *ODD), deadlines=patient, **big).run("stormy")

    assert stormy.result.complete
    assert stormy.result.test is not None
    assert calm.result.test is not None
    low, high = stormy.result.test.best.low, stormy.result.test.best.high
    assert low <= calm.result.test.best.mean <= high or stormy.result.test.best.mean >= calm.result.test.best.mean
    assert all(rollout.score is not None for rollout in stormy.rollouts)
    assert sum(stormy.page.served.values()) == stormy.result.usage.requests
