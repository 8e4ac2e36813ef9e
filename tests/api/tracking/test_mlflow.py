"""A run becomes a run in MLflow: what it was made with, its figures by step, its report and its winner."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from api_world import World
from mlflow_stub import Kept, Stub, serving
from tracked_run import tracked

from spanwright import Result, SqliteStore, Stop, Tracker
from spanwright.core.events import Judged


def only(stub: Stub) -> Kept:
    (run,) = stub.runs.values()
    return run


@dataclass(frozen=True)
class Told:
    """A run that was tracked, for all those who look at it from one side each."""

    stub: Stub
    result: Result
    judged: int


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    world = World(tmp_path_factory.mktemp("told"))
    with serving() as stub, pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        result = asyncio.run(tracked(world, Tracker.mlflow(stub.url, "words"), rollouts=120))
        events = SqliteStore(world.store).reader.events("first")
        yield Told(stub, result, sum(isinstance(each, Judged) for each in events))


def test_a_run_is_a_run_in_its_experiment(told: Told) -> None:
    run = only(told.stub)
    assert () == told.result.remarks
    assert {"words": run.experiment} == told.stub.experiments
    assert ("first", "FINISHED") == (run.name, run.status)
    assert told.result.headline == run.tags["mlflow.note.content"]
    assert told.result.best.id == run.tags["spanwright.winner"]


def test_the_params_say_what_it_was_made_with(told: Told) -> None:
    params = only(told.stub).params
    assert ("default", told.result.seed.id, "120") == (params["policy"], params["seed"], params["budget/rollouts"])
    assert "speaker/instructions, speaker/tool:punctuate" == params["components"]
    assert 30 == sum(int(params[f"cases/{split}"]) for split in ("train", "validation", "test"))
    assert not [name for name in params if name.startswith("made with/case")]


def test_the_figures_end_with_those_of_the_result(told: Told) -> None:
    run, result = only(told.stub), told.result
    assert (120, result.seed_test) == run.course("test/seed")[-1]
    assert (120, result.best_test) == run.course("test/winner")[-1]
    assert (120, result.difference.mean) == run.course("test/gain")[-1]
    assert (120, float(result.usage.tokens)) == run.course("spent/tokens")[-1]


def test_every_step_has_one_point(told: Told) -> None:
    steps = [step for step, _ in only(told.stub).course("spent/rollouts")]
    assert sorted(set(steps)) == steps
    assert told.judged < len(steps)


def test_report_summary_and_champion_are_its_files(told: Told) -> None:
    files = only(told.stub).files
    assert {"report.html", "summary.md", "champion.json"} == set(files)
    assert b"Content-Security-Policy" in files["report.html"]
    assert told.result.best.texts == json.loads(files["champion.json"])["texts"]
    assert told.result.headline.encode() in files["summary.md"]


async def test_a_run_that_is_resumed_goes_on_in_the_same_run_and_says_nothing_twice(world, stub: Stub) -> None:
    stop, tracker = Stop(), Tracker.mlflow(stub.url)
    taught = world.teacher.reflect

    async def reflect_and_stop(context):
        stop.request()
        return await taught(context)

    world.teacher.reflect = reflect_and_stop
    first = await tracked(world, tracker, stop=stop)
    assert (False, "SCHEDULED") == (first.complete, only(stub).status)

    world.teacher.reflect = taught
    await tracked(world, tracker)

    run = only(stub)
    steps = [step for step, _ in run.course("spent/rollouts")]
    assert ("FINISHED", 40) == (run.status, steps[-1])
    assert sorted(set(steps)) == steps
    assert steps[0] <= first.rollouts < steps[-1]


async def test_nothing_is_printed(world, stub: Stub, capfd: pytest.CaptureFixture[str]) -> None:
    await tracked(world, Tracker.mlflow(stub.url))

    assert ("", "") == capfd.readouterr()


async def test_a_finished_run_that_is_asked_for_again_says_nothing_twice(world, stub: Stub) -> None:
    await tracked(world, Tracker.mlflow(stub.url))
    told = len(only(stub).metrics)
    await tracked(world, Tracker.mlflow(stub.url))

    assert told == len(only(stub).metrics)


async def test_a_run_that_was_not_tracked_from_its_start_is_told_whole(world, stub: Stub) -> None:
    await tracked(world)
    await tracked(world, Tracker.mlflow(stub.url))

    steps = [step for step, _ in only(stub).course("spent/rollouts")]
    assert (True, 40) == (steps[0] < 40, steps[-1])


async def test_a_server_that_refuses_is_one_remark_that_says_how_to_catch_up(world, stub: Stub) -> None:
    stub.failing = lambda path: path.endswith("runs/log-batch")
    result = await tracked(world, Tracker.mlflow(stub.url))

    (said,) = result.remarks
    assert f"MLflow at {stub.url} does not have all of this run" in said
    assert "not today" in said
    assert f"catch up with: spanwright track first --to mlflow:{stub.url}" in said


async def test_a_server_that_never_answers_is_not_waited_for_longer_than_said(world, stub: Stub) -> None:
    stub.silent = True
    result = await tracked(world, Tracker.mlflow(stub.url).waiting(0.2))
    stub.closed.set()

    (said,) = result.remarks
    assert "it took longer than 0.2 s" in said
    assert result.complete
