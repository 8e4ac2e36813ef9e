import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "traces" / "dialects"


def test_the_facts_of_a_file_are_printed_as_json(spanwright):
    expected = json.loads((FOLDER / "vercel_ai_v6.orders.expected.json").read_text())
    told = json.loads(spanwright("traces", "facts", str(FOLDER / "vercel_ai_v6.orders.jsonl"), "--json").stdout)

    assert expected["agents"] == told["agents"]
    assert expected.keys() == told.keys()
    assert "note service is down" in told["tool_calls"][1]["error"]


def test_the_facts_of_a_file_are_told_in_lines(spanwright):
    told = spanwright("traces", "facts", str(FOLDER / "openinference_openai.orders.pb")).stdout.splitlines()

    assert "agent order_desk: You are the order desk. Look up the order before you answer." == told[0]
    assert "  gpt-4o-mini, 112 + 18 tokens, tool_call: calls lookup_order" == told[1]
    assert "tool send_note of order_desk: failed: ValueError: note service is down" == told[-2]


def test_a_whole_file_is_found_whole(spanwright):
    ended = spanwright("traces", "check", str(FOLDER / "langsmith_otel.orders.jsonl"))

    assert (0, "6 spans of 1 traces: nothing is missing.\n") == (ended.exit_code, ended.stdout)


def test_what_is_missing_is_said_with_its_switch(spanwright):
    ended = spanwright("traces", "check", str(FOLDER / "google_adk_no_content.orders.jsonl"))

    assert 1 == ended.exit_code
    assert "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only" in ended.stdout


def test_what_is_missing_as_json(spanwright, folder):
    body = (FOLDER / "azure_ai_inference.orders.jsonl").read_text()
    (folder / "spans.jsonl").write_text(body + "{not json\n")
    ended = spanwright("traces", "check", "spans.jsonl", "--json")
    (line,) = json.loads(ended.stdout)

    assert 1 == ended.exit_code
    assert "line 4" in line


@pytest.mark.parametrize("command", ["facts", "check"])
def test_a_file_that_holds_no_spans_is_a_usage_error(spanwright, folder, command):
    (folder / "spans.txt").write_text("hello")
    ended = spanwright("traces", command, "spans.txt")

    assert 2 == ended.exit_code
    assert "'spans.txt' holds no spans" in ended.stderr
