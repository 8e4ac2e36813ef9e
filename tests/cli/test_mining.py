import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic_evals import Dataset

FOLDER = Path(__file__).parents[2] / "traces" / "dialects"
ORDERS = str(FOLDER / "pydantic_ai_v5.orders.jsonl")


def test_imported_traces_can_be_looked_into_and_mined(spanwright, folder):
    taken = spanwright("traces", "import", ORDERS, str(FOLDER / "vercel_ai_v6.orders.jsonl"))
    told = spanwright("traces", "facts", ".spanwright/store.traces.jsonl")
    mined = spanwright("traces", "mine", "--out", "cases/mined.yaml", "--page", "cases/mined.md")

    assert (0, 0, 0) == (taken.exit_code, told.exit_code, mined.exit_code)
    assert "12 spans of 2 traces went into .spanwright/store.traces.jsonl" in taken.stdout
    assert "tool send_note of order_desk: failed" in told.stdout
    cases = Dataset[str, Any, Any].from_file(folder / "cases" / "mined.yaml").cases
    assert {"error"} == {case.metadata["kind"] for case in cases}
    assert "tool send\\_note" in (folder / "cases" / "mined.md").read_text()


def test_a_second_import_says_that_there_was_nothing_new(spanwright, folder):
    spanwright("traces", "import", ORDERS, "--store", "s.sqlite")
    again = spanwright("traces", "import", ORDERS, "--store", "s.sqlite")

    assert "0 spans of 0 traces went into s.traces.jsonl" in again.stdout


@pytest.mark.parametrize(("more", "kept"), [((), "<phone-1>"), (("--no-redaction",), "+1 415 555 2671")])
def test_redaction_is_on_unless_it_is_switched_off(spanwright, folder, more, kept):
    text = Path(ORDERS).read_text().replace("service is down", "is for +1 415 555 2671")
    (folder / "spans.jsonl").write_text(text)
    ended = spanwright("traces", "import", "spans.jsonl", *more)

    assert 0 == ended.exit_code
    assert kept in (folder / ".spanwright" / "store.traces.jsonl").read_text()
    assert ("NOT redacted" in ended.stdout) is bool(more)


def test_phone_numbers_of_a_region(spanwright, folder):
    (folder / "spans.jsonl").write_text(Path(ORDERS).read_text().replace("service is down", "is for 030 901820"))
    spanwright("traces", "import", "spans.jsonl", "--region", "DE")

    assert "<phone-1>" in (folder / ".spanwright" / "store.traces.jsonl").read_text()


def test_a_region_that_there_is_not_is_a_usage_error(spanwright):
    ended = spanwright("traces", "import", ORDERS, "--region", "XX")

    assert (2, True) == (ended.exit_code, "no region 'XX'" in ended.stderr)


def test_a_file_that_cannot_be_read_is_an_error_after_the_others(spanwright, folder):
    ended = spanwright("traces", "import", "none.jsonl", ORDERS)

    assert 1 == ended.exit_code
    assert "'none.jsonl' cannot be read" in ended.stderr
    assert "6 spans of 1 traces" in ended.stdout


def test_mining_before_importing_is_a_usage_error(spanwright):
    ended = spanwright("traces", "mine")

    assert (2, True) == (ended.exit_code, "spanwright traces import FILE" in ended.stderr)


@pytest.fixture
def servers() -> Iterator[tuple[str, list[dict]]]:
    """Stand for a Phoenix and an MLflow server with one trace each; give their address and Phoenix's annotations."""
    annotations: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path == "/v1/projects/desk/spans/otlpv1":
                self.answer({"data": [recorded("a")], "next_cursor": None})
            elif path.endswith("span_annotations"):
                self.answer({"data": annotations, "next_cursor": None})
            elif path.endswith("get-by-name"):
                self.answer({"experiment": {"experiment_id": "7"}})
            elif path.endswith("/traces/get"):
                wanted = {"assessment_name": "expected_response", "expectation": {"value": "It is in Lyon."}}
                self.answer({"trace": {"trace_info": {"assessments": [wanted]}, "spans": [recorded("c")]}})
            else:
                self.send_error(404)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.answer({"traces": [{"trace_id": "tr-c"}]})

        def answer(self, content: object) -> None:
            body = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", annotations
    server.shutdown()
    server.server_close()
    thread.join()


def recorded(letter: str) -> dict[str, object]:
    """Return the span of a model call, whose trace id is made of one letter."""
    said = [{"role": "user", "parts": [{"type": "text", "content": f"Where is parcel {letter}, asks ada@x.org?"}]}]
    told = {"gen_ai.operation.name": "chat", "gen_ai.input.messages": json.dumps(said)}
    attributes = [{"key": key, "value": {"string_value": value}} for key, value in told.items()]
    times = {"start_time_unix_nano": 1_000_000_000, "end_time_unix_nano": 2_000_000_000}
    return {"trace_id": letter * 32, "span_id": letter * 16, "name": "chat", "attributes": attributes, **times}


def test_traces_of_phoenix_and_mlflow_are_imported_redacted_and_mined(spanwright, folder, servers):
    url, annotations = servers
    command = ("traces", "import", "--from-phoenix", url, "--project", "desk")
    first = spanwright(*command, "--from-mlflow", url, "--experiment", "desk")
    annotations.append({"span_id": "a" * 16, "name": "thumb", "result": {"score": 0.0, "explanation": "wrong"}})
    again = spanwright(*command)
    mined = spanwright("traces", "mine")

    assert (0, 0, 0) == (first.exit_code, again.exit_code, mined.exit_code), first.output + again.output
    assert "2 spans of 2 traces went into .spanwright/store.traces.jsonl.\nRedacted: 2 email." in first.stdout
    assert "0 spans of 0 traces" in again.stdout
    assert "1 were there already. 1 new evaluations of those were added." in again.stdout
    assert "ada@x.org" not in (folder / ".spanwright" / "store.traces.jsonl").read_text()
    assert "2 cases: mined.yaml; of 1 no expected output is known: add it there" in mined.stdout
    cases = {case.name[0]: case for case in Dataset[str, Any, Any].from_file(folder / "mined.yaml").cases}
    assert ("low score", None) == (cases["a"].metadata["kind"], cases["a"].expected_output)
    assert ("corrected", "It is in Lyon.") == (cases["c"].metadata["kind"], cases["c"].expected_output)


def test_a_server_that_cannot_be_read_is_an_error_after_the_others(spanwright, servers):
    ended = spanwright("traces", "import", ORDERS, "--from-phoenix", servers[0], "--project", "none")

    assert 1 == ended.exit_code
    assert "HTTP 404" in ended.stderr
    assert "6 spans of 1 traces" in ended.stdout


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((), "nothing to import from was named"),
        ((ORDERS, "--project", "desk"), "--project names a project of no server"),
        ((ORDERS, "--experiment", "desk"), "--experiment names an experiment of no server"),
        ((ORDERS, "--since", "2026-11-01"), "--since is for servers"),
    ],
)
def test_what_names_no_source_is_a_usage_error(spanwright, given, said):
    ended = spanwright("traces", "import", *given)

    assert (2, True) == (ended.exit_code, said in ended.stderr), ended.output
