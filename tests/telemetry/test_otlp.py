"""What is read of the bytes that exporters send: the same from protobuf and JSON, oddities of the wild included."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode

from spanwright.core.trace import Span, SpanEvent
from spanwright.errors import MalformedOtlp
from spanwright.telemetry.flatten import flatten
from spanwright.telemetry.otlp import (
    LoggedEvent,
    decode_json,
    decode_logs_json,
    decode_logs_protobuf,
    decode_protobuf,
    encode_json,
    encode_logs_json,
)

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


def request(span: dict[str, object], **resource: object) -> bytes:
    return json.dumps({"resourceSpans": [{**resource, "scopeSpans": [{"spans": [span]}]}]}).encode()


def one(**fields: object) -> Span:
    [span] = decode_json(request({"traceId": TRACE, "spanId": SPAN, "name": "a span", **fields}))
    return span


def made_by_the_sdk() -> tuple[bytes, list[Span]]:
    """Return a request as the SDK's exporter encodes it, and the same spans as they are read in process."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "desk"}), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("pydantic-ai")
    with tracer.start_as_current_span(
        "chat", kind=SpanKind.CLIENT, links=[Link(SpanContext(7, 8, is_remote=True))]
    ) as span:
        span.set_attributes(
            {"n": 1, "x": 0.5, "ok": True, "names": ("a", "b"), "mixed": (1.0, 2.0), "nan": float("nan")}
        )
        span.set_status(Status(StatusCode.ERROR, "no"))
        with tracer.start_as_current_span("tool") as inner:
            inner.record_exception(ValueError("broken"))
    finished = exporter.get_finished_spans()
    return encode_spans(finished).SerializeToString(), [flatten(span) for span in finished]


def test_an_exported_span_reads_as_it_would_have_in_process():
    body, expected = made_by_the_sdk()
    found = list(decode_protobuf(body))

    assert ["desk", "desk"] == [span.service for span in found]
    for span, same in zip(found, expected, strict=True):
        for name in ("trace_id", "span_id", "parent_id", "name", "scope", "kind", "status", "status_message"):
            assert getattr(same, name) == getattr(span, name)
        assert (same.started, same.ended, same.links, same.dropped) == (
            span.started,
            span.ended,
            span.links,
            span.dropped,
        )
        assert same.attributes == span.attributes
        assert [event.name for event in same.events] == [event.name for event in span.events]


def test_structured_values_become_json_text_and_plain_rows_stay_rows():
    text = {"stringValue": "hi"}
    part = {"kvlistValue": {"values": [{"key": "content", "value": text}, {"key": "x", "value": {}}]}}
    span = one(
        attributes=[
            {"key": "messages", "value": {"arrayValue": {"values": [part]}}},
            {"key": "one", "value": part},
            {"key": "row", "value": {"arrayValue": {"values": [text, {"stringValue": "ho"}]}}},
            {"key": "mixed", "value": {"arrayValue": {"values": [text, {"intValue": "3"}]}}},
            {"key": "none", "value": {}},
            {"key": "empty", "value": {"arrayValue": {}}},
            {"key": "blob", "value": {"bytesValue": "AAE="}},
        ]
    )

    assert {
        "messages": '[{"content": "hi", "x": null}]',
        "one": '{"content": "hi", "x": null}',
        "row": ("hi", "ho"),
        "mixed": ("hi", "3"),
        "empty": (),
        "blob": "AAE=",
    } == span.attributes


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"intValue": "9007199254740993"}, 9007199254740993),
        ({"intValue": 7}, 7),
        ({"intValue": -7.0}, -7),
        ({"int_value": "7"}, 7),
        ({"doubleValue": 2}, 2.0),
        ({"doubleValue": "Infinity"}, "inf"),
        ({"doubleValue": "NaN"}, "nan"),
        ({"boolValue": False}, False),
        ({"stringValue": ""}, ""),
        ({"stringValue": None, "intValue": "4"}, 4),
        ({"valueOfTomorrow": 4, "stringValue": "today"}, "today"),
    ],
)
def test_values_may_be_written_in_several_ways(written, read):
    assert {"key": read} == one(attributes=[{"key": "key", "value": written}]).attributes


@pytest.mark.parametrize("kind", [3, "3", "SPAN_KIND_CLIENT"])
def test_enums_are_numbers_or_names(kind):
    span = one(kind=kind, status={"code": "STATUS_CODE_ERROR"})

    assert ("client", "error") == (span.kind, span.status)
    assert "ok" == one(status={"code": 1}).status


def test_what_is_left_out_is_zero_and_what_is_unknown_is_passed_over():
    span = one(fieldOfTomorrow={"x": 1}, kind=99, status={"code": 7}, events=None, parentSpanId="0" * 16)

    assert ("", "internal", "unset", 0.0, 0.0, {}, ()) == (
        span.parent_id,
        span.kind,
        span.status,
        span.started,
        span.ended,
        span.attributes,
        span.events,
    )


def test_ids_are_hexadecimal_in_any_case_or_base64_as_protobufs_own_writer_has_them():
    for trace_id, span_id in (
        (TRACE.upper(), SPAN.upper()),
        (base64.b64encode(bytes.fromhex(TRACE)).decode(), base64.b64encode(bytes.fromhex(SPAN)).decode()),
    ):
        [span] = decode_json(request({"traceId": trace_id, "spanId": span_id}))

        assert (TRACE, SPAN) == (span.trace_id, span.span_id)


def test_names_may_be_in_snake_case_with_numbers_as_they_are():
    span = {"trace_id": TRACE, "span_id": SPAN, "parent_span_id": None, "start_time_unix_nano": 1_500_000_000}
    [found] = decode_json(json.dumps({"resource_spans": [{"scope_spans": [{"spans": [span]}]}]}).encode())

    assert (SPAN, 1.5, 1.5) == (found.span_id, found.started, found.ended)


def test_half_a_character_that_javascript_left_is_replaced():
    [span] = decode_json(request({"traceId": TRACE, "spanId": SPAN, "name": "cut \ud83d"}))

    assert "cut ?" == span.name


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b'{"spans": []}', b"\xff\xfe", b'{"resourceSpans": 7}'])
def test_what_is_no_request_says_so(body):
    with pytest.raises(MalformedOtlp, match="Send what an OpenTelemetry exporter writes"):
        list(decode_json(body))


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"startTimeUnixNano": "soon"}, "'startTimeUnixNano'.*'soon'"),
        ({"startTimeUnixNano": True}, "'startTimeUnixNano'"),
        ({"startTimeUnixNano": str(2**70)}, "'startTimeUnixNano'"),
        ({"attributes": {"a": 1}}, "'attributes'"),
        ({"attributes": [7]}, "attributes"),
        ({"attributes": [{"key": "k", "value": {"stringValue": 7}}]}, "'stringValue'.*7"),
        ({"attributes": [{"key": "k", "value": {"boolValue": "yes"}}]}, "'boolValue'.*'yes'"),
        ({"attributes": [{"key": "k", "value": {"doubleValue": "much"}}]}, "'doubleValue'.*'much'"),
        ({"name": 7}, "'name'"),
    ],
)
def test_a_field_that_cannot_be_read_is_named_with_what_it_holds(fields, named):
    with pytest.raises(MalformedOtlp, match=named):
        one(**fields)


@pytest.mark.parametrize("ids", [{}, {"traceId": TRACE}, {"traceId": "x" * 32, "spanId": SPAN}, {"traceId": "0" * 32}])
def test_a_span_without_ids_is_passed_over_where_the_caller_listens(ids):
    told = []

    assert [] == list(decode_json(request({"name": "lost", **ids}), refuse=told.append))
    assert 1 == len(told)
    with pytest.raises(MalformedOtlp, match="'lost' cannot be placed"):
        list(decode_json(request({"name": "lost", **ids})))


def test_binary_that_is_no_request_says_so():
    with pytest.raises(MalformedOtlp, match="no OTLP trace request in protobuf"):
        decode_protobuf(b"\x0a\xff")
    with pytest.raises(MalformedOtlp, match="no OTLP logs request in protobuf"):
        decode_logs_protobuf(b"\x0a\xff")


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body):
    for decode in (decode_json, decode_protobuf, decode_logs_json, decode_logs_protobuf):
        try:
            list(decode(body))
        except MalformedOtlp:
            continue


def test_evaluations_and_the_older_messages_come_from_logs_and_other_records_do_not():
    records = [
        {
            "eventName": "gen_ai.evaluation.result",
            "traceId": TRACE,
            "spanId": SPAN,
            "timeUnixNano": "2000000000",
            "attributes": [{"key": "gen_ai.evaluation.score.value", "value": {"doubleValue": 0.5}}],
        },
        {
            "attributes": [{"key": "event.name", "value": {"stringValue": "gen_ai.user.message"}}],
            "observedTimeUnixNano": 3_000_000_000,
            "body": {"kvlistValue": {"values": [{"key": "content", "value": {"stringValue": "hi"}}]}},
        },
        {"body": {"stringValue": "a line of a log"}},
    ]
    body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}).encode()
    evaluation, message = decode_logs_json(body)

    assert ("gen_ai.evaluation.result", TRACE, SPAN, 2.0) == (
        evaluation.name,
        evaluation.trace_id,
        evaluation.span_id,
        evaluation.time,
    )
    assert 0.5 == evaluation.attributes["gen_ai.evaluation.score.value"]
    assert ("gen_ai.user.message", "", 3.0) == (message.name, message.trace_id, message.time)
    assert '{"content": "hi"}' == message.attributes["gen_ai.event.content"]


def test_logs_read_alike_from_protobuf():
    sent = ExportLogsServiceRequest()
    record = sent.resource_logs.add().scope_logs.add().log_records.add()
    record.event_name, record.time_unix_nano = "gen_ai.evaluation.result", 2_000_000_000
    record.trace_id, record.span_id = bytes.fromhex(TRACE), bytes.fromhex(SPAN)
    record.body.string_value = "good"
    [event] = decode_logs_protobuf(sent.SerializeToString())

    assert (TRACE, SPAN, 2.0) == (event.trace_id, event.span_id, event.time)
    assert {"gen_ai.event.content": "good"} == event.attributes


def test_a_span_without_ids_is_passed_over_in_protobuf_too():
    sent = ExportTraceServiceRequest()
    spans = sent.resource_spans.add().scope_spans.add().spans
    spans.add(name="lost", trace_id=b"short")
    spans.add(name="found", trace_id=bytes.fromhex(TRACE), span_id=bytes.fromhex(SPAN))
    told = []

    assert ["found"] == [span.name for span in decode_protobuf(sent.SerializeToString(), refuse=told.append)]
    assert 1 == len(told)


TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
NUMBERS = st.integers(-(2**63), 2**63 - 1)
SHARES = st.floats(allow_nan=False, allow_infinity=False)
ATTRIBUTES = st.dictionaries(
    TEXTS,
    st.one_of(TEXTS, st.booleans(), NUMBERS, SHARES)
    | st.one_of(*[st.lists(of, max_size=3).map(tuple) for of in (TEXTS, st.booleans(), NUMBERS, SHARES)]),
    max_size=4,
)
TIMES = st.integers(1, 2**62).map(lambda nanoseconds: nanoseconds / 1e9)
SPANS = st.builds(
    Span,
    trace_id=st.binary(min_size=16, max_size=16).filter(any).map(bytes.hex),
    span_id=st.binary(min_size=8, max_size=8).filter(any).map(bytes.hex),
    parent_id=st.sampled_from(["", SPAN]),
    name=TEXTS,
    scope=st.sampled_from(["", "a", "b"]),
    service=st.sampled_from(["", "desk"]),
    kind=st.sampled_from(["internal", "server", "client", "producer", "consumer"]),
    started=TIMES,
    ended=TIMES,
    status=st.sampled_from(["unset", "ok", "error"]),
    status_message=TEXTS,
    attributes=ATTRIBUTES,
    events=st.lists(st.builds(SpanEvent, name=TEXTS, time=TIMES, attributes=ATTRIBUTES), max_size=2).map(tuple),
    links=st.lists(st.just(TRACE), max_size=2).map(tuple),
    dropped=st.integers(0, 2**32 - 1),
)


@given(st.lists(SPANS, max_size=4))
def test_what_is_written_reads_back_equal(spans):
    line = encode_json(spans)

    assert spans == list(decode_json(line))
    assert [b""] == line.split(b"\n")[1:], "one line"


@given(ATTRIBUTES)
def test_events_that_are_written_read_back_equal(attributes):
    event = LoggedEvent(name="gen_ai.choice", trace_id=TRACE, span_id=SPAN, time=2.5, attributes=attributes)

    assert [event] == list(decode_logs_json(encode_logs_json([event])))
