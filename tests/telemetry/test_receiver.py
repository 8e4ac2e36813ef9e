"""The receiver as senders meet it: over a socket on the loopback, from real exporters and from hostile hands."""

import gzip
import json
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import anyio
import httpx
import pytest
from anyio import to_thread
from google.rpc.status_pb2 import Status
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from spanwright.core.trace import Span
from spanwright.errors import UsageError
from spanwright.telemetry.receiver import Caps, Endpoint, Place, otlp_app, receiving
from spanwright.telemetry.sink import LoggedEvent, Receipt

PROTOBUF = "application/x-protobuf"
JSON = "application/json"


class Kept:
    """A sink that keeps all, or refuses as it is told."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.events: list[LoggedEvent] = []
        self.busy = ""
        self.reject = ""

    def take_spans(self, spans: Sequence[Span]) -> Receipt:
        if self.reject:
            return Receipt(rejected=len(spans), reason=self.reject)
        self.spans += spans
        return Receipt()

    def take_events(self, events: Sequence[LoggedEvent]) -> Receipt:
        self.events += events
        return Receipt()


class Sender:
    """Posts what no exporter would."""

    def __init__(self, client: httpx.AsyncClient, endpoint: Endpoint) -> None:
        self.client = client
        self.endpoint = endpoint

    async def post(self, body: bytes, kind: str = PROTOBUF, *, page: str = "traces", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post(
            f"{self.endpoint.url}/v1/{page}", content=body, headers={"content-type": kind, **named}
        )


SMALL = Caps(compressed=40_000, decompressed=100_000, records=10, pieces=200)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
async def sender(kept: Kept) -> AsyncIterator[Sender]:
    async with receiving(kept, caps=SMALL) as endpoint, httpx.AsyncClient() as client:
        yield Sender(client, endpoint)


def request(*names: str) -> ExportTraceServiceRequest:
    sent = ExportTraceServiceRequest()
    spans = sent.resource_spans.add().scope_spans.add().spans
    for number, name in enumerate(names, 1):
        spans.add(trace_id=b"t" * 16, span_id=number.to_bytes(8, "big"), name=name)
    return sent


def json_request(*names: str, **fields: object) -> bytes:
    spans = [
        {"traceId": "74" * 16, "spanId": f"{number:016x}", "name": name, **fields}
        for number, name in enumerate(names, 1)
    ]
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()


def finished_spans(count: int = 3):
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for number in range(count):
        with provider.get_tracer("desk").start_as_current_span(f"span {number}") as span:
            span.set_attribute("number", number)
    return exporter.get_finished_spans()


@pytest.mark.parametrize("compression", list(Compression))
async def test_what_a_real_exporter_sends_arrives(kept, sender, compression):
    exporter = OTLPSpanExporter(endpoint=f"{sender.endpoint.url}/v1/traces", compression=compression)
    spans = finished_spans()
    result = await to_thread.run_sync(exporter.export, spans)
    exporter.shutdown()

    assert SpanExportResult.SUCCESS is result
    assert [(span.name, {"number": span.attributes["number"]}) for span in spans] == [
        (span.name, span.attributes) for span in kept.spans
    ]


async def test_an_exporter_that_is_set_up_by_environment_finds_the_receiver(kept, monkeypatch):
    async with receiving(kept, Place(token="between us, 100 %")) as endpoint:
        for name, value in endpoint.environment.items():
            monkeypatch.setenv(name, value)
        exporter = OTLPSpanExporter()
        result = await to_thread.run_sync(exporter.export, finished_spans())
        exporter.shutdown()

    assert SpanExportResult.SUCCESS is result
    assert 3 == len(kept.spans)


async def test_json_and_protobuf_are_answered_in_kind(kept, sender):
    as_json = await sender.post(json_request("a"), JSON)
    as_protobuf = await sender.post(request("b").SerializeToString())

    assert (200, JSON, {}) == (as_json.status_code, as_json.headers["content-type"], as_json.json())
    assert (200, PROTOBUF, b"") == (as_protobuf.status_code, as_protobuf.headers["content-type"], as_protobuf.content)
    assert ["a", "b"] == [span.name for span in kept.spans]


async def test_what_is_rejected_is_told_as_a_partial_success(kept, sender):
    kept.reject = "nobody waits for them"
    as_json = await sender.post(json_request("a", "b"), JSON)
    as_protobuf = await sender.post(request("b").SerializeToString())
    partial = ExportTraceServiceResponse.FromString(as_protobuf.content).partial_success

    assert {"partialSuccess": {"rejectedSpans": "2", "errorMessage": "nobody waits for them"}} == as_json.json()
    assert (200, 1, "nobody waits for them") == (as_protobuf.status_code, partial.rejected_spans, partial.error_message)


async def test_a_span_without_ids_is_rejected_and_the_others_are_taken(kept, sender):
    sent = request("good", "also good")
    sent.resource_spans[0].scope_spans[0].spans.add(name="no ids")
    answer = await sender.post(sent.SerializeToString())
    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success

    assert ["good", "also good"] == [span.name for span in kept.spans]
    assert 1 == partial.rejected_spans
    assert "trace id" in partial.error_message


def deflated_raw(body: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-15)
    return deflate.compress(body) + deflate.flush()


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", deflated_raw),
        ("identity", bytes),
        ("gzip", lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:])),
    ],
)
async def test_bodies_may_be_compressed(kept, sender, encoding, encode):
    answer = await sender.post(encode(json_request("a" * 5_000)), JSON, content_encoding=encoding)

    assert (200, 1) == (answer.status_code, len(kept.spans))


@pytest.mark.parametrize(
    ("status", "body", "kind", "headers"),
    [
        (400, b"\x0a\xff", PROTOBUF, {}),
        (400, b"{", JSON, {}),
        (400, json_request("a", startTimeUnixNano="soon"), JSON, {}),
        (400, b"no gzip", PROTOBUF, {"content_encoding": "gzip"}),
        (400, gzip.compress(request("a").SerializeToString(), mtime=0)[:-9], PROTOBUF, {"content_encoding": "gzip"}),
        (400, gzip.compress(b"", mtime=0) * 1_000, PROTOBUF, {"content_encoding": "gzip"}),
        (400, zlib.compress(b"") + b"more", PROTOBUF, {"content_encoding": "deflate"}),
        (415, b"", "text/plain", {}),
        (415, b"", "", {}),
        (415, b"", PROTOBUF, {"content_encoding": "br"}),
        (413, b"x" * 40_001, PROTOBUF, {}),
        (413, gzip.compress(bytes(10_000_000), mtime=0), PROTOBUF, {"content_encoding": "gzip"}),
        (413, zlib.compress(bytes(10_000_000)), PROTOBUF, {"content_encoding": "deflate"}),
        (413, request(*"elevenspans").SerializeToString(), PROTOBUF, {}),
        (413, json_request(*"elevenspans"), JSON, {}),
        (413, b'{"resourceSpans":[{"scopeSpans":[{"spans":[{},{},{},{},{},{},{},{},{},{},{}]}]}]}', JSON, {}),
    ],
)
async def test_what_cannot_be_taken_is_refused_with_a_reason_and_the_next_request_is_taken(
    kept, sender, status, body, kind, headers
):
    answer = await sender.post(body, kind, **headers)
    told = Status.FromString(answer.content).message if kind == PROTOBUF else answer.json()["message"]

    assert status == answer.status_code
    assert len(told) > 20
    assert 200 == (await sender.post(request("next").SerializeToString())).status_code
    assert ["next"] == [span.name for span in kept.spans]


async def test_who_is_busy_asks_to_be_tried_again(kept, sender):
    kept.busy = "the traces in the making hold as much as they may"
    answer = await sender.post(json_request("a"), JSON)

    assert (429, "1") == (answer.status_code, answer.headers["retry-after"])
    assert answer.json()["message"].startswith(kept.busy)
    kept.busy = ""
    assert 200 == (await sender.post(json_request("a"), JSON)).status_code


class BusyOnce(Kept):
    """A sink that is busy when it is first asked."""

    def __init__(self) -> None:
        self.asked = 0
        super().__init__()

    @property
    def busy(self) -> str:
        self.asked += 1
        return "busy" if self.asked == 1 else ""

    @busy.setter
    def busy(self, reason: str) -> None:
        pass


async def test_a_real_exporter_that_was_asked_to_come_again_does():
    kept = BusyOnce()
    async with receiving(kept) as endpoint:
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.url}/v1/traces")
        result = await to_thread.run_sync(exporter.export, finished_spans())
        exporter.shutdown()

    assert (SpanExportResult.SUCCESS, 2, 3) == (result, kept.asked, len(kept.spans))


async def test_a_body_that_does_not_arrive_in_time_holds_nobody_up(kept):
    async with receiving(kept, caps=Caps(seconds=0.05)) as endpoint:
        host, _, port = endpoint.url.removeprefix("http://").partition(":")
        async with await anyio.connect_tcp(host, int(port)) as line:
            head = ["POST /v1/traces HTTP/1.1", "Host: here", f"Content-Type: {JSON}", "Content-Length: 9", "", "{"]
            await line.send("\r\n".join(head).encode())
            answer = (await line.receive()).decode()

    assert answer.startswith("HTTP/1.1 408 ")


async def test_more_requests_at_once_than_are_allowed_are_asked_to_come_again(kept):
    begun, go_on = anyio.Event(), anyio.Event()

    async def halting() -> AsyncIterator[bytes]:
        yield json_request("slow")[:5]
        begun.set()
        await go_on.wait()
        yield json_request("slow")[5:]

    async with (
        receiving(kept, caps=Caps(requests=1)) as endpoint,
        httpx.AsyncClient() as client,
        anyio.create_task_group() as group,
    ):
        sender = Sender(client, endpoint)
        group.start_soon(sender.post, halting(), JSON)
        await begun.wait()
        while (answer := await sender.post(json_request("quick"), JSON)).status_code == 200:
            kept.spans.clear()  # the slow request was not yet seen
        go_on.set()

    assert (429, "1") == (answer.status_code, answer.headers["retry-after"])
    assert ["slow"] == [span.name for span in kept.spans]


@pytest.mark.parametrize("header", [{}, {"authorization": "Bearer wrong"}, {"authorization": "Basic right"}])
async def test_only_who_bears_the_token_is_heard(kept, header):
    async with receiving(kept, Place(token="right")) as endpoint, httpx.AsyncClient() as client:
        sender = Sender(client, endpoint)
        refused = await sender.post(json_request("a"), JSON, **header)
        taken = await sender.post(json_request("b"), JSON, authorization="bearer right")

    assert (401, "Bearer") == (refused.status_code, refused.headers["www-authenticate"])
    assert "OTEL_EXPORTER_OTLP_HEADERS" in refused.json()["message"]
    assert (200, ["b"]) == (taken.status_code, [span.name for span in kept.spans])


async def test_other_pages_are_not_there(sender):
    get = await sender.client.get(f"{sender.endpoint.url}/v1/traces")
    other = await sender.post(b"", page="profiles")

    assert (405, 404) == (get.status_code, other.status_code)
    assert "'/v1/profiles'" in Status.FromString(other.content).message


async def test_evaluations_come_as_logs_and_metrics_are_thanked_for(kept, sender):
    logs = ExportLogsServiceRequest()
    record = logs.resource_logs.add().scope_logs.add().log_records.add()
    record.event_name, record.trace_id, record.span_id = "gen_ai.evaluation.result", b"t" * 16, b"s" * 8
    answer = await sender.post(logs.SerializeToString(), page="logs")
    metrics = await sender.post(b"whatever", page="metrics")

    assert ["gen_ai.evaluation.result"] == [event.name for event in kept.events]
    assert ExportLogsServiceResponse() == ExportLogsServiceResponse.FromString(answer.content)
    assert ExportMetricsServiceResponse() == ExportMetricsServiceResponse.FromString(metrics.content)


async def test_the_receiver_is_gone_when_its_block_is_left(kept):
    async with receiving(kept) as endpoint:
        assert endpoint.url.startswith("http://127.0.0.1:")
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await Sender(client, endpoint).post(b"")


async def test_a_port_that_is_taken_is_a_clear_error(kept):
    async with receiving(kept) as endpoint:
        port = int(endpoint.url.rpartition(":")[2])
        with pytest.raises(UsageError, match=f"port {port}.*Give another port"):
            async with receiving(kept, Place(port=port)):
                pass


def rich() -> bytes:
    sent = request("a", "b")
    span = sent.resource_spans[0].scope_spans[0].spans[0]
    span.attributes.add(key="deep").value.array_value.values.add().kvlist_value.values.add(key="k").value.int_value = 7
    span.events.add(name="exception").attributes.add(key="e").value.double_value = 0.5
    span.links.add(trace_id=b"l" * 16)
    return sent.SerializeToString()


def overwritten(changes: list[tuple[int, int]]) -> bytes:
    body = bytearray(rich())
    for place, byte in changes:
        body[place % len(body)] = byte
    return bytes(body)


async def test_nobody_listens_to_other_machines_without_a_token(kept):
    with pytest.raises(UsageError, match=r"anyone who reaches 0\.0\.0\.0.*Give a token"):
        async with receiving(kept, Place(host="0.0.0.0")):  # noqa: S104 - that is what is refused
            pass


async def test_the_loopback_may_be_called_by_its_other_names(kept):
    async with receiving(kept, Place(host="localhost")) as endpoint, httpx.AsyncClient() as client:
        assert 200 == (await Sender(client, endpoint).post(request("a").SerializeToString())).status_code


BODIES = st.one_of(
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 255)), max_size=6).map(overwritten),
    st.binary(max_size=400),
    st.binary(max_size=200).map(lambda tail: request("a").SerializeToString() + tail),
    st.binary(max_size=200).map(gzip.compress),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["resourceSpans", "scopeSpans", "spans", "traceId", "attributes", "value", "key", "arrayValue"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=25,
    ).map(lambda value: json.dumps({"resourceSpans": value}).encode()),
    st.dictionaries(
        st.sampled_from(["traceId", "spanId", "parentSpanId", "kind", "events", "links", "status", "attributes"]),
        st.one_of(
            st.text(max_size=20), st.integers(), st.just("ab" * 8), st.lists(st.dictionaries(st.text(), st.text()))
        ),
    ).map(lambda span: json_request("a", **span)),
)


SENT = st.lists(
    st.tuples(
        BODIES,
        st.sampled_from([PROTOBUF, JSON, "application/json; charset=utf-8", "text/html"]),
        st.sampled_from(["", "gzip", "deflate", "br"]),
        st.sampled_from(["traces", "logs", "metrics"]),
    ),
    min_size=1,
    max_size=5,
)


@settings(deadline=None, max_examples=150)
@given(bodies=SENT)
def test_whatever_is_sent_gets_a_clear_answer_and_nothing_else_is_lost(bodies):
    kept = Kept()

    async def send_all() -> None:
        transport = httpx.ASGITransport(otlp_app(kept, caps=SMALL))  # raises what the app does not answer
        async with httpx.AsyncClient(transport=transport) as client:
            sender = Sender(client, Endpoint(url="http://here"))
            for body, kind, encoding, page in bodies:
                answer = await sender.post(body, kind, page=page, content_encoding=encoding)
                assert answer.status_code in (200, 400, 413, 415)
            assert 200 == (await sender.post(request("in the end").SerializeToString())).status_code

    anyio.run(send_all)

    assert "in the end" == kept.spans[-1].name


def test_what_would_grow_a_hundredfold_is_refused_at_once_and_without_growing():
    command = [sys.executable, Path(__file__).parents[2] / "benchmarks" / "refusing.py", "--json"]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert {"empty spans", "gzip bomb", "empty attributes", "JSON"} == set(told)
    assert {413} == {cost["status"] for cost in told.values()}
    assert sum(cost["megabytes"] for cost in told.values()) < 100
    for attack in ("empty spans", "gzip bomb", "JSON"):
        assert told[attack]["cpu_ms"] < 200, attack
    assert told["empty attributes"]["cpu_ms"] < 500, "400,000 of them are walked through"
