"""Observers watch a run and cannot disturb it."""

import logging

import anyio
from engine_trials import Terms

from spanwright.core.events import Event, RolloutEnded, RunEnded, RunStarted
from spanwright.core.usage import Budget
from spanwright.engine.observers import Observers
from spanwright.search import Policy
from spanwright.testing.landscape import Landscape
from spanwright.testing.virtual import run_virtual

TERMS = Terms(
    world=Landscape(seed=2), policy=Policy.default(), budget=Budget(rollouts=120, reflections=30), sizes=(12, 20, 6)
)


def test_an_observer_sees_every_event_in_order_before_the_run_returns():
    seen: list[Event] = []

    made = run_virtual(TERMS.run(observers=[seen.append]))

    assert made.events == seen
    assert isinstance(seen[0], RunStarted)
    assert isinstance(seen[-1], RunEnded)


def test_an_observer_that_raises_is_detached_with_one_warning_and_the_run_goes_on(caplog):
    shown: list[Event] = []
    seen: list[Event] = []

    def breaks(event: Event) -> None:
        shown.append(event)
        if isinstance(event, RolloutEnded):
            raise ValueError("no such widget")  # noqa: TRY004  (an observer's own error)

    with caplog.at_level(logging.WARNING, logger="spanwright"):
        made = run_virtual(TERMS.run(observers=[breaks, seen.append]))

    assert made.ended.complete
    assert made.events == seen
    assert 1 == sum(isinstance(event, RolloutEnded) for event in shown)
    assert 1 == len(caplog.records)
    assert "breaks" in caplog.text
    assert "ValueError: no such widget" in caplog.text


def test_an_observer_that_lags_far_behind_is_detached_with_one_warning(caplog):
    ended = run_virtual(TERMS.run()).events[-1]
    late: list[Event] = []

    async def offered() -> None:
        with Observers([late.append]) as observers:
            for _ in range(10_500):  # nobody takes them
                observers.offer(ended)

    with caplog.at_level(logging.WARNING, logger="spanwright"):
        run_virtual(offered())

    assert 1 == len(caplog.records)
    assert "10000 events behind" in caplog.text


def test_an_observer_keeps_up_with_rollouts_that_end_by_the_dozen_in_each_turn_of_the_loop(caplog):
    ended = run_virtual(TERMS.run()).events[-1]
    seen: list[Event] = []

    async def offered() -> None:
        with Observers([seen.append]) as observers:
            async with anyio.create_task_group() as group:
                observers.start(group)
                for _ in range(500):
                    for _ in range(64):
                        observers.offer(ended)
                    await anyio.lowlevel.checkpoint()
                observers.close()

    with caplog.at_level(logging.WARNING, logger="spanwright"):
        run_virtual(offered())

    assert 500 * 64 == len(seen)
    assert [] == caplog.records
