"""An MLflow server on the loopback: a real HTTP server that keeps experiments, runs, figures and files as MLflow does.

It answers in MLflow's words to what its client asks here, and as strictly: a param that is written anew with another
value is refused, a figure that is sent twice is kept twice. `make test-backends` holds it against a real one.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

API = "/api/2.0/mlflow/"
FILES = "/api/2.0/mlflow-artifacts/artifacts/"


class Refused(Exception):
    """What MLflow answers with an error code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


@dataclass
class Kept:
    """One run of an experiment."""

    id: str
    name: str
    experiment: str
    status: str = "RUNNING"
    started: int = 0
    ended: int = 0
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    metrics: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    def course(self, name: str) -> list[tuple[int, float]]:
        return [(each["step"], each["value"]) for each in self.metrics if each["key"] == name]

    def told(self) -> dict[str, object]:
        info = {
            "run_id": self.id,
            "run_uuid": self.id,
            "run_name": self.name,
            "experiment_id": self.experiment,
            "status": self.status,
            "start_time": self.started,
            "end_time": self.ended,
            "lifecycle_stage": "active",
            "artifact_uri": f"mlflow-artifacts:/{self.experiment}/{self.id}/artifacts",
        }
        pairs = {kind: [{"key": key, "value": value} for key, value in getattr(self, kind).items()] for kind in KINDS}
        return {"info": info, "data": pairs, "inputs": {}, "outputs": {}}


KINDS = ("params", "tags")


@dataclass
class Stub:
    """What the server keeps, and how it fails."""

    url: str = ""
    experiments: dict[str, str] = field(default_factory=dict)
    runs: dict[str, Kept] = field(default_factory=dict)
    failing: Callable[[str], bool] = lambda path: False
    """Whether a request ends with a 400, after it was done."""
    silent: bool = False
    """Answers nothing until it is closed, and then refuses."""
    closed: threading.Event = field(default_factory=threading.Event)

    def answer(self, path: str, asked: Mapping[str, Any], body: bytes) -> Mapping[str, object]:
        if path.startswith(FILES):
            _, run, _, name = path.removeprefix(FILES).split("/", 3)
            self.runs[run].files[unquote(name)] = body
            return {}
        verbs = {
            "experiments/get-by-name": self._experiment,
            "experiments/create": self._make_experiment,
            "runs/create": self._make_run,
            "runs/search": self._search,
            "runs/get": lambda asked: {"run": self.runs[asked["run_id"]].told()},
            "runs/update": self._update,
            "runs/log-batch": self._log,
            "metrics/get-history": self._history,
        }
        if (verb := verbs.get(path.removeprefix(API))) is None:
            raise Refused(404, "ENDPOINT_NOT_FOUND")
        return verb(asked)

    def _make_experiment(self, asked: Mapping[str, Any]) -> Mapping[str, object]:
        self.experiments[asked["name"]] = str(len(self.experiments) + 1)
        return {"experiment_id": self.experiments[asked["name"]]}

    def _make_run(self, asked: Mapping[str, Any]) -> Mapping[str, object]:
        tags = {each["key"]: each["value"] for each in asked.get("tags", ())}
        made = Kept(f"{len(self.runs):032x}", asked["run_name"], asked["experiment_id"], tags=tags)
        made.started = int(asked["start_time"])
        self.runs[made.id] = made
        return {"run": made.told()}

    def _search(self, asked: Mapping[str, Any]) -> Mapping[str, object]:
        (key, value) = re.fullmatch(r"tags\.`([^`]+)` = '([^']+)'", asked["filter"]).groups()
        within = [run for run in self.runs.values() if run.experiment in asked["experiment_ids"]]
        return {"runs": [run.told() for run in within if run.tags.get(key) == value]}

    def _update(self, asked: Mapping[str, Any]) -> Mapping[str, object]:
        run = self.runs[asked["run_id"]]
        run.status, run.ended = asked.get("status", run.status), int(asked.get("end_time", run.ended))
        return {"run_info": run.told()["info"]}

    def _history(self, asked: Mapping[str, Any]) -> Mapping[str, object]:
        metrics = self.runs[asked["run_id"]].metrics
        return {"metrics": [each for each in metrics if each["key"] == asked["metric_key"]]}

    def _log(self, asked: Mapping[str, Any]) -> Mapping[str, object]:
        run = self.runs[asked["run_id"]]
        assert len(asked.get("metrics", ())) <= 1000
        assert len(asked.get("params", ())) <= 100
        for each in asked.get("params", ()):
            if run.params.setdefault(each["key"], each["value"]) != each["value"]:
                raise Refused(400, "INVALID_PARAMETER_VALUE")
        run.tags |= {each["key"]: each["value"] for each in asked.get("tags", ())}
        run.metrics += [{**each, "step": int(each.get("step", 0))} for each in asked.get("metrics", ())]
        return {}

    def _experiment(self, asked: Mapping[str, Any]) -> Mapping[str, object]:
        number = self.experiments.get(asked["experiment_name"])
        if number is None:
            raise Refused(404, "RESOURCE_DOES_NOT_EXIST")
        stage = {"artifact_location": f"mlflow-artifacts:/{number}", "lifecycle_stage": "active"}
        return {"experiment": {"experiment_id": number, "name": asked["experiment_name"], **stage}}


@contextmanager
def serving() -> Iterator[Stub]:
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # a head and a body are two packets, and the second would wait for 40 ms

        def answer(self) -> None:
            body = self._body()
            address = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(address.query).items()}
            if body and not address.path.startswith(FILES):
                asked |= json.loads(body)
            if stub.silent:
                stub.closed.wait()
            try:
                status, told = 200, stub.answer(address.path, asked, body)
            except Refused as error:
                status, told = error.status, {"error_code": error.code, "message": "as you see"}
            if stub.silent or stub.failing(address.path):  # a connection that breaks off would be tried again and again
                status, told = 400, {"error_code": "BAD_REQUEST", "message": "not today"}
            content = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _body(self) -> bytes:
            if "chunked" not in self.headers.get("transfer-encoding", ""):
                return self.rfile.read(int(self.headers.get("content-length", 0)))
            pieces = []
            while size := int(self.rfile.readline(), 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)

        do_POST = do_GET = do_PUT = do_PATCH = answer  # noqa: N815 - http.server's names

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    stub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield stub
    finally:
        stub.closed.set()
        server.shutdown()
        server.server_close()
        thread.join()
