"""Spans in, traces out: what a rollout did, collected from OpenTelemetry and told in one form.

    recorder    opens recordings; finds out whose tracer provider to use (providers)
    collector   receives the spans (flatten, tape), sorted by the trace id that the recorder minted
    fold        turns the spans of one trace into a core Trace (dialects, unspanned)
    attribution says which components the evidence of a trace points at
    render      tells a trace as text within a token allowance (outline)
    export      tells a run to other systems: its own trace, the rollouts' spans, their scores

No other room imports OpenTelemetry. Nothing here raises into the code that is being recorded.
"""

from spanwright.telemetry.attribution import blame
from spanwright.telemetry.export import Delivery, Destination, Export, Exporter, Outcome
from spanwright.telemetry.recorder import (
    BlindRecorder,
    SpanRecorder,
    current_meters,
    current_provider,
    mark_components,
)
from spanwright.telemetry.render import render

__all__ = [
    "BlindRecorder",
    "Delivery",
    "Destination",
    "Export",
    "Exporter",
    "Outcome",
    "SpanRecorder",
    "blame",
    "current_meters",
    "current_provider",
    "mark_components",
    "render",
]
