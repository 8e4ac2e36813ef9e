"""Spans in, traces out: what a rollout did, collected from OpenTelemetry and told in one form.

    recorder    opens recordings; finds out whose tracer provider to use (providers)
    collector   receives the spans (flatten, tape), sorted by the trace id that the recorder minted
    fold        turns the spans of one trace into a core Trace (dialects, unspanned)
    attribution says which components the evidence of a trace points at
    receiver    takes spans of other processes in, over OTLP (otlp); arrivals puts them into their recordings
    remote      what code inside a recording says about the services that it calls
    render      tells a trace as text within a token allowance (outline)

`receiver` is imported by who hosts it, because it brings a web server along. No other room imports OpenTelemetry.
Nothing here raises into the code that is being recorded.
"""

from spanwright.telemetry.attribution import blame
from spanwright.telemetry.recorder import (
    BlindRecorder,
    SpanRecorder,
    current_meters,
    current_provider,
    mark_components,
)
from spanwright.telemetry.remote import expect_spans, outgoing_headers
from spanwright.telemetry.render import render

__all__ = [
    "BlindRecorder",
    "SpanRecorder",
    "blame",
    "current_meters",
    "current_provider",
    "expect_spans",
    "mark_components",
    "outgoing_headers",
    "render",
]
