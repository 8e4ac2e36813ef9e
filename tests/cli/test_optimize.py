import json
import sys

import pytest
from opentelemetry import trace

from spanwright import SqliteStore
from spanwright.subject import read_champion


def test_a_better_winner_exits_with_0_and_prints_the_result(optimized):
    assert "Run first: The winner beats the seed: 0.00 -> 1.00 on 12 test cases" in optimized.stdout


def test_json_is_the_only_thing_on_stdout(spanwright):
    ended = spanwright("optimize", "tiny:agent", "--evals", "tiny:cases", "--rollouts", "80", "--json")

    record = json.loads(ended.stdout)
    assert record["improved"] is True
    assert 80 == record["rollouts"]
    assert ["tiny/instructions"] == record["components_changed"]


def test_when_nothing_beats_the_seed_the_exit_code_is_3(spanwright, monkeypatch):
    monkeypatch.setenv("TINY_PROPOSED", "Say no, variant")

    ended = spanwright("optimize", "tiny:agent", "--evals", "tiny:cases", "--rollouts", "80")

    assert 3 == ended.exit_code
    assert "Nothing beat the seed" in ended.stdout


@pytest.mark.parametrize("subject", ["tiny:factory", "tiny:program"])
def test_factories_and_programs_are_optimized_too(spanwright, subject):
    ended = spanwright("optimize", subject, "--evals", "tiny:build", "--rollouts", "80")

    assert 0 == ended.exit_code


def test_an_agent_with_deps_gets_them_from_a_function(spanwright):
    ended = spanwright(
        "optimize", "tiny:needy", "--deps", "tiny:number", "--evals", "tiny:cases", "--rollouts", "80",
        "--components", "tiny/instructions",
    )  # fmt: skip

    assert 0 == ended.exit_code, ended.output


def test_recorded_traces_join_as_evidence_and_bad_ones_are_a_usage_error(spanwright, folder):
    told = {"gen_ai.operation.name": "chat", "gen_ai.agent.name": "tiny", "gen_ai.system_instructions": "Say no."}
    attributes = [{"key": key, "value": {"stringValue": value}} for key, value in told.items()]
    span = {"traceId": "a" * 32, "spanId": "b" * 16, "name": "chat", "attributes": attributes, "status": {"code": 2}}
    times = {"startTimeUnixNano": "1000000000", "endTimeUnixNano": "2000000000"}
    request = {"resourceSpans": [{"scopeSpans": [{"spans": [span | times]}]}]}
    (folder / "seen.jsonl").write_text(json.dumps(request) + "\n")
    command = ("optimize", "tiny:agent", "--evals", "tiny:cases", "--rollouts", "80", "-q", "--run", "seen")

    ended = spanwright(*command, "--evidence", "seen.jsonl")
    again = spanwright("resume", "seen")
    bad = spanwright(*command[:-1], "bad", "--evidence", "none.jsonl")

    assert (0, 0, 2) == (ended.exit_code, again.exit_code, bad.exit_code), ended.output + again.output
    assert "cannot be read" in bad.stderr
    store = SqliteStore(folder / ".spanwright" / "store.sqlite")
    prompts = [store.reader.reflection("seen", number).prompt for number in range(1, 3)]
    assert "# Recorded before" in prompts[0]


def test_a_run_begins_with_the_lessons_of_an_earlier_one(spanwright, optimized, folder):
    command = ("optimize", "tiny:agent", "--evals", "tiny:cases", "--rollouts", "80", "-q", "--run", "second")
    unknown = spanwright(*command, "--lessons-from", "none")
    second = spanwright(*command, "--lessons-from", "first")
    useless = spanwright(*command[:-1], "third", "--policy", "gepa", "--lessons-from", "first")
    reader = SqliteStore(folder / ".spanwright" / "store.sqlite").reader

    assert (2, 0, 2) == (unknown.exit_code, second.exit_code, useless.exit_code), second.output
    assert "Lessons of run 'first': 3 of 3 taken over." in second.stdout
    assert 3 == len(next(iter(reader.events("second"))).lessons)
    assert "lessons_from= is of no use" in useless.stderr


def test_an_agent_with_deps_and_none_given_is_a_usage_error(spanwright):
    ended = spanwright("optimize", "tiny:needy", "--evals", "tiny:cases")

    assert 2 == ended.exit_code
    assert "has dependencies" in ended.stderr
    assert "Traceback" not in ended.output


def test_evals_with_splits_and_a_metric_are_taken_as_they_are(spanwright):
    ended = spanwright("optimize", "tiny:agent", "--evals", "tiny:split", "--rollouts", "60", "--json")

    record = json.loads(ended.stdout)
    assert "validation" == record["measured_on"]
    assert record["seed_test"] is None


def test_a_dataset_file_with_an_evaluator_of_ones_own(spanwright, folder):
    cases = "\n".join(
        f"- {{name: c{place}, inputs: 'Question {place}?', metadata: {{kind: k{place % 9}}}}}" for place in range(40)
    )
    (folder / "cases.yaml").write_text(f"name: cases\ncases:\n{cases}\nevaluators: [SaysYes]\n")

    ended = spanwright(
        "optimize", "tiny:agent", "--evals", "cases.yaml", "--evaluator", "tiny:SaysYes", "--group", "kind",
        "--rollouts", "80",
    )  # fmt: skip

    assert 0 == ended.exit_code, ended.output


def test_a_dataset_file_that_names_an_unknown_evaluator_is_a_usage_error(spanwright, folder):
    (folder / "cases.yaml").write_text("cases:\n- {name: a, inputs: b}\nevaluators: [SaysYes]\n")

    ended = spanwright("optimize", "tiny:agent", "--evals", "cases.yaml")

    assert 2 == ended.exit_code
    assert "SaysYes" in ended.stderr
    assert "--evaluator" in ended.stderr


@pytest.mark.parametrize(
    ("content", "told"), [("cases: [", "no dataset that can be used"), ("cases: 1", "no dataset that can be used")]
)
def test_a_file_that_is_no_dataset_is_a_usage_error(spanwright, folder, content, told):
    (folder / "cases.yaml").write_text(content)

    ended = spanwright("optimize", "tiny:agent", "--evals", "cases.yaml")

    assert 2 == ended.exit_code
    assert told in ended.stderr


@pytest.mark.parametrize(
    ("subject", "evals", "told"),
    [
        ("tiny", "tiny:cases", "'tiny' names nothing"),
        ("nowhere:agent", "tiny:cases", "there is no module 'nowhere'"),
        ("tiny:nobody", "tiny:cases", "has no 'nobody'"),
        ("tiny:say", "tiny:cases", "not decorated"),
        ("tiny:agent", "tiny:agent", "not an eval set"),
        ("tiny:agent", "missing.yaml", "cannot be read"),
        ("tiny:agent", "tiny:cases.nothing", "has no 'cases.nothing'"),
    ],
)
def test_what_cannot_be_found_or_used_is_a_usage_error(spanwright, subject, evals, told):
    ended = spanwright("optimize", subject, "--evals", evals)

    assert 2 == ended.exit_code
    assert told in ended.stderr
    assert "Traceback" not in ended.output


def test_a_module_that_fails_to_import_names_error_and_line(spanwright, folder):
    (folder / "other.py").write_text("import json\n\nagent = json.nothing\n")

    ended = spanwright("optimize", "other:agent", "--evals", "tiny:cases")

    assert 2 == ended.exit_code
    assert "AttributeError" in ended.stderr
    assert "(other.py:3)" in ended.stderr


def test_a_model_that_does_not_resolve_is_a_usage_error(spanwright):
    ended = spanwright("optimize", "tiny:agent", "--evals", "tiny:cases", "--model", "nobody:nothing")

    assert 2 == ended.exit_code
    assert "does not resolve" in ended.stderr


def test_a_base_url_without_a_model_is_a_usage_error(spanwright):
    ended = spanwright("optimize", "tiny:agent", "--evals", "tiny:cases", "--base-url", "http://localhost:1/v1")

    assert 2 == ended.exit_code
    assert "--model" in ended.stderr


def test_a_users_bug_is_one_message_that_says_how_to_go_on(spanwright):
    ended = spanwright("optimize", "tiny:agent", "--evals", "tiny:broken", "--run", "buggy", "-q")

    assert 1 == ended.exit_code
    assert "the evaluator is broken" in ended.stderr
    assert "spanwright resume buggy" in ended.stderr
    assert "Traceback" not in ended.output


def test_progress_and_the_announcement_are_shown_before_the_result(spanwright):
    ended = spanwright("optimize", "tiny:agent", "--evals", "tiny:cases", "--rollouts", "80")

    assert "Budget: at most 80 rollouts" in ended.stderr
    assert "measuring the seed" in ended.stderr
    assert "80/80 rollouts" in ended.stderr


def test_quiet_shows_the_result_alone(optimized):
    assert "" == optimized.stderr


def test_the_winner_is_saved_where_it_is_asked_for(spanwright, folder):
    spanwright("optimize", "tiny:agent", "--evals", "tiny:cases", "--rollouts", "80", "--save", "champion.json")

    assert "yes" in read_champion(folder / "champion.json").texts["tiny/instructions"]


def test_a_policy_is_chosen_by_name(spanwright):
    ended = spanwright(
        "optimize", "tiny:agent", "--evals", "tiny:cases", "--rollouts", "100", "--policy", "gepa", "--json"
    )

    assert "gepa" == json.loads(ended.stdout)["policy"]


def test_the_ordered_schedule_is_the_same_for_a_seed(spanwright):
    def winner(concurrency: str) -> str:
        sys.modules.pop("tiny", None)
        ended = spanwright(
            "optimize", "tiny:agent", "--evals", "tiny:cases", "--rollouts", "80", "--ordered", "--seed", "5",
            "--concurrency", concurrency, "--json",
        )  # fmt: skip
        return json.loads(ended.stdout)["best"]

    assert winner("1") == winner("16")


def test_a_resumed_run_that_has_ended_gives_the_same_result(spanwright, optimized):
    again = spanwright("resume", "first", "-q")

    assert optimized.stdout.partition("  note ")[0] == again.stdout.partition("  note ")[0]
    assert 0 == again.exit_code


def test_a_run_that_the_command_line_did_not_start_cannot_be_resumed_by_it(spanwright):
    ended = spanwright("resume", "unknown")

    assert 2 == ended.exit_code
    assert "--run unknown" in ended.stderr


def test_a_named_run_with_other_settings_is_refused_and_keeps_its_own(spanwright, optimized):
    refused = spanwright("optimize", "tiny:agent", "--evals", "tiny:cases", "--run", "first", "--seed", "9", "-q")
    again = spanwright("resume", "first", "-q")

    assert 1 == refused.exit_code
    assert "cannot be resumed" in refused.stderr
    assert 0 == again.exit_code


@pytest.fixture
def no_provider(monkeypatch):
    monkeypatch.setattr(trace, "get_tracer_provider", trace.ProxyTracerProvider)
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", raising=False)
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)


OPTIMIZE = ("optimize", "tiny:agent", "--evals", "tiny:cases", "--rollouts", "80", "--run", "first", "-q")


@pytest.mark.parametrize(
    ("kind", "variable"), [("mlflow", "MLFLOW_TRACKING_URI"), ("phoenix", "PHOENIX_COLLECTOR_ENDPOINT")]
)
def test_a_run_is_exported_to_where_the_environment_says(spanwright, monkeypatch, no_provider, kind, variable):
    monkeypatch.setenv(variable, "http://127.0.0.1:1")

    ended = spanwright(*OPTIMIZE, "--export", kind)

    assert 0 == ended.exit_code
    assert "at http://127.0.0.1:1: " in ended.stdout
    assert "spans were not delivered (ConnectError" in ended.stdout


def test_an_export_for_which_there_is_no_place_is_a_note(spanwright, no_provider):
    ended = spanwright(*OPTIMIZE, "--export", "otlp")

    assert 0 == ended.exit_code
    assert "export was asked for, but no tracer provider is set" in ended.stdout


def test_a_run_that_is_resumed_is_exported_as_before(spanwright, monkeypatch, no_provider):
    spanwright(*OPTIMIZE, "--export", "otlp")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")

    ended = spanwright("resume", "first", "-q")

    assert 2 == ended.exit_code
    assert "OTEL_EXPORTER_OTLP_PROTOCOL=grpc" in ended.stderr


def test_goals_are_told_on_the_command_line_and_kept_for_a_resumed_run(spanwright):
    ended = spanwright(
        "optimize", "tiny:agent", "--evals", "tiny:cases", "--rollouts", "80", "--run", "wanted",
        "--minimize", "requests", "--at-most", "latency=30", "--json",
    )  # fmt: skip

    record = json.loads(ended.stdout)
    assert {"score", "requests", "latency"} < record["front"][0].keys()
    assert "kept" == record["front"][0]["keeps"]
    shown = spanwright("resume", "wanted")
    assert "limit       latency at most 30: kept" in shown.stdout


@pytest.mark.parametrize("limit", ["latency", "=3", "latency=soon"])
def test_a_limit_that_cannot_be_read_is_a_usage_error(spanwright, limit):
    ended = spanwright("optimize", "tiny:agent", "--evals", "tiny:cases", "--at-most", limit)

    assert 2 == ended.exit_code
    assert "Traceback" not in ended.output


SMALL = ["optimize", "tiny:agent", "--evals", "tiny:cases", "--rollouts", "60", "-q"]


def test_a_pinned_text_is_no_component(spanwright):
    ended = spanwright(*SMALL, "--pin", "tiny/instructions")

    assert 2 == ended.exit_code
    assert "there is no component to evolve" in ended.output


@pytest.mark.parametrize(
    ("option", "bound", "said"),
    [
        ("--max-tokens", "tiny/*=1", "has 2 tokens, 1 are allowed"),
        ("--max-tokens", "tiny/*", "--max-tokens 'tiny/*' bounds nothing"),
        ("--max-tokens", "tiny/*=few", "--max-tokens 'tiny/*=few' has no number"),
        ("--forbid", "tiny/*=no", "a guard is broken before the run begins"),
        ("--forbid", "tiny/*=(", "is no regular expression"),
        ("--max-more", "tiny/*=steps=0.2", "bounds nothing that is measured"),
        ("--max-more", "tiny/*=0.2", "bounds nothing"),
        ("--no-regression", "other/*", "guards no component that may change"),
        ("--pin", "other/*", "no component is named 'other/*'"),
    ],
)
def test_a_bound_that_cannot_hold_is_an_error_before_anything_is_paid(spanwright, option, bound, said):
    ended = spanwright(*SMALL, option, bound)

    assert 2 == ended.exit_code
    assert said in " ".join(ended.output.split())


PAYING = '''
from pathlib import Path

from pydantic_ai import Agent
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import FunctionModel
from spanwright import optimizable


def pays(messages, info):
    if len(messages) == 1 and info.function_tools:
        return ModelResponse(parts=[ToolCallPart("pay", {})])
    return ModelResponse(parts=[TextPart("no")])


def made():
    agent = Agent(FunctionModel(pays), name="payer", instructions="Say no.")

    @agent.tool_plain
    def pay() -> str:
        """Pay."""
        Path("paid").touch()
        return "paid"

    return agent


agent = optimizable(made())
factory = optimizable(made)
program_agent = optimizable(made())


@optimizable(agents=[program_agent])
async def program(question):
    return (await program_agent.run(question)).output
'''


@pytest.mark.parametrize("subject", ["agent", "factory", "program"])
@pytest.mark.parametrize(("mode", "paid"), [("sandbox", False), ("replay", False), ("live", True)])
def test_tools_do_what_the_command_line_says(spanwright, folder, subject, mode, paid):
    (folder / "other.py").write_text(PAYING)

    ended = spanwright(
        "optimize", f"other:{subject}", "--evals", "tiny:cases", "--rollouts", "60", "-q", "--tools", mode
    )

    assert paid == (folder / "paid").exists()
    assert paid == (ended.exit_code in (0, 3)), ended.output


def test_a_bound_is_remembered_with_the_run(spanwright):
    spanwright(*SMALL, "--run", "bounded", "--max-tokens", "tiny/*=50")

    again = spanwright("resume", "bounded", "-q")

    assert again.exit_code in (0, 3), again.output
