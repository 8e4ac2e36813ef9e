"""Requests of a run share a lane for each model: seen at a server behind the real wire's format, in virtual time."""

import pytest
from lane_trials import Asked

from spanwright.core.limits import Deadlines, Limits
from spanwright.errors import UserBug, WorldDown, WorldFailed
from spanwright.models import Terms
from spanwright.testing.simulated.faults import Fault, FaultKind


def test_it_starts_slowly_and_ends_with_as_many_at_once_as_are_asked_for() -> None:
    asked = Asked()
    page = asked.many(300)

    at_once = [sum(round(call.started, 3) == second for call in page.calls) for second in range(5)]
    assert [20, 40, 80, 160, 0] == at_once
    assert {"sim": 300} == page.served


def test_a_provider_that_takes_only_so_many_at_once_is_asked_by_about_so_many() -> None:
    asked = Asked(faults=(Fault(kind=FaultKind.RATE_LIMIT, probability=1.0, above=25),))
    page = asked.many(600)

    assert {"sim": 600} == page.served
    assert [] == asked.errors
    assert page.failed < 60
    assert asked.ended < 2.7 * 600 / 25  # 63 s: it begins with 40 at once, and grows again 15 s after it was refused


@pytest.mark.parametrize("header", ["retry_after", "reset_after"])
def test_nobody_asks_before_the_time_that_the_provider_told(header: str) -> None:
    storm = Fault(kind=FaultKind.RATE_LIMIT, probability=1.0, between=(0.0, 5.0), **{header: 45.0})
    asked = Asked(faults=(storm,))
    page = asked.many(100)

    assert 20 == page.failed
    assert [] == [call for call in page.calls if 0 < call.started < 45]
    assert {"sim": 100} == page.served


def test_a_storm_without_a_word_when_to_come_back_is_sat_out() -> None:
    asked = Asked(faults=(Fault(kind=FaultKind.RATE_LIMIT, probability=1.0, between=(3.0, 60.0)),))
    page = asked.many(200)

    assert {"sim": 200} == page.served
    assert [] == asked.errors
    during = [call for call in page.calls if 5.0 <= call.started < 60.0]
    assert len(during) < 10, "one probe at a time, less and less often"


def test_an_outage_that_lasts_is_given_up_after_the_stated_time_and_nobody_tries_again() -> None:
    terms = Terms(deadlines=Deadlines(outage=120.0))
    asked = Asked(faults=(Fault(kind=FaultKind.UNAVAILABLE, probability=1.0),), terms=terms)
    page = asked.many(50)

    assert 50 == len(asked.errors)
    assert sum(isinstance(error, WorldDown) for error in asked.errors) >= 49
    assert "currently overloaded" in str(asked.errors[-1])
    assert 120.0 <= asked.ended < 125.0
    assert len(page.calls) < 40


def test_a_run_that_is_drained_does_not_wait_for_a_model_that_is_down() -> None:
    asked = Asked(faults=(Fault(kind=FaultKind.UNAVAILABLE, probability=1.0),))
    asked.many(50, stop_after=20.0)

    assert 50 == len(asked.errors)
    assert asked.ended < 60.0


def test_a_provider_that_asks_for_more_patience_than_there_is_is_down() -> None:
    asked = Asked(faults=(Fault(kind=FaultKind.RATE_LIMIT, probability=1.0, retry_after=86_400.0),))
    asked.many(30)

    assert asked.ended < 90_000.0
    assert any("asks to wait" in str(error) for error in asked.errors)


def test_waiting_for_a_turn_for_a_limit_or_between_tries_is_no_working_time() -> None:
    storm = Fault(kind=FaultKind.RATE_LIMIT, probability=1.0, between=(0.0, 5.0), retry_after=45.0)
    asked = Asked(faults=(storm,), terms=Terms(limits=[Limits(in_flight=5)]))
    asked.many(40)

    assert asked.ended > 50.0
    assert max(asked.worked) < 1.1


def test_requests_a_minute_are_kept() -> None:
    asked = Asked(terms=Terms(limits=[Limits(models="openai:*", requests_per_minute=60)]))
    page = asked.many(200)

    starts = [call.started for call in page.calls]
    assert all(sum(start <= other < start + 60 for other in starts) <= 60 for start in starts)
    assert 180 < asked.ended < 220


def test_a_hang_is_cut_once_it_takes_far_longer_than_the_others_do_and_is_sent_again() -> None:
    hang = Fault(kind=FaultKind.HANG, probability=1.0, between=(2.5, 3.5), seconds=10_000.0)
    asked = Asked(faults=(hang,))
    page = asked.many(200)

    hung = [call for call in page.calls if call.outcome == "abandoned"]
    assert {"sim": 200} == page.served
    assert hung
    assert all(30.0 <= (call.ended or 0.0) - call.started < 31.0 for call in hung)
    assert len(hung) == asked.traffic.counts["openai:sim"].cut


def test_a_request_that_hangs_for_ever_has_a_deadline() -> None:
    hang = Fault(kind=FaultKind.HANG, probability=1.0, seconds=1e9)
    asked = Asked(faults=(hang,), terms=Terms(deadlines=Deadlines(model_call=50.0, outage=400.0)))
    asked.many(1)

    assert 1 == len(asked.errors)
    assert 350.0 < asked.ended < 500.0


@pytest.mark.parametrize(
    "kind", [FaultKind.TRUNCATED, FaultKind.EMPTY_CHOICES, FaultKind.WRONG_SCHEMA, FaultKind.RESET]
)
def test_an_answer_that_cannot_be_read_is_the_worlds_failure_and_is_asked_for_again(kind: FaultKind) -> None:
    sometimes = Asked(faults=(Fault(kind=kind, probability=0.4),))
    page = sometimes.many(40)
    always = Asked(faults=(Fault(kind=kind, probability=1.0),), terms=Terms(deadlines=Deadlines(outage=100.0)))
    always.many(3)

    assert {"sim": 40} == page.served
    assert [] == sometimes.errors
    assert 3 == len(always.errors)
    assert all(isinstance(error, WorldFailed) for error in always.errors)


def test_a_wrong_key_is_the_users_and_is_said_at_once() -> None:
    asked = Asked(faults=(Fault(kind=FaultKind.UNAUTHORIZED, probability=1.0),))
    page = asked.many(1)

    assert 1 == len(page.calls)
    assert [True] == [isinstance(error, UserBug) for error in asked.errors]
