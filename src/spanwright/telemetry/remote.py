"""What code inside a recording says about services that it calls: they send their spans by OTLP, under our trace id."""

from collections.abc import Mapping
from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import TypeAlias

from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from spanwright.telemetry.arrivals import QUIET, Arrivals


@dataclass(frozen=True, slots=True)
class _Recorded:
    arrivals: Arrivals
    trace_id: int


Entered: TypeAlias = Token[_Recorded | None]
"""Undoes an `enter`."""

_recorded: ContextVar[_Recorded | None] = ContextVar("spanwright_recorded", default=None)


def outgoing_headers() -> Mapping[str, str]:
    """Return `traceparent` and `baggage` for a request to a service whose spans belong to this recording."""
    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    W3CBaggagePropagator().inject(carrier)
    return carrier


def expect_spans(count: int | None = None, *, quiet: float = QUIET) -> None:
    """Say that the recording that this is called in will get spans from another process.

    When it is left it waits for `count` spans; without a count until none has come for `quiet` seconds.
    """
    recorded = _recorded.get()
    if recorded is not None:
        recorded.arrivals.expect(recorded.trace_id, count=count, quiet=quiet)


def enter(arrivals: Arrivals | None, trace_id: int) -> Entered:
    """Note, until `leave`, which recording this is; without arrivals that nothing is recorded."""
    return _recorded.set(None if arrivals is None else _Recorded(arrivals, trace_id))


def leave(token: Entered) -> None:
    """Undo `enter`."""
    _recorded.reset(token)
