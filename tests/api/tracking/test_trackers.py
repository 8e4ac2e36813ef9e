"""Whatever the tracker: it is told all, once, in order, and its trouble is none of the run's."""

import pytest
from tracked_run import Lists, tracked

from spanwright import Run, SqliteStore, Tracker, UsageError, UserBug
from spanwright.report.tracking import track

PASSWORD = "hunter2"


async def test_a_tracker_of_ones_own_is_a_function_that_returns_a_sheet(world) -> None:
    lists = Lists()
    result = await tracked(world, lists.tracker)

    (ending,) = lists.sheet.endings
    assert ("ended", result.headline, result.best.id) == (ending.outcome, ending.headline, ending.winner)
    assert "first" == lists.sheet.undertaking.run
    assert 40 == lists.steps()[-1]


async def test_what_broke_off_is_neither_lost_nor_told_twice(world) -> None:
    lists = Lists(faults=1)
    result = await tracked(world, lists.tracker)

    steps = lists.steps()
    assert sorted(set(steps)) == steps
    assert 40 == steps[-1]
    assert () == result.remarks


async def test_two_trackers_do_not_wait_for_each_other(world) -> None:
    class Broken:
        def __call__(self, undertaking):
            raise ConnectionError("nobody there")

    lists = Lists()
    result = await tracked(world, Tracker("broken", Broken()), lists.tracker)

    (said,) = result.remarks
    assert "broken does not have all of this run: ConnectionError: nobody there" == said
    assert 40 == lists.steps()[-1]


async def test_a_run_that_a_bug_ends_is_tracked_as_far_as_it_came(world) -> None:
    class Broken:
        async def reflect(self, context):
            raise RuntimeError("not today")

    lists = Lists()
    with pytest.raises(UserBug, match="not today"):
        await tracked(world, lists.tracker, reflection_model=Broken())

    (ending,) = lists.sheet.endings
    assert "failed" == ending.outcome
    assert lists.steps()
    assert "report.html" in lists.sheet.files


async def test_a_run_that_is_over_can_still_be_tracked(world) -> None:
    await tracked(world)
    lists, reader = Lists(), SqliteStore(world.store).reader

    assert () == track(reader, "first", lists.tracker)
    assert () == track(reader, "first", lists.tracker)

    steps = lists.steps()
    assert sorted(set(steps)) == steps
    assert (2, 40) == (lists.sheet.opened, steps[-1])
    assert "champion.json" in lists.sheet.files


async def test_runs_in_memory_are_tracked_too(world) -> None:
    lists = Lists()
    await tracked(world, lists.tracker, store=":memory:")

    assert 40 == lists.steps()[-1]
    assert "report.html" in lists.sheet.files


def test_a_client_that_is_not_installed_is_said_before_anything_is_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spanwright.report.tracking.tracker.find_spec", lambda name: None)

    with pytest.raises(UsageError, match=r"not installed. Install it: pip install spanwright\[wandb\]"):
        Run(trackers=[Tracker.wandb()])
    with pytest.raises(UsageError, match=r"MLflow is not installed. Install it: pip install spanwright\[mlflow\]"):
        Run(trackers=[Tracker.mlflow()])


def test_a_word_that_names_no_tracker_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'aim' is no tracker\. Say mlflow, mlflow:URI, wandb, or wandb:PROJECT"):
        Tracker.named("aim")


def test_a_key_on_the_command_line_is_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError, match="MLFLOW_TRACKING_") as raised:
        Tracker.named(f"mlflow:https://me:{PASSWORD}@tracking.example")
    assert PASSWORD not in str(raised.value)


def test_a_password_in_an_address_is_not_said() -> None:
    assert "MLflow at https://tracking.example" == Tracker.mlflow(f"https://me:{PASSWORD}@tracking.example").name
