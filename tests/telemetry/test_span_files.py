"""Files of spans: every form is read, what is broken is said, and nothing else is lost over it."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spanwright.errors import SpanwrightError, UsageError
from spanwright.telemetry.facts import folded
from spanwright.telemetry.span_files import read_spans

FOLDER = Path(__file__).parents[2] / "traces" / "dialects"
LINES = FOLDER / "azure_ai_inference.orders.jsonl"
PROTOBUF = FOLDER / "pydantic_ai_v6.orders.pb"
SOME = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def write(tmp_path):
    def written(body: bytes | str, name: str = "spans.jsonl") -> Path:
        path = tmp_path / name
        path.write_bytes(body.encode() if isinstance(body, str) else body)
        return path

    return written


def span(span_id: str = "b7ad6b7169203331", **more: object) -> dict:
    return {
        "traceId": "0af7651916cd43dd8448eb211c80319c",
        "spanId": span_id,
        "name": "chat m",
        "startTimeUnixNano": "1000000000",
        "endTimeUnixNano": "2000000000",
        "attributes": [
            {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
            {"key": "gen_ai.response.id", "value": {"stringValue": "r1"}},
        ],
        **more,
    }


def request(*spans: dict) -> dict:
    return {"resourceSpans": [{"scopeSpans": [{"scope": {"name": "x"}, "spans": [*spans]}]}]}


def log(name: str, body: object, **more: object) -> dict:
    record = {
        "eventName": name,
        "traceId": "0af7651916cd43dd8448eb211c80319c",
        "spanId": "b7ad6b7169203331",
        "timeUnixNano": "1500000000",
        "body": body,
        **more,
    }
    return {"resourceLogs": [{"scopeLogs": [{"scope": {"name": "x"}, "logRecords": [record]}]}]}


@pytest.mark.parametrize("name", ["spans.jsonl", "spans.json", "spans"])
def test_json_lines_are_read_whatever_the_file_is_called(write, name):
    assert read_spans(LINES) == read_spans(write(LINES.read_bytes(), name))


def test_one_request_over_several_lines_is_read(write):
    (line, *_) = LINES.read_text().splitlines()

    assert read_spans(write(line)) == read_spans(write(json.dumps(json.loads(line), indent=2), "spans.json"))


def test_a_list_of_requests_is_read(write):
    lines = LINES.read_text().splitlines()

    assert read_spans(LINES) == read_spans(write(f"[{','.join(lines)}]"))


@pytest.mark.parametrize("file", [LINES, PROTOBUF])
def test_a_compressed_file_is_read(write, file):
    assert read_spans(file) == read_spans(write(gzip.compress(file.read_bytes()), f"{file.name}.gz"))


def test_protobuf_messages_with_their_lengths_are_read(write):
    body = PROTOBUF.read_bytes()
    framed = (len(body).to_bytes(4, "big") + body) * 2

    assert read_spans(PROTOBUF).spans * 2 == read_spans(write(framed, "spans.pb")).spans


def test_a_broken_line_is_named_and_the_others_are_read(write):
    lines = LINES.read_text().splitlines()
    read = read_spans(write("\n".join([lines[0], lines[1][:-20], "", lines[2]])))

    assert read_spans(write("\n".join([lines[0], lines[2]]))).spans == read.spans
    assert 1 == len(read.diagnoses)
    assert "line 2" in read.diagnoses[0]


def test_a_broken_span_takes_no_other_along(write):
    odd = span("b7ad6b7169203332", startTimeUnixNano={})
    nameless = span("short")
    read = read_spans(write(json.dumps(request(span(), odd, nameless, span("b7ad6b7169203333")))))

    assert ["b7ad6b7169203331", "b7ad6b7169203333"] == [one.span_id for one in read.spans]
    assert 2 == len(read.diagnoses)


def test_many_broken_lines_are_counted(write):
    read = read_spans(write(LINES.read_text() + "".join(f"{{broken {number}\n" for number in range(50))))

    assert 9 == len(read.spans)
    assert "45 more could not be read" == read.diagnoses[-1]


def test_an_empty_file_is_empty(write):
    assert () == read_spans(write(b" \n")).spans


@pytest.mark.parametrize("body", [b"no spans", b'{"a": 1}', b"\x00\x01\x02", b"\x1f\x8b but no gzip", b"[1, 2]"])
def test_a_file_of_something_else_is_a_clear_error(write, body):
    with pytest.raises(UsageError, match=r"spans\.dat"):
        read_spans(write(body, "spans.dat"))


def test_a_file_that_is_not_there_is_a_clear_error(tmp_path):
    with pytest.raises(UsageError, match=r"nowhere\.jsonl"):
        read_spans(tmp_path / "nowhere.jsonl")


def test_a_compressed_bomb_is_refused(write):
    with pytest.raises(UsageError, match="more than 1000 bytes"):
        read_spans(write(gzip.compress(b" " * 10_000), "spans.jsonl.gz"), largest=1_000)


def test_zstd_says_what_is_needed_where_it_cannot_be_read(write):
    with pytest.raises(UsageError, match="zstd"):
        read_spans(write(b"\x28\xb5\x2f\xfd" + b"x" * 20, "spans.jsonl.zst"))


def test_events_that_came_as_log_records_are_those_of_their_span(write):
    said = {"kvlistValue": {"values": [{"key": "content", "value": {"stringValue": "Hello?"}}]}}
    lines = [
        log("gen_ai.user.message", said),
        request(span()),
        log("gen_ai.user.message", said),
        log("http.something", said),
    ]
    (trace,) = folded(read_spans(write("\n".join(json.dumps(line) for line in lines))).spans)

    assert ("user", "Hello?") == (
        trace.model_calls[0].messages[0].role,
        trace.model_calls[0].messages[0].parts[0].text,
    )
    assert 1 == len(trace.model_calls[0].messages)


def test_a_judgement_finds_the_answer_that_it_names(write):
    attributes = [
        {"key": "gen_ai.evaluation.name", "value": {"stringValue": "polite"}},
        {"key": "gen_ai.evaluation.score.value", "value": {"doubleValue": 0.5}},
        {"key": "gen_ai.evaluation.explanation", "value": {"stringValue": "so so"}},
        {"key": "gen_ai.response.id", "value": {"stringValue": "r1"}},
    ]
    record = log("gen_ai.evaluation.result", {}, attributes=attributes, spanId="", traceId="")
    (trace,) = folded(read_spans(write(f"{json.dumps(request(span()))}\n{json.dumps(record)}")).spans)

    assert ("polite", 0.5, "so so") == (
        trace.evaluations[0].name,
        trace.evaluations[0].value,
        trace.evaluations[0].explanation,
    )


def test_a_log_record_without_its_span_is_said(write):
    lines = [request(span("b7ad6b7169203334")), log("gen_ai.user.message", {"stringValue": "x"})]
    read = read_spans(write("\n".join(json.dumps(line) for line in lines)))

    assert ("1 log records name a span that is not in the file",) == read.diagnoses


@SOME
@given(body=st.binary(max_size=300))
def test_no_bytes_are_so_odd_that_they_crash(write, body):
    for start in (b"", b"{", b"\x0a", b"\x1f\x8b", b'{"resourceSpans":'):
        try:
            read = read_spans(write(start + body, "spans.dat"))
        except SpanwrightError:
            continue
        folded(read.spans)


@SOME
@given(data=st.data())
def test_a_line_that_was_damaged_anywhere_costs_at_most_itself(write, data):
    lines = LINES.read_bytes().splitlines()
    number = data.draw(st.integers(0, len(lines) - 1))
    place = data.draw(st.integers(0, len(lines[number]) - 1))
    damage = data.draw(st.sampled_from([b"", b"\x00", b"]", b'"', b"\\", b"9" * 30, b"\xff"]))
    damaged = [*lines]
    damaged[number] = lines[number][:place] + damage + lines[number][place + 1 :]
    others = b"\n".join(line for index, line in enumerate(lines) if index != number)
    read = read_spans(write(b"\n".join(damaged)))
    folded(read.spans)

    assert set(map(repr, read_spans(write(others)).spans)) <= set(map(repr, read.spans))
