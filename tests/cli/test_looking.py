import json

import pytest

import spanwright as spanwright_library
from spanwright.cli.options import DEFAULT_STORE


def test_runs_are_listed(spanwright, optimized):
    listed = spanwright("runs").stdout.splitlines()

    assert listed[0].startswith("RUN    STATUS")
    assert listed[1].startswith("first  ended (budget)")


def test_runs_as_json(spanwright, optimized):
    (run,) = json.loads(spanwright("runs", "--json").stdout)

    assert "first" == run["name"]
    assert 80 == run["rollouts"]


def test_a_store_that_is_not_there_has_no_runs(spanwright, folder):
    listed = spanwright("runs")

    assert "No runs" in listed.stdout
    assert [] == json.loads(spanwright("runs", "--json").stdout)
    assert not (folder / ".spanwright").exists()


def test_a_run_is_shown_with_the_way_to_its_winner(spanwright, optimized):
    shown = spanwright("show", "first").stdout

    assert shown.startswith(optimized.stdout.split("  note ")[0])
    assert "changed tiny/instructions: It says no." in shown


def test_a_run_is_shown_as_json(spanwright, optimized):
    assert 1.0 == json.loads(spanwright("show", "first", "--json").stdout)["best_test"]


def test_the_diff_of_a_run_is_printed(spanwright, optimized):
    diff = spanwright("diff", "first").stdout

    assert "--- tiny/instructions (seed)" in diff
    assert "-Say no." in diff
    assert "+Say yes, variant" in diff


@pytest.mark.parametrize("command", [["show", "none"], ["diff", "none"], ["traces", "list", "none"]])
def test_an_unknown_run_is_a_usage_error(spanwright, optimized, command):
    ended = spanwright(*command)

    assert 2 == ended.exit_code
    assert "there is no run 'none'" in ended.stderr


def test_rollouts_are_listed(spanwright, optimized):
    listed = spanwright("traces", "list", "first").stdout.splitlines()

    assert listed[0].split() == ["ROLLOUT", "PURPOSE", "ATTEMPT", "CANDIDATE", "SCORE", "CASE"]
    assert 81 == len(listed)
    assert 80 == len(json.loads(spanwright("traces", "list", "first", "--json").stdout))


def test_a_trace_is_shown_with_what_the_reflector_saw(spanwright, optimized):
    rollouts = json.loads(spanwright("traces", "list", "first", "--json").stdout)
    number = next(rollout["number"] for rollout in rollouts if rollout["purpose"] == "minibatch")

    shown = spanwright("traces", "show", "first", str(number)).stdout

    assert "assistant: no" in shown
    assert "Attempt 1, the reflector's prompt" in shown
    assert "Texts that you may edit" in shown
    assert "proposed new texts for tiny/instructions" in shown


def test_a_trace_that_no_reflector_saw_says_so(spanwright, optimized):
    shown = spanwright("traces", "show", "first", "1").stdout

    assert "No reflector saw it: it was for the validation." in shown


def test_a_trace_as_json_is_the_stored_record(spanwright, optimized):
    record = json.loads(spanwright("traces", "show", "first", "1", "--json").stdout)

    assert 1 == record["rollout"]["number"]
    assert "tiny" == record["trace"]["agents"][0]["name"]


def test_components_are_listed_without_a_model_call(spanwright):
    listed = spanwright("components", "tiny:needy").stdout.splitlines()

    assert [line.split()[0] for line in listed] == [
        "COMPONENT",
        "tiny/instructions",
        "tiny/tool:ask",
        "tiny/tool_name:ask",
        "tiny/tool:ask/question",
    ]


def test_what_an_agent_sends_and_no_candidate_can_change_is_told_with_its_reason(spanwright, folder):
    code = (
        "from pydantic_ai import Agent\nfrom pydantic_ai.models.test import TestModel\n"
        "agent = Agent(TestModel(), name='other')\n"
        "@agent.instructions\ndef today(): return 'It is Friday.'\n"
    )
    (folder / "other.py").write_text(code)

    told = spanwright("components", "other:agent").stderr

    assert "Cannot be changed:\n  other: instructions 'It is Friday.'  a function makes them" in told


def test_components_as_json(spanwright):
    found = json.loads(spanwright("components", "tiny:factory", "--json").stdout)

    assert ["tiny/instructions"] == [component["id"] for component in found]


def test_components_of_a_service_are_listed(spanwright, folder):
    code = (
        "from spanwright import HttpSubject\nfar = HttpSubject('http://127.0.0.1:1/', {'far/instructions': 'Answer.'})"
    )
    (folder / "other.py").write_text(code)
    listed = spanwright("components", "other:far").stdout.splitlines()

    assert ["COMPONENT", "far/instructions"] == [line.split()[0] for line in listed]


def test_without_an_endpoint_live_says_so_in_one_line(spanwright):
    ended = spanwright("live")

    assert 0 == ended.exit_code
    assert 1 == len(ended.output.splitlines())


def test_an_unknown_option_is_a_usage_error(spanwright):
    assert 2 == spanwright("runs", "--nonsense").exit_code


def test_the_command_line_and_the_library_keep_runs_in_the_same_file():
    assert spanwright_library.DEFAULT_STORE == DEFAULT_STORE
