"""A backend on the loopback: a real HTTP server that takes OTLP, and remembers what it was sent."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A span as it came over the wire."""

    name: str
    trace: str
    id: str
    parent: str
    started: int
    ended: int
    attributes: dict[str, object]
    resource: dict[str, object]
    events: list[tuple[str, dict[str, object]]]
    links: list[tuple[str, str]]
    error: str


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Stub:
    """What the server was asked, and what it answers."""

    url: str = ""
    requests: list[Asked] = field(default_factory=list)
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    """Statuses and bodies to come, one a request; after them it is 200."""
    refused: dict[str, int] = field(default_factory=dict)
    """The status that a page always answers with."""
    silent: bool = False
    """Takes requests and never answers, until it is closed."""
    closed: threading.Event = field(default_factory=threading.Event)

    @property
    def spans(self) -> list[Seen]:
        return [span for asked in self.requests if asked.path.endswith("/v1/traces") for span in spans_of(asked)]

    def named(self, name: str) -> list[Seen]:
        return [span for span in self.spans if span.name == name]


def body_of(asked: Asked) -> bytes:
    return gzip.decompress(asked.body) if asked.headers.get("content-encoding") == "gzip" else asked.body


def spans_of(asked: Asked) -> Iterator[Seen]:
    for resource_spans in ExportTraceServiceRequest.FromString(body_of(asked)).resource_spans:
        resource = plain(resource_spans.resource.attributes)
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                yield Seen(
                    name=span.name,
                    trace=span.trace_id.hex(),
                    id=span.span_id.hex(),
                    parent=span.parent_span_id.hex(),
                    started=span.start_time_unix_nano,
                    ended=span.end_time_unix_nano,
                    attributes=plain(span.attributes),
                    resource=resource,
                    events=[(event.name, plain(event.attributes)) for event in span.events],
                    links=[(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
                    error=span.status.message,
                )


def plain(entries: "list[KeyValue]") -> dict[str, object]:
    return {entry.key: value(entry.value) for entry in entries}


def value(any_value: AnyValue) -> object:
    kind = any_value.WhichOneof("value")
    if kind == "array_value":
        return [value(each) for each in any_value.array_value.values]
    return None if kind is None else getattr(any_value, kind)


@contextmanager
def serving() -> Iterator[Stub]:
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # a head and a body are two packets, and the second would wait for 40 ms

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {key.lower(): text for key, text in self.headers.items()}
            stub.requests.append(Asked(method=self.command, path=self.path, headers=headers, body=body))
            if stub.silent:
                stub.closed.wait()
                self.close_connection = True
                return
            if self.path in stub.refused:
                self.send_response(stub.refused[self.path])
                self.send_header("content-length", "0")
                self.end_headers()
                return
            status, content = stub.answers.pop(0) if stub.answers else (200, b"{}")
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET = answer  # noqa: N815 - http.server's names

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
