"""A second request beside a straggler, where a run asks for it: the first answer counts."""

from dataclasses import replace

import pytest
from lane_trials import STEADY, Asked

from spanwright.core.limits import Deadlines, Limits
from spanwright.errors import UsageError
from spanwright.models import Terms
from spanwright.testing.simulated.faults import Fault, FaultKind
from spanwright.testing.simulated.latency import Latency

HEDGED = Terms(deadlines=Deadlines(hedge=3.0))


def slow(factor: float) -> Latency:
    """Return the latency of a model of whose answers a few take `factor` seconds, the others one."""
    return Latency(scale=1.0, laws=(replace(STEADY.laws[0], stragglers=0.03, straggler_factor=factor),))


def test_the_second_request_answers_where_the_first_one_hangs() -> None:
    hang = Fault(kind=FaultKind.HANG, probability=1.0, between=(2.5, 3.5), seconds=10_000.0)
    asked = Asked(faults=(hang,), terms=HEDGED)
    page = asked.many(200)

    counts = asked.traffic.counts["openai:sim"]
    hung = [call for call in page.calls if call.outcome == "abandoned"]
    assert {"sim": 200} == page.served
    assert [] == asked.errors
    assert len(hung) == counts.hedged == counts.hedges_won > 0
    assert all(4.0 <= (call.ended or 0.0) - call.started < 4.1 for call in hung), "cancelled when the other answered"
    assert (0, 0, 0) == (counts.hedges_both, counts.failed, counts.cut)


def test_the_first_request_answers_and_the_second_one_is_cancelled() -> None:
    asked = Asked(latency=slow(3.5), terms=HEDGED)
    page = asked.many(300)

    counts = asked.traffic.counts["openai:sim"]
    assert {"sim": 300} == page.served
    assert counts.hedged > 0
    assert counts.hedged == sum(call.outcome == "abandoned" for call in page.calls)
    assert (0, 0) == (counts.hedges_won, counts.hedges_both)


def test_nothing_is_sent_twice_unless_a_run_asks_for_it() -> None:
    page = Asked(latency=slow(9.0)).many(100)

    assert 100 == len(page.calls)


def test_a_second_request_takes_nobodys_place() -> None:
    asked = Asked(latency=slow(9.0), terms=replace(HEDGED, limits=[Limits(in_flight=4)]))
    page = asked.many(100)

    late = [call for call in page.calls if call.outcome == "abandoned"]
    assert {"sim": 100} == page.served
    assert max(sum(one.started <= each.started < (one.ended or 0) for one in page.calls) for each in page.calls) <= 4
    assert len(late) == asked.traffic.counts["openai:sim"].hedged < 4


def test_a_second_request_that_fails_leaves_the_first_one_alone() -> None:
    slow = Fault(kind=FaultKind.SLOW, probability=1.0, between=(2.5, 3.5), seconds=8.0)
    down = Fault(kind=FaultKind.UNAVAILABLE, probability=1.0, between=(5.0, 1e9))
    asked = Asked(faults=(slow, down), terms=HEDGED)
    page = asked.many(200)

    counts = asked.traffic.counts["openai:sim"]
    assert {"sim": 200} == page.served
    assert counts.hedged == page.failed == counts.failed > 0
    assert ([], 0) == (asked.errors, counts.hedges_won)


def test_a_hedge_has_to_leave_time() -> None:
    with pytest.raises(UsageError, match="hedge=0"):
        Deadlines(hedge=0)
