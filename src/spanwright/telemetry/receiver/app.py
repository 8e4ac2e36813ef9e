"""The ASGI app of the receiver: spans and gen_ai events are taken, metrics are thanked for and thrown away.

It speaks OTLP/HTTP: protobuf and JSON, gzip and deflate, and tells a sender by its answer whether to try again.
"""

import secrets
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import islice

import anyio
from anyio.lowlevel import checkpoint
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from spanwright.core.trace import Span
from spanwright.errors import MalformedOtlp, StoreError
from spanwright.telemetry.otlp import decode_json, decode_logs_json, decode_logs_protobuf, decode_protobuf
from spanwright.telemetry.otlp.amount import excess_of_json, excess_of_protobuf
from spanwright.telemetry.receiver.body import Bodies
from spanwright.telemetry.receiver.caps import Caps
from spanwright.telemetry.receiver.replies import Format, Refused, Signal, accepted, refused
from spanwright.telemetry.sink import Receipt, Sink

_SLICE = 500
"""Spans that are read before others of the event loop have their turn."""


def otlp_app(sink: Sink, *, token: str = "", caps: Caps | None = None, also: Sequence[BaseRoute] = ()) -> Starlette:
    """Return the app. What arrives goes to `sink`; with a `token` each request must bear it. `also` adds pages."""
    intake = _Intake(sink, caps or Caps())

    def page(signal: Signal, take: Callable[[Request, Format], Awaitable[Receipt]]) -> Callable[..., object]:
        async def endpoint(request: Request) -> Response:
            try:
                _check_token(request, token)
                form = _format(request)
                return accepted(signal, form, await take(request, form))
            except Refused as refusal:
                return refused(_format_of_answer(request), refusal)
            except StoreError as error:  # a full disk may be freed: what was sent is not lost if it is sent again
                return refused(_format_of_answer(request), Refused(503, str(error)))

        return endpoint

    return Starlette(
        routes=[
            Route("/v1/traces", page(Signal.TRACES, intake.traces), methods=["POST"]),
            Route("/v1/logs", page(Signal.LOGS, intake.logs), methods=["POST"]),
            Route("/v1/metrics", page(Signal.METRICS, intake.metrics), methods=["POST"]),
            *also,
        ],
        exception_handlers={HTTPException: _no_such_page},
    )


class _Intake:
    """Reads requests, one at a time, and hands on what they hold."""

    def __init__(self, sink: Sink, caps: Caps) -> None:
        self._sink = sink
        self._caps = caps
        self._bodies = Bodies(caps)
        # Parts requests that yield between two slices of spans: what is built of a body is larger than the body.
        self._reading = anyio.Lock()

    async def traces(self, request: Request, form: Format) -> Receipt:
        refusals = _Refusals(self._caps.records)
        async with self._bodies.received(request) as body, self._reading:
            self._check(body, form)
            decode = decode_json if form is Format.JSON else decode_protobuf
            try:
                slices = await self._spans(decode(body, refuse=refusals.add))
            except MalformedOtlp as error:
                raise Refused(400, str(error)) from error
        rejected, reason = refusals.count, refusals.first
        for spans in slices:
            receipt = self._sink.take_spans(spans)
            rejected, reason = rejected + receipt.rejected, reason or receipt.reason
            await checkpoint()
        return Receipt(rejected=rejected, reason=reason)

    async def logs(self, request: Request, form: Format) -> Receipt:
        async with self._bodies.received(request) as body, self._reading:
            self._check(body, form)
            decode = decode_logs_json if form is Format.JSON else decode_logs_protobuf
            try:
                events = list(islice(decode(body), self._caps.records + 1))
            except MalformedOtlp as error:
                raise Refused(400, str(error)) from error
        if len(events) > self._caps.records:
            raise _too_many(self._caps.records)
        return self._sink.take_events(events)

    async def metrics(self, request: Request, form: Format) -> Receipt:
        """Receive and forget."""
        async with self._bodies.received(request, raw=True):
            return Receipt()

    def _check(self, body: bytes, form: Format) -> None:
        excess = excess_of_json if form is Format.JSON else excess_of_protobuf
        if found := excess(body, self._caps.most):
            raise Refused(413, f"the request holds {found}. Send smaller batches")
        if busy := self._sink.busy:
            raise Refused(429, f"{busy}. Try again in a moment")

    async def _spans(self, found: Iterator[Span]) -> Sequence[Sequence[Span]]:
        """Read all spans before the first one is handed on: a request that is malformed has no effect."""
        slices: list[list[Span]] = []
        while read := list(islice(found, _SLICE)):
            slices.append(read)
            if sum(map(len, slices)) > self._caps.records:
                raise _too_many(self._caps.records)
            await checkpoint()
        return slices


class _Refusals:
    """Counts the spans that cannot be placed, up to as many as a request may have."""

    def __init__(self, most: int) -> None:
        self.count = 0
        self.first = ""
        self._most = most

    def add(self, reason: str) -> None:
        """Take note of one."""
        self.count += 1
        self.first = self.first or reason
        if self.count > self._most:
            raise _too_many(self._most)


def _too_many(most: int) -> Refused:
    return Refused(413, f"the request holds more than {most:,} records. Send smaller batches")


def _check_token(request: Request, token: str) -> None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    right = secrets.compare_digest(given.strip().encode("utf-8", "replace"), token.encode())
    if token and not (right and scheme.lower() == "bearer"):
        raise Refused(401, "the request does not bear the token. Set OTEL_EXPORTER_OTLP_HEADERS as the receiver says")


def _format(request: Request) -> Format:
    named = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        return Format(named)
    except ValueError as error:
        wanted = " or ".join(Format)
        raise Refused(415, f"the content type {named[:80]!r} is not known here. Send {wanted}") from error


def _format_of_answer(request: Request) -> Format:
    return Format.PROTOBUF if Format.PROTOBUF in request.headers.get("content-type", "") else Format.JSON


async def _no_such_page(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    said = f"there is no {request.method} {request.url.path[:80]!r} here. Export to /v1/traces, /v1/logs or /v1/metrics"
    return refused(_format_of_answer(request), Refused(status, said))
