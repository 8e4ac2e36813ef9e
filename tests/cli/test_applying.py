"""`apply` puts a winner into the source, `champion` looks at a saved one, `components` says from where texts come."""

import json

import pytest

AGENT = """\
from pydantic_ai import Agent
from pydantic_ai.models.test import TestModel

PROMPT = {prompt}
agent = Agent(TestModel(), name="tiny", instructions=PROMPT)
"""


@pytest.fixture
def shop(spanwright, optimized, folder):
    """A module with an agent of the finished run's name, whose instructions stand in a constant."""
    path = folder / "other.py"
    path.write_text(AGENT.format(prompt='"Say no."  # for now'))
    return path


def test_the_source_gets_the_winner_and_a_second_time_nothing_is_left_to_do(spanwright, shop):
    written = spanwright("apply", "first", "--agent", "other:agent", "--write")
    after = shop.read_text()
    again = json.loads(spanwright("apply", "first", "--agent", "other:agent", "--json").stdout)

    assert 0 == written.exit_code
    assert '-PROMPT = "Say no."  # for now' in written.stdout
    assert '+PROMPT = "Say yes, variant' in written.stdout
    assert "Wrote 1 text to" in written.stderr
    assert 'PROMPT = "Say yes, variant' in after
    assert (["tiny/instructions"], [], False) == (again["already"], again["files"], again["written"])


def test_what_cannot_be_written_goes_to_a_champion_file_which_says_whether_it_fits(spanwright, shop, folder):
    shop.write_text(AGENT.format(prompt='"".join(["Say", " no."])'))

    written = spanwright("apply", "first", "--agent", "other:agent", "--champion", "rest.json", "--write")
    fits = spanwright("champion", "rest.json", "--agent", "other:agent")
    shop.write_text(AGENT.format(prompt='"Say nothing."'))
    spanwright.forget("other")
    outdated = spanwright("champion", "rest.json", "--agent", "other:agent", "--json")

    assert "Not written, so it is in rest.json:\n  tiny/instructions  code makes instructions of tiny" in written.stderr
    saved = json.loads((folder / "rest.json").read_text())
    assert ["tiny/instructions"] == list(saved["texts"]) == list(saved["seed"])
    assert {"on", "cases", "seed", "winner", "difference", "low", "high"} == saved["measured"].keys()
    assert (0, 1) == (fits.exit_code, outdated.exit_code)
    assert fits.stdout.startswith("Champion of run first, 1 text: ")
    assert "it fits other:agent" in fits.stdout
    assert ["tiny/instructions"] == [misfit["component"] for misfit in json.loads(outdated.stdout)["misfits"]]


def test_another_source_than_the_runs_is_a_usage_error(spanwright, shop):
    shop.write_text(shop.read_text().replace("Say no.", "Say nothing."))

    ended = spanwright("apply", "first", "--agent", "other:agent", "--write")

    assert 2 == ended.exit_code
    assert "the source changed since the run began: tiny/instructions" in ended.stderr


def test_components_say_where_they_come_from_or_why_they_cannot_be_written(spanwright, folder):
    code = AGENT.format(prompt='"Say no."') + 'code = Agent(TestModel(), name="code", instructions=str(7))\n'
    (folder / "other.py").write_text(code)

    listed = spanwright("components", "other:agent").stdout.splitlines()[1]
    (record,) = json.loads(spanwright("components", "other:code", "--json").stdout)

    assert ["tiny/instructions", "instructions", "yes", "2", "other.py:4", "Say", "no."] == listed.split()
    assert ("code makes instructions of code at other.py:6", 1) == (record["obstacle"], record["tokens"])
