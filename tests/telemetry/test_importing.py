"""Spans come back from backends, page by page, with what was said of them: against a server that answers as they do."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from spanwright import UsageError
from spanwright.errors import MalformedOtlp
from spanwright.telemetry.importing import from_mlflow, from_phoenix

TRACE = "0af7651916cd43dd8448eb211c80319c"
ROOT, KID = "b7ad6b7169203331", "00f067aa0ba902b7"

Answer = Callable[[str, dict[str, list[str]], bytes], tuple[int, object]]


@pytest.fixture
def backend() -> Iterator[Callable[[Answer], str]]:
    servers: list[ThreadingHTTPServer] = []

    def serve(answer: Answer) -> str:
        class Handler(BaseHTTPRequestHandler):
            def reply(self) -> None:
                path = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                status, content = answer(path.path, parse_qs(path.query), body)
                written = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(written)))
                self.end_headers()
                self.wfile.write(written)

            do_GET = do_POST = reply  # noqa: N815 - http.server's names

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def phoenix_span(span_id: str, parent: str | None, events: list | None = None) -> dict[str, object]:
    """Return a span as Phoenix writes it: snake case, with nulls, times as numbers."""
    value = {"string_value": None, "int_value": 7, "double_value": None, "bool_value": None}
    return {
        "trace_id": TRACE,
        "span_id": span_id,
        "parent_span_id": parent,
        "name": "rollout" if parent is None else "chat",
        "start_time_unix_nano": 1_000_000_000,
        "end_time_unix_nano": 2_000_000_000,
        "attributes": [{"key": "gen_ai.usage.input_tokens", "value": value}],
        "events": events or [],
        "status": {"code": "OK", "message": None},
    }


async def test_phoenix_is_read_page_by_page_with_its_annotations(backend) -> None:
    asked: list[tuple[str, dict[str, list[str]]]] = []

    def answer(path: str, query: dict[str, list[str]], _body: bytes) -> tuple[int, object]:
        asked.append((path, query))
        if path.endswith("/spans/otlpv1"):
            if "cursor" not in query:
                return 200, {"data": [phoenix_span(ROOT, None)], "next_cursor": "two"}
            return 200, {"data": [phoenix_span(KID, ROOT)], "next_cursor": None}
        if query["span_ids"] == [KID]:
            return 404, {"detail": "None of the supplied span_ids exist"}
        result = {"score": 0.5, "label": "so-so", "explanation": "half of it"}
        return 200, {"data": [{"span_id": ROOT, "name": "thumb", "result": result}], "next_cursor": None}

    since = datetime(2026, 11, 1, tzinfo=UTC)
    root, kid = [span async for span in from_phoenix(backend(answer), "my desk", since=since)]

    assert (TRACE, ROOT, "", "rollout") == (root.trace_id, root.span_id, root.parent_id, root.name)
    assert (KID, ROOT, 1.0, 2.0, 7) == (
        kid.span_id,
        kid.parent_id,
        kid.started,
        kid.ended,
        kid.attributes["gen_ai.usage.input_tokens"],
    )
    ((event, said),) = [(event.name, event.attributes) for event in root.events]
    assert "gen_ai.evaluation.result" == event
    assert {"name": "thumb", "score.value": 0.5, "score.label": "so-so", "explanation": "half of it"} == {
        key.removeprefix("gen_ai.evaluation."): value for key, value in said.items()
    }
    assert () == kid.events
    assert "/v1/projects/my%20desk/spans/otlpv1" == asked[0][0]
    assert {"2026-11-01T00:00:00+00:00"} == {query["start_time"][0] for path, query in asked if "otlpv1" in path}


async def test_a_judgement_that_a_span_bears_already_is_not_told_twice(backend) -> None:
    told = {"key": "gen_ai.evaluation.name", "value": {"string_value": "score"}}
    event = {"name": "gen_ai.evaluation.result", "time_unix_nano": 1, "attributes": [told]}

    def answer(path: str, _query: dict[str, list[str]], _body: bytes) -> tuple[int, object]:
        if path.endswith("/spans/otlpv1"):
            return 200, {"data": [phoenix_span(ROOT, None, [event])], "next_cursor": None}
        judged = [{"span_id": ROOT, "name": name, "result": {"score": 1.0}} for name in ("score", "thumb")]
        return 200, {"data": judged, "next_cursor": None}

    (root,) = [span async for span in from_phoenix(backend(answer), "desk")]

    assert ["score", "thumb"] == [event.attributes["gen_ai.evaluation.name"] for event in root.events]


async def test_mlflow_is_read_trace_by_trace_with_its_assessments(backend) -> None:
    searched: list[dict] = []

    def answer(path: str, query: dict[str, list[str]], body: bytes) -> tuple[int, object]:
        if path.endswith("/get-by-name"):
            return 200, {"experiment": {"experiment_id": "7", "name": query["experiment_name"][0]}}
        if path.endswith("/search"):
            searched.append(json.loads(body))
            if "page_token" not in searched[-1]:
                return 200, {"traces": [{"trace_id": f"tr-{TRACE}"}], "next_page_token": "two"}
            return 200, {"traces": [{"trace_id": "tr-deleted"}]}
        if query["trace_id"] == ["tr-deleted"]:
            return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST"}
        spans = [
            {
                "trace_id": "CvdlGRbNQ92ESOshHIAxnA==",
                "span_id": "t61rcWkgMzE=",
                "name": "rollout",
                "start_time_unix_nano": 1_000_000_000,
                "end_time_unix_nano": 2_000_000_000,
                "attributes": [{"key": "spanwright.case", "value": {"string_value": "c1"}}],
                "status": {},
            }
        ]
        assessments = [
            {"assessment_name": "score", "span_id": ROOT, "feedback": {"value": 0.5}, "rationale": "half of it"},
            {"assessment_name": "fine", "feedback": {"value": True}},
            {"assessment_name": "wanted", "expectation": {"value": "another answer"}},
            {"assessment_name": "facts", "expectation": {"serialized_value": {"value": '["a", "b"]'}}},
        ]
        return 200, {"trace": {"trace_info": {"assessments": assessments}, "spans": spans}}

    since = datetime(2026, 11, 1, tzinfo=UTC)
    (root,) = [span async for span in from_mlflow(backend(answer), "desk", since=since)]

    assert (TRACE, ROOT, "c1") == (root.trace_id, root.span_id, root.attributes["spanwright.case"])
    told = {event.attributes["gen_ai.evaluation.name"]: event.attributes for event in root.events}
    assert {"score", "fine", "wanted", "facts"} == told.keys()
    assert {"wanted": "another answer", "facts": '["a", "b"]'} == {
        name: said["gen_ai.evaluation.explanation"]
        for name, said in told.items()
        if said.get("gen_ai.evaluation.score.label") == "expectation"
    }
    assert (0.5, "half of it") == (
        told["score"]["gen_ai.evaluation.score.value"],
        told["score"]["gen_ai.evaluation.explanation"],
    )
    assert (1.0, "True") == (
        told["fine"]["gen_ai.evaluation.score.value"],
        told["fine"]["gen_ai.evaluation.score.label"],
    )
    assert [None, "two"] == [each.get("page_token") for each in searched]
    assert {f"attributes.timestamp_ms > {int(since.timestamp() * 1000)}"} == {each["filter"] for each in searched}


async def test_what_cannot_be_read_is_said_with_the_servers_own_words(backend) -> None:
    url = backend(lambda *_: (403, {"detail": "no such key"}))

    with pytest.raises(UsageError, match=r"HTTP 403.*no such key"):
        [span async for span in from_phoenix(url, "desk")]


@pytest.mark.parametrize("answer", [{"data": "none"}, {"data": [{"span_id": "x", "trace_id": "y"}]}, "hello"])
async def test_an_answer_of_another_kind_is_malformed(backend, answer) -> None:
    url = backend(lambda *_: (200, answer))

    with pytest.raises(MalformedOtlp):
        [span async for span in from_phoenix(url, "desk")]


async def test_a_server_that_is_not_there_is_said(backend) -> None:
    with pytest.raises(UsageError, match="cannot be reached"):
        [span async for span in from_mlflow("http://127.0.0.1:1", "desk")]
