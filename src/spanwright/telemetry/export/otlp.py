"""Delivers batches of spans over OTLP/HTTP, in protobuf.

httpx and the SDK's own encoder: its exporter would send the headers of the environment to every endpoint, and says why
something failed to the log only.
"""

import gzip
import zlib
from collections.abc import Callable, Mapping, Sequence

import httpx
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.util.types import AttributeValue

from spanwright.telemetry.export.environment import Wire
from spanwright.telemetry.export.logs import encode_scores
from spanwright.telemetry.export.outbox import Delivery, Outcome

Dress = Callable[[ReadableSpan], Mapping[str, AttributeValue]]
"""Returns the attributes that a backend wants on a span besides its own."""

_BUSY = frozenset({429, 502, 503, 504})
_NO_LOGS = frozenset({401, 403, 404, 405, 410, 415, 501})
"""Answers of an endpoint that takes no logs at all, or none of ours."""
_SHOWN = 200


class Otlp:
    """One OTLP/HTTP endpoint."""

    def __init__(self, wire: Wire, resource: Resource, dress: Dress | None = None, *, logs_url: str = "") -> None:
        """Make a destination. Scores go to `logs_url` as log records, too, for as long as the endpoint takes them."""
        self._wire = wire
        self._logs_url = logs_url
        self._resource = resource
        self._dress = dress
        self._client = httpx.Client(
            headers={**wire.headers, "content-type": "application/x-protobuf"},
            timeout=wire.timeout,
            verify=wire.verify,
        )

    def deliver(self, spans: Sequence[ReadableSpan]) -> Delivery:
        """Try once to deliver a batch."""
        if not spans:
            return Delivery()
        try:
            body = encode_spans([self._dressed(span) for span in spans]).SerializeToString()
        except Exception as error:  # noqa: BLE001 - an attribute of the user's spans may be of any kind, and others wait
            return Delivery(outcome=Outcome.REFUSED, reason=f"a span cannot be encoded: {said(error)}")
        try:
            response = self._post(self._wire.url, body)
        except httpx.HTTPError as error:
            return Delivery(outcome=Outcome.UNREACHABLE, reason=said(error))
        if response.is_success:
            return self._score(spans)
        outcome = Outcome.BUSY if response.status_code in _BUSY else Outcome.REFUSED
        return Delivery(outcome=outcome, reason=answered(response), wait=_asked(response))

    def close(self) -> None:
        self._client.close()

    def _score(self, spans: Sequence[ReadableSpan]) -> Delivery:
        """Send the scores of spans that have arrived. They are on the spans already, so they are tried once."""
        body, count = encode_scores(spans, self._resource) if self._logs_url else (b"", 0)
        if not count:
            return Delivery()
        try:
            response = self._post(self._logs_url, body)
        except httpx.HTTPError as error:
            return Delivery(unscored=count, reason=said(error))
        if response.status_code in _NO_LOGS:
            self._logs_url = ""  # Jaeger and others take traces only, and show the events of the spans
            return Delivery()
        return Delivery() if response.is_success else Delivery(unscored=count, reason=answered(response))

    def _post(self, url: str, body: bytes) -> httpx.Response:
        content, headers = _compressed(body, self._wire.compression)
        return self._client.post(url, content=content, headers=headers)

    def _dressed(self, span: ReadableSpan) -> ReadableSpan:
        """Return a copy that says whose it is, and what the backend wants to read."""
        more = dict(self._dress(span)) if self._dress else dict[str, AttributeValue]()
        return ReadableSpan(
            span.name,
            context=span.get_span_context(),
            parent=span.parent,
            resource=self._resource.merge(span.resource),
            attributes={**(span.attributes or {}), **more},
            events=span.events,
            links=span.links,
            kind=span.kind,
            status=span.status,
            start_time=span.start_time,
            end_time=span.end_time,
            instrumentation_scope=span.instrumentation_scope,
        )


def answered(response: httpx.Response) -> str:
    """Return what a backend answered instead of success, in short."""
    return f"HTTP {response.status_code} {response.text[:_SHOWN].strip()}".strip()


def said(error: Exception) -> str:
    """Return what went wrong on the way, in short."""
    return f"{type(error).__name__}: {error}"[:_SHOWN]


def _compressed(body: bytes, how: str) -> tuple[bytes, dict[str, str]]:
    match how:
        case "gzip":
            return gzip.compress(body, compresslevel=3), {"content-encoding": "gzip"}
        case "deflate":
            return zlib.compress(body), {"content-encoding": "deflate"}
        case _:
            return body, {}


def _asked(response: httpx.Response) -> float:
    """Return the seconds of Retry-After; a date is rare enough to be passed over."""
    try:
        return max(0.0, float(response.headers.get("retry-after", 0.0)))
    except ValueError:
        return 0.0
