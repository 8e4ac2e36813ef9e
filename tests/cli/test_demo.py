import json
import re

import pytest

from spanwright.testing.simulated.host import serve
from spanwright.testing.simulated.models import default_models
from spanwright.testing.simulated.server import simulated_app


@pytest.fixture
def server():
    with serve(simulated_app(default_models())) as base_url:
        yield base_url


def test_the_demo_shows_models_scores_and_the_diff_of_two_components(spanwright):
    ended = spanwright("demo", "--rollouts", "400")

    assert ended.exit_code in (0, 3)
    assert ended.stdout.startswith("The models are simulated")
    assert "--model openai:gpt-5-mini --reflection-model openai:gpt-5" in ended.stdout
    assert "--base-url http://" in ended.stdout
    assert "400 rollouts" in ended.stderr
    assert " -> " in ended.stdout
    assert 1 <= ended.stdout.count("(winner)\n") <= 2
    assert "spanwright traces show demo-support_desk-" in ended.stdout


def test_the_demo_as_json_is_one_object_and_is_resumed_by_its_name(spanwright):
    ended = json.loads(spanwright("demo", "--agent", "multihop", "--rollouts", "170", "--json").stdout)

    again = json.loads(spanwright("resume", ended["run"], "--json").stdout)

    assert 60 < ended["rollouts"] <= 170  # a seed that nothing beats is tested alone
    assert ended == again


def test_live_writes_a_dated_page_about_both_agents(spanwright, folder, server):
    ended = spanwright(
        "live", "--base-url", server, "--model", "sim-task", "--reflection-model", "sim-reflect", "--rollouts", "40"
    )

    (page,) = (folder / "docs" / "live").iterdir()
    text = page.read_text()
    assert 0 == ended.exit_code, ended.output
    assert page.name.endswith("-sim-task.md")
    assert "## support_desk" in text
    assert "## multihop" in text
    assert "Reflection answers that could not be used: " in text
    assert re.search(r"Cost: \d+ rollouts", text)
    assert "127.0.0.1" not in text
