"""`spanwright paper`: a row beside the published ones, and a clear word where data are missing."""

import json

import pytest

from spanwright.cli.options import PaperTasks
from spanwright_agents.paper.published import published


def test_official_data_are_asked_for_before_anything_is_spent(spanwright, folder):
    ended = spanwright("paper", "hotpotqa", "--model", "openai:gpt-4.1-mini")

    assert 2 == ended.exit_code
    assert "HotpotQA needs its official data: hotpot_train_v1.1.json (566 MB, CC BY-SA 4.0)" in ended.stderr
    assert "--data FOLDER, add --download to fetch them, or try --quick" in ended.stderr
    assert not (folder / ".spanwright").exists()


def test_a_folder_without_the_data_is_told_what_to_fetch(spanwright, folder):
    ended = spanwright("paper", "hotpotqa", "--data", str(folder), "--model", "openai:gpt-4.1-mini")

    assert 2 == ended.exit_code
    assert "there is no hotpot_train_v1.1.json in" in ended.stderr
    assert "curl -L -o hotpot_train_v1.1.json http://curtis.ml.cmu.edu" in ended.stderr


def test_published_figures_are_those_of_the_paper():
    known = published("hotpotqa")

    assert 69.0 == known.scores["GPT-4.1-mini"]["GEPA"]
    assert 42.33 == known.scores["Qwen3-8B"]["no optimizer"]
    assert 69 == known.trees["GEPA, GPT-4.1-mini"].reflections


def test_without_a_model_the_row_is_made_by_simulated_ones_and_says_so(spanwright):
    ended = spanwright("paper", "aime", "--rollouts", "70", "-q")

    assert ended.exit_code in (0, 3), ended.output
    assert ended.stdout.startswith("SIMULATED: the models are stand-ins and the data are small and invented")
    before, after = ended.stdout.split("PUBLISHED, with real models on the official data:", 1)
    assert "SIMULATED MODELS, NOT TO BE COMPARED with what was published:\nAIME-2025, test score in %" in before
    assert "this run, policy default" in before
    assert "published: GEPA" not in before
    assert "published: GEPA               GPT-4.1-mini  49.33   59.33" in after
    assert (
        "published: GEPA, GPT-4.1-mini  28          0       46.67 -> 60.00  #27   4      4        19      69%" in after
    )
    assert "published: 1,839 without the test split, on 150" in after


def test_the_row_as_json_has_the_tree_and_what_was_published(spanwright):
    ended = spanwright("paper", "livebench", "--rollouts", "60", "--policy", "gepa", "--json", "-q")

    told = json.loads(ended.stdout)
    assert "livebench" == told["task"]
    assert told["row"]["simulated"]
    assert not told["row"]["official"]
    assert "gepa" == told["row"]["policy"]
    assert told["row"]["tree"]["nodes"] == told["row"]["tree"]["admitted"] + 1
    assert 64.13 == told["published"]["scores"]["GPT-4.1-mini"]["GEPA"]
    assert told["result"]["complete"]


def test_a_run_is_resumed_with_its_task_and_its_data(spanwright):
    first = json.loads(spanwright("paper", "aime", "--rollouts", "70", "--run", "mine", "--json", "-q").stdout)

    again = json.loads(spanwright("resume", "mine", "--json", "-q").stdout)

    assert first["result"] == again


@pytest.mark.parametrize("task", PaperTasks)
def test_every_task_has_published_figures_and_says_what_it_needs(task, spanwright):
    assert {"GPT-4.1-mini", "Qwen3-8B"} == set(published(task.value).scores)
    ended = spanwright("paper", task.value, "--model", "openai:gpt-4.1-mini")

    assert 2 == ended.exit_code
    assert "needs its official data" in ended.stderr
