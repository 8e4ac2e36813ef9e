"""SIGKILL at every journal transition and at random moments of whole runs, resumed each time.

Calls are counted at the model server, which is a process of its own and survives: no acknowledged record is lost, no
finished rollout is paid again, each cell is scored at most once, and the budget is spent to the rollout.
"""

import os
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from crash_course import LAWS, SALT, Scene, check_books, moments, undisturbed, undisturbed_events

from spanwright.store.failpoints import Stage
from spanwright.testing.simulated.host import serve_in_subprocess

TRANSITIONS = (
    "run_started",
    "rollout_started",
    "trace",
    "rollout_ended",
    "run_resumed",
    "rollout_started:9",
    "rollout_ended:9",
    "attempt_started",
    "reflection_started",
    "reflection",
    "reflection_ended",
    "judged",
    "trace:9",
    "search_ended",
    "run_ended",
)
"""What every run journals, in the order of its life; and some of them once more, after so many have passed."""


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """A model server that outlives its clients."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))  # it imports its world by it
    with serve_in_subprocess("--world", "clerk:models", "--salt", SALT, *LAWS) as url:
        yield url


def die_again_and_again(scene: Scene, points: list[str]) -> set[str]:
    """Die at one failpoint after another, then come to the end; return those that were met."""
    met = {point for point in points if scene.die_at(point)}
    ended = scene.finish()

    if scene.manner[0] != "steady":  # where one attempt waits for the other, a crash changes nothing
        assert undisturbed(scene.manner) == ended
    check_books(scene, ended, len(met))
    return met


def test_a_run_that_dies_at_its_turning_points_ends_like_one_that_never_did(url: str, tmp_path: Path):
    points = [
        "written:run_started",
        "queued:rollout_ended:5",
        "committed:reflection_ended",
        "acknowledged:judged",
        "committed:run_ended",
    ]
    scene = Scene(url=url, path=tmp_path / "store.sqlite", manner=("default", "short"))

    assert {*points} == die_again_and_again(scene, points)


@pytest.mark.crash
@pytest.mark.timeout(900)
@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("policy", ["default", "steady"])
def test_a_run_that_dies_at_every_transition_of_its_journal_loses_nothing(
    url: str, tmp_path: Path, stage: Stage, policy: str
):
    scene = Scene(url=url, path=tmp_path / "store.sqlite", manner=(policy, "whole"))
    # A steady run spends on while another part of it waits: what it comes to twice, and when, is chance.
    points = [f"{stage}:{kind}" for kind in TRANSITIONS if policy == "default" or ":" not in kind]

    assert {*points} == die_again_and_again(scene, points)


@pytest.mark.crash
@pytest.mark.timeout(900)
@pytest.mark.parametrize("stage", Stage)
def test_a_run_that_dies_where_not_every_run_comes_loses_nothing(url: str, tmp_path: Path, stage: Stage):
    scene = Scene(url=url, path=tmp_path / "store.sqlite", manner=("gepa", "whole"))
    seen = dict.fromkeys(event.kind for event in undisturbed_events(scene.manner))
    points = [f"{stage}:{kind}" for kind in seen if kind not in TRANSITIONS]

    assert points
    assert {*points} == die_again_and_again(scene, points)


@pytest.mark.crash
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("policy", "kills"), [("default", 50), ("gepa", 25)])
def test_a_run_that_is_killed_again_and_again_ends_like_one_that_never_was(
    url: str, tmp_path: Path, policy: str, kills: int
):
    scene = Scene(url=url, path=tmp_path / "store.sqlite", manner=(policy, "whole"))
    for more in moments(scene.manner, kills):
        scene.kill_after(more)
    ended = scene.finish()

    assert undisturbed(scene.manner) == ended
    check_books(scene, ended, kills)


@pytest.mark.crash
@pytest.mark.timeout(900)
def test_a_steady_run_that_is_killed_again_and_again_keeps_its_books_in_order(url: str, tmp_path: Path):
    scene = Scene(url=url, path=tmp_path / "store.sqlite", manner=("steady", "whole"))
    for more in moments(scene.manner, 25):
        scene.kill_after(more)

    check_books(scene, scene.finish(), 25)
