"""The ledger under any asks in any order: never over, nothing leaked, nobody left waiting."""

from dataclasses import dataclass, field

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from spanwright.core.usage import Budget, Usage
from spanwright.engine import Ask, Lease, Ledger, Phase
from spanwright.testing.virtual import run_virtual

UNLIMITED = 10**9


@dataclass(frozen=True, kw_only=True)
class Deed:
    """What somebody wants of the ledger, and what becomes of it."""

    after: float
    ask: Ask
    used: float
    """The share of the lease that is spent."""
    lasts: float
    tokens: int
    """Of each rollout and each reflection."""
    splits: bool


@dataclass
class Watch:
    """A ledger, the leases that are out, and what must hold whenever something happens to them."""

    ledger: Ledger
    out: list[Lease] = field(default_factory=list)
    in_flight_at_the_limit: list[Lease] = field(default_factory=list)
    """The leases that were out when the limit of tokens was exceeded."""

    def look(self) -> None:
        ledger, budget = self.ledger, self.ledger.budget
        rollouts, reflections = sum(each.rollouts for each in self.out), sum(each.reflections for each in self.out)

        assert ledger.spent.rollouts + rollouts <= (UNLIMITED if budget.rollouts is None else budget.rollouts)
        assert ledger.spent.reflections + reflections <= (
            UNLIMITED if budget.reflections is None else budget.reflections
        )
        assert ledger.outstanding == (rollouts + reflections > 0)

    def settle(self, lease: Lease, usage: Usage) -> None:
        lease.settle(usage)
        limit = self.ledger.budget.tokens
        if limit is not None and self.ledger.spent.tokens > limit:
            self.in_flight_at_the_limit = self.in_flight_at_the_limit or list(self.out)

            assert lease in self.in_flight_at_the_limit
        self.look()


async def do(deed: Deed, watch: Watch) -> None:
    ledger = watch.ledger
    await anyio.sleep(deed.after)
    lease = await ledger.lease(deed.ask)
    if lease is None:
        assert ledger.closed(deed.ask.phase) or not ledger.outstanding
        assert ledger.lease_now(deed.ask) is None
        return

    assert not watch.in_flight_at_the_limit
    assert (deed.ask.rollouts if deed.ask.least is None else deed.ask.least) <= lease.rollouts <= deed.ask.rollouts
    assert deed.ask.reflections == lease.reflections
    with lease:
        watch.out.append(lease)
        part = lease.split(lease.rollouts // 2 if deed.splits else 0)
        with part:
            watch.out.append(part)
            await spend(deed, part, watch)
        await spend(deed, lease, watch)
    watch.out = [each for each in watch.out if each not in (lease, part)]
    watch.look()


async def spend(deed: Deed, lease: Lease, watch: Watch) -> None:
    for _ in range(round(deed.used * lease.rollouts)):
        await anyio.sleep(deed.lasts)
        watch.settle(lease, Usage(rollouts=1, requests=1, input_tokens=deed.tokens))
    for _ in range(round(deed.used * lease.reflections)):
        watch.settle(lease, Usage(reflections=1, requests=1, input_tokens=deed.tokens))


async def play(budget: Budget, held: int, deeds: list[Deed], closing: float) -> Ledger:
    watch = Watch(Ledger(budget, Usage()))
    watch.ledger.hold(Phase.FINAL, held)
    async with anyio.create_task_group() as group:
        for deed in deeds:
            group.start_soon(do, deed, watch)
        await anyio.sleep(closing)
        watch.ledger.close(Phase.SEARCH)
        watch.ledger.release(Phase.FINAL)
    return watch.ledger


few = st.integers(0, 6)
asks = st.builds(
    Ask,
    rollouts=few,
    reflections=st.integers(0, 1),
    least=st.none() | st.just(0) | st.just(1),
    leave=st.integers(0, 3),
    phase=st.sampled_from([Phase.SEARCH, Phase.SEARCH, Phase.FINAL]),
    owed=st.booleans(),
).filter(lambda ask: (ask.least or 0) <= ask.rollouts)
deeds = st.builds(
    Deed,
    after=st.floats(0, 5),
    ask=asks,
    used=st.floats(0, 1),
    lasts=st.floats(0, 3),
    tokens=st.integers(0, 50),
    splits=st.booleans(),
)
limits = st.none() | st.integers(0, 30)
budgets = st.builds(Budget, rollouts=limits, reflections=limits, tokens=st.none() | st.integers(0, 400))


@settings(max_examples=150, deadline=None)
@given(budget=budgets, held=few, deeds=st.lists(deeds, max_size=12), closing=st.floats(0, 30))
def test_whatever_is_asked_nothing_is_exceeded_or_leaked_and_nobody_waits_for_ever(budget, held, deeds, closing):
    ledger = run_virtual(play(budget, held, deeds, closing))  # it raises Stalled where somebody waits for ever

    assert not ledger.outstanding
    assert ledger.free_rollouts == (None if budget.rollouts is None else budget.rollouts - ledger.spent.rollouts)


def test_what_is_held_for_a_later_phase_is_out_of_reach_of_the_earlier_ones():
    ledger = Ledger(Budget(rollouts=10), Usage())
    ledger.hold(Phase.TEST, 6)

    assert ledger.lease_now(Ask(rollouts=5)) is None
    assert ledger.lease_now(Ask(rollouts=4)) is not None
    assert ledger.lease_now(Ask(rollouts=6, phase=Phase.TEST)) is not None


def test_what_a_candidate_was_promised_is_granted_after_the_search_but_not_after_a_stop():
    ledger = Ledger(Budget(rollouts=10), Usage())
    ledger.close(Phase.SEARCH)

    assert ledger.lease_now(Ask(rollouts=1)) is None
    assert ledger.lease_now(Ask(rollouts=1, owed=True)) is not None

    ledger.close(Phase.TEST)

    assert ledger.lease_now(Ask(rollouts=1, owed=True)) is None


def test_a_resumed_run_estimates_by_what_the_earlier_process_has_spent():
    ledger = Ledger(Budget(tokens=1_000), Usage())
    ledger.replay(Usage(rollouts=1, input_tokens=400))

    assert ledger.lease_now(Ask(rollouts=2)) is None
    assert ledger.lease_now(Ask(rollouts=1)) is not None


def test_dollars_are_exceeded_by_no_more_than_what_was_in_flight_when_they_ran_out():
    ledger = Ledger(Budget(usd=1.0), Usage())
    leases = [ledger.lease_now(Ask(rollouts=1)) for _ in range(8)]  # nothing is known of the price yet
    for lease in leases:
        assert lease is not None
        if ledger.spent.usd > 1.0:
            assert ledger.lease_now(Ask(rollouts=1)) is None
        lease.settle(Usage(rollouts=1, usd=0.3))

    assert ledger.spent.usd - 1.0 <= 5 * 0.3  # the fourth exceeds the limit, and four more were in flight
