"""`spanwright text` and the commands that look at its runs."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from spanwright.cli import modelling
from spanwright.cli.modelling import Cast

SOURCE = Path(__file__).with_name("texts.py")


@pytest.fixture
def counting(folder, monkeypatch):
    """Stand where the module `texts` is, whose model counts up."""
    shutil.copy(SOURCE, folder)
    sys.modules.pop("texts", None)

    def cast(invocation, **_):
        import texts  # noqa: PLC0415

        return Cast(reflection=texts.no_task)

    monkeypatch.setattr("spanwright.cli.running.cast_of", cast)
    yield folder
    sys.modules.pop("texts", None)


def test_a_task_is_optimized_shown_diffed_resumed_and_its_text_saved(counting, spanwright):
    ended = spanwright(
        "text", "texts:task", "--rollouts", "9", "--run", "five", "--ordered", "--save", "best.txt", "-q"
    )

    assert 0 == ended.exit_code, ended.output
    assert "The best text scores 0, the seed -4, on 1 case." in ended.stdout
    assert "5" == Path("best.txt").read_text()
    assert "scores 0" in spanwright("show", "five").stdout
    diff = spanwright("diff", "five").stdout
    assert "-1" in diff
    assert "+5" in diff
    assert "problem" in spanwright("traces", "list", "five").stdout
    again = spanwright("resume", "five", "--json", "-q")
    assert 0.0 == json.loads(again.stdout)["best_validation"]


@pytest.mark.parametrize(
    ("task", "save", "said"),
    [
        ("texts:task", "nowhere/best.txt", "has no folder nowhere to be in"),
        ("texts:task", ".", "is a folder"),
        ("texts:several", "best.txt", "has 2 texts, and --save writes one"),
    ],
)
def test_what_cannot_be_saved_is_said_before_anything_is_spent(counting, spanwright, task, save, said):
    ended = spanwright("text", task, "--rollouts", "9", "--save", save, "-q")

    assert 2 == ended.exit_code
    assert said in ended.stderr
    assert not (counting / ".spanwright").exists()


def test_what_is_no_task_is_refused(counting, spanwright):
    ended = spanwright("text", "texts:no_task", "--reflection-model", "simulated")

    assert 2 == ended.exit_code
    assert "not a TextTask" in ended.output


def test_the_simulated_coder_stands_in_for_a_model_that_writes_programs(spanwright):
    ended = spanwright(
        "text", "spanwright_agents.cache_config:task", "--reflection-model", "simulated", "--rollouts", "30",
        "--ordered", "-q",
    )  # fmt: skip

    assert 0 == ended.exit_code, ended.output
    assert "the seed -" in ended.stdout
    assert modelling.SIMULATED == "simulated"
