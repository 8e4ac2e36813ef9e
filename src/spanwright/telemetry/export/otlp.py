"""Sends batches of spans over OTLP/HTTP in protobuf, and tries again where the backend asks for it.

httpx and the SDK's own encoder: its exporter would send the headers of the environment to every endpoint, and says why
something failed to the log only.
"""

import gzip
import random
import threading
import time
import zlib
from collections.abc import Callable, Mapping, Sequence

import httpx
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.util.types import AttributeValue

from spanwright.telemetry.export.environment import Wire
from spanwright.telemetry.export.outbox import Delivery

Dress = Callable[[ReadableSpan], Mapping[str, AttributeValue]]
"""Returns the attributes that a backend wants on a span besides its own."""

_AGAIN = frozenset({429, 502, 503, 504})
_TRIES = 5
_SHOWN = 200


class Otlp:
    """One OTLP/HTTP endpoint."""

    def __init__(self, wire: Wire, resource: Resource, dress: Dress | None = None) -> None:
        self._wire = wire
        self._resource = resource
        self._dress = dress
        self._client = httpx.Client(
            headers={**wire.headers, "content-type": "application/x-protobuf"},
            timeout=wire.timeout,
            verify=wire.verify,
        )
        self._stop = threading.Event()

    def deliver(self, spans: Sequence[ReadableSpan]) -> Delivery:
        """Deliver a batch, within the time-out where the backend is busy or cannot be reached."""
        try:
            body = encode_spans([self._dressed(span) for span in spans]).SerializeToString()
        except Exception as error:  # noqa: BLE001 - an attribute of the user's spans may be of any kind, and others wait
            return Delivery(arrived=False, reason=f"a span cannot be encoded: {type(error).__name__}: {error}")
        reason = self._post(*_compressed(body, self._wire.compression))
        return Delivery(arrived=not reason, reason=reason)

    def give_up(self) -> None:
        self._stop.set()

    def close(self) -> None:
        self._client.close()

    def _post(self, body: bytes, headers: Mapping[str, str]) -> str:
        """Return why a body did not arrive; empty where it did."""
        deadline = time.monotonic() + self._wire.timeout
        reason = "it was given up"
        for tried in range(_TRIES):
            wait = random.uniform(0.8, 1.2) * 2**tried
            try:
                response = self._client.post(self._wire.url, content=body, headers=dict(headers))
            except httpx.HTTPError as error:
                reason = f"{self._wire.url}: {said(error)}"
            except httpx.InvalidURL as error:
                return f"{self._wire.url}: {said(error)}"
            else:
                if response.is_success:
                    return ""
                reason = f"{self._wire.url}: {answered(response)}"
                if response.status_code not in _AGAIN:
                    return reason
                wait = _asked(response, wait)
            if time.monotonic() + wait > deadline or self._stop.wait(wait):
                break
        return reason

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


def _compressed(body: bytes, how: str) -> tuple[bytes, Mapping[str, str]]:
    match how:
        case "gzip":
            return gzip.compress(body, compresslevel=3), {"content-encoding": "gzip"}
        case "deflate":
            return zlib.compress(body), {"content-encoding": "deflate"}
        case _:
            return body, {}


def _asked(response: httpx.Response, wait: float) -> float:
    """Return the seconds of Retry-After, or `wait` where there are none; a date is rare enough to be passed over."""
    try:
        return max(0.0, float(response.headers.get("retry-after", wait)))
    except ValueError:
        return wait
