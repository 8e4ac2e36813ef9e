"""The slots of a real wire: a run that may fill them keeps them busy, as the server's own log shows.

Counted are calls in flight at the server, those of rollouts and those of reflections, at most as many as there are
slots. The window begins with the end of the seed's validation, when the last of its rollouts ended before the first
attempt, and ends with the last lease of the search.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import clerk
import pytest

from spanwright import Budget, Policy, Run, Stop, optimize
from spanwright.core.events import AttemptStarted, Event, RolloutEnded, RolloutStarted, SearchEnded
from spanwright.core.rollout import Purpose
from spanwright.store import SqliteStore
from spanwright.testing.simulated.host import read_log, serve_in_subprocess
from spanwright.testing.simulated.log import Call
from spanwright.testing.simulated.transport import over_socket, simulated_model

SLOTS = 32
LAWS = ("--latency-scale", "1", "--median", f"{clerk.REFLECTION}=2.5", "--median", f"{clerk.TASK}=0.5")
"""Slow enough that this machine is not what the run waits for."""
POLICY = Policy.default(max_in_flight=SLOTS, rollouts_per_step=None, slots_per_attempt=1)


@pytest.mark.slow  # it measures how busy slots are: other tests beside it would keep them waiting
async def test_three_quarters_of_the_slots_are_busy_from_the_seeds_validation_to_the_last_lease(tmp_path):
    store, stop = SqliteStore(tmp_path / "store.sqlite"), Stop()

    def stop_after_the_search(event: Event) -> None:
        if isinstance(event, SearchEnded):
            stop.request()

    with serve_in_subprocess("--world", "clerk:models", *LAWS) as url:
        async with over_socket(url) as provider:
            result = await optimize(
                clerk.clerk(provider),
                clerk.questions(),
                budget=Budget(rollouts=640, reflections=200),
                reflection_model=simulated_model(clerk.REFLECTION, provider),
                policy=POLICY,
                store=store,
                run=Run(concurrency=SLOTS, name="wire", progress=False, observers=[stop_after_the_search]),
                stop=stop,
            )
        page = read_log(url)
    events = list(store.reader.events("wire"))
    ahead = time.time() - time.monotonic()  # events tell the time of day, the log the time of the monotonic clock
    since, until = validated(events) - ahead, last_lease(events, POLICY.block or 0) - ahead

    of_rollouts = [call for call in page.calls if call.model == clerk.TASK]
    busy = slot_seconds(page.calls, since, until) / (SLOTS * (until - since))
    sys.stdout.write(
        f"{busy:.0%} of {SLOTS} slots busy for {until - since:.1f} s, "
        f"{slot_seconds(of_rollouts, since, until) / (SLOTS * (until - since)):.0%} with rollouts; "
        f"at most {page.max_in_flight} calls in flight; {result.reflections} reflections\n"
    )
    assert until - since > 5
    assert busy > 0.75
    assert SLOTS == max(in_flight for _, _, in_flight in spells(of_rollouts, 0, page.now))
    assert sum(page.served.values()) == result.usage.requests


def validated(events: Sequence[Event]) -> float:
    """Return when the last rollout of the seed's validation ended."""
    before = events[: next(place for place, event in enumerate(events) if isinstance(event, AttemptStarted))]
    return max(event.rollout.ended for event in before if isinstance(event, RolloutEnded))


def last_lease(events: Iterable[Event], promised: int) -> float:
    """Return when the search last leased something: an attempt with its child's first cells, or further cells."""
    leased, cells = 0.0, Counter[str]()
    for event in events:
        if isinstance(event, SearchEnded):
            break
        if isinstance(event, RolloutStarted) and event.purpose is Purpose.VALIDATION:
            cells[event.key.candidate] += 1
            leased = event.at if cells[event.key.candidate] > promised else leased
        elif isinstance(event, AttemptStarted):
            leased = event.at
    return leased


def slot_seconds(calls: Iterable[Call], since: float, until: float) -> float:
    """Return for how long slots were busy, summed over slots; more calls than slots do not count."""
    return sum(min(in_flight, SLOTS) * (end - begin) for begin, end, in_flight in spells(calls, since, until))


def spells(calls: Iterable[Call], since: float, until: float) -> Iterator[tuple[float, float, int]]:
    """Yield the spells between changes, and how many calls were in flight."""
    within = [(max(call.started, since), min(call.ended or until, until)) for call in calls]
    within = [(begin, end) for begin, end in within if begin < end]
    changes = sorted([(begin, 1) for begin, _ in within] + [(end, -1) for _, end in within])
    in_flight = 0
    for (moment, change), (later, _) in pairwise(changes):
        in_flight += change
        yield moment, later, in_flight
