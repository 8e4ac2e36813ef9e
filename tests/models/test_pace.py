"""The controller of a model's requests, in virtual time: what it promises holds whatever the provider does."""

from dataclasses import dataclass
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanwright.core.limits import Limits
from spanwright.errors import UsageError
from spanwright.models.breaker import Breaker
from spanwright.models.pace import START, Flight, Pace, Window


@dataclass(kw_only=True)
class Provider:
    """Takes a second for each request, and refuses what is more than `capacity` at once."""

    pace: Pace
    capacity: int = 1_000_000
    demand: int = 1_000_000
    now: float = 0.0
    keeps_up: bool = True

    def second(self) -> tuple[int, int]:
        """Launch what may start now, and return how many were served and refused a second later."""
        flights: list[Flight] = []
        while len(flights) < self.demand and self.pace.wait(self.now) <= 0:
            flights.append(self.pace.start(self.now))
        self.now += 1
        for flight in flights[self.capacity :]:
            self.pace.refused(flight, self.now, None)
        for flight in flights[: self.capacity]:
            self.pace.answered(flight, self.now, tokens=100, keeps_up=self.keeps_up)
        return min(len(flights), self.capacity), max(0, len(flights) - self.capacity)


def test_it_starts_low_and_doubles_while_every_slot_is_used() -> None:
    provider = Provider(pace=Pace(Limits()))
    limits = []
    for _ in range(5):
        limits.append(provider.pace.limit)
        provider.second()

    assert [START, 2 * START, 4 * START, 8 * START, 16 * START] == limits


def test_slots_that_nobody_needs_are_not_multiplied() -> None:
    provider = Provider(pace=Pace(Limits()), demand=10)
    for _ in range(50):
        provider.second()

    assert START == provider.pace.limit


def test_it_does_not_grow_while_our_own_loop_is_late() -> None:
    provider = Provider(pace=Pace(Limits()), keeps_up=False)
    for _ in range(20):
        provider.second()

    assert START == provider.pace.limit


@pytest.mark.parametrize("capacity", [3, 17, 100, 700])
def test_it_finds_what_a_provider_can_do_and_keeps_near_it(capacity: int) -> None:
    provider = Provider(pace=Pace(Limits()), capacity=capacity)
    for _ in range(100):
        provider.second()
    seen = [provider.second() for _ in range(500)]
    served, refused = (sum(column) for column in zip(*seen, strict=True))

    assert served > 0.75 * 500 * capacity
    assert refused < 0.02 * served + 500 / 15 * 2


def test_refusals_of_one_flight_cut_once() -> None:
    pace = Pace(Limits())
    flights = [pace.start(0.0) for _ in range(START)]
    for flight in flights:
        pace.refused(flight, 1.0, None)

    assert START // 2 == pace.limit
    assert START == pace.refusals


def test_nothing_starts_before_the_provider_said() -> None:
    pace = Pace(Limits())
    pace.refused(pace.start(0.0), 1.0, 30.0)

    assert 30.0 == pace.wait(1.0)
    assert 0.0 == pace.wait(31.0)


def test_other_failures_stop_growth_and_cut_nothing() -> None:
    provider = Provider(pace=Pace(Limits()))
    for _ in range(20):
        pace = provider.pace
        flights = [pace.start(provider.now) for _ in range(pace.limit)]
        provider.now += 1
        for flight in flights[1:]:
            pace.answered(flight, provider.now, tokens=1, keeps_up=True)
        pace.failed(flights[0], provider.now)

    assert START == provider.pace.limit


def test_a_fixed_limit_stays_what_it_is() -> None:
    provider = Provider(pace=Pace(Limits(in_flight=7)), capacity=5)
    for _ in range(100):
        provider.second()

    assert 7 == provider.pace.limit


EVENTS = st.lists(
    st.tuples(
        st.floats(min_value=0.0, max_value=5.0),
        st.sampled_from(["answered", "refused", "failed", "left"]),
        st.integers(min_value=0, max_value=2_000),
    ),
    max_size=200,
)


@given(events=EVENTS, in_flight=st.none() | st.integers(min_value=1, max_value=50))
@settings(max_examples=60, deadline=None)
def test_it_never_has_more_in_flight_than_it_says_and_never_forgets_one(events, in_flight) -> None:
    pace, now, flights = Pace(Limits(in_flight=in_flight)), 0.0, []
    for seconds, end, tokens in events:
        now += seconds
        while pace.wait(now) <= 0 and len(flights) < 500:
            flights.append(pace.start(now))
            assert pace.in_flight <= pace.limit
        assert len(flights) == pace.in_flight
        if not flights:
            continue
        flight = flights.pop()
        match end:
            case "answered":
                pace.answered(flight, now, tokens=tokens, keeps_up=True)
            case "refused":
                pace.refused(flight, now, float(tokens % 7))
            case "failed":
                pace.failed(flight, now)
            case _:
                pace.left(flight)
        assert pace.limit >= 1
        assert pace.wait(now) < inf or pace.in_flight >= pace.limit


@given(
    per_minute=st.integers(min_value=1, max_value=900),
    gaps=st.lists(st.floats(min_value=0.0, max_value=3.0), min_size=1, max_size=300),
)
@settings(max_examples=60, deadline=None)
def test_no_minute_holds_more_requests_than_were_allowed(per_minute: int, gaps: list[float]) -> None:
    window, now, starts = Window(per_minute), 0.0, []
    for gap in gaps:
        now += gap
        while (wait := window.wait(now, 1)) > 0:
            now += wait + 1e-9
        window.take(now, 1)
        starts.append(now)

    assert all(sum(start <= other < start + 60 for other in starts) <= per_minute for start in starts)


def test_tokens_per_minute_are_kept_by_what_requests_really_took() -> None:
    provider = Provider(pace=Pace(Limits(tokens_per_minute=60_000)), demand=200)
    served = sum(provider.second()[0] for _ in range(600))

    assert 0.8 * 6_000 < served < 1.1 * 6_000


@pytest.mark.parametrize("wrong", [{"in_flight": 0}, {"requests_per_minute": 0.0}, {"tokens_per_minute": -1.0}])
def test_a_limit_that_lets_nothing_through_is_refused(wrong) -> None:
    with pytest.raises(UsageError, match="lets no request through"):
        Limits(**wrong)


def test_the_world_is_down_after_failures_in_a_row_and_is_then_probed_less_and_less_often() -> None:
    breaker, now = Breaker(patience=120.0), 0.0
    for _ in range(9):
        breaker.failed(now)
    assert not breaker.open
    breaker.failed(now)
    assert breaker.open

    probes = []
    while not breaker.given_up(now):
        now += breaker.wait(now)
        if breaker.given_up(now):
            break
        breaker.start()
        assert breaker.wait(now) > 0, "one probe at a time"
        probes.append(now)
        breaker.failed(now)

    assert [1.0, 3.0, 7.0, 15.0, 31.0, 61.0, 91.0] == probes
    assert 120.0 == now
    assert 1 == breaker.times


def test_one_answer_closes_the_breaker() -> None:
    breaker = Breaker(patience=120.0)
    for _ in range(30):
        breaker.failed(1.0)

    assert breaker.answered()
    assert not breaker.open
    assert 0.0 == breaker.wait(1.0)
    assert not breaker.answered()


def test_one_thing_that_always_fails_is_no_outage() -> None:
    breaker = Breaker(patience=120.0)
    for _ in range(30):
        breaker.failed(1.0, "q7")
    assert not breaker.open

    breaker.failed(1.0, "q8")
    breaker.failed(1.0, "q9")
    assert breaker.open


def test_a_model_that_is_asked_seldom_is_down_when_it_gave_no_answer_for_as_long_as_we_wait() -> None:
    breaker = Breaker(patience=120.0)
    for now in (0.0, 60.0, 119.0):
        breaker.failed(now)
    assert not breaker.open

    breaker.failed(121.0)

    assert breaker.given_up(121.0)
    assert breaker.answered()
    assert not breaker.given_up(121.0)
