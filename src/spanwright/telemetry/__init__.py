"""Spans in, traces out: what a rollout did, collected from OpenTelemetry and told in one form.

    recorder    opens recordings; finds out whose tracer provider to use (providers)
    collector   receives the spans (flatten, tape), sorted by the trace id that the recorder minted
    fold        turns the spans of one trace into a core Trace (dialects, unspanned, settle, asked)
    span_files  reads spans of any agent from files of OTLP (otlp, compressed)
    redaction   takes secrets and personal data out of spans and traces
    facts       says what spans of any dialect tell, in one schema; diagnoses say what is missing (findings)
    attribution says which components the evidence of a trace points at
    tool_use    says how tools were used: needlessly, not at all, wrongly, in vain, one in place of another
    receiver    takes spans of other processes in, over OTLP (otlp); arrivals puts them into their recordings
    remote      what code inside a recording says about the services that it calls
    render      tells a trace as text within a token allowance (outline)
    export      tells a run to other systems: its own trace, the rollouts' spans, their scores

`untraced()` is a block whose HTTP requests leave no spans in the user's traces.

`receiver` and `redaction` are imported by who needs them, because of what they bring along. No other room imports
OpenTelemetry.
Nothing here raises into the code that is being recorded.
"""

from opentelemetry.instrumentation.utils import suppress_instrumentation as untraced

from spanwright.telemetry.attribution import attributed, blame, governing
from spanwright.telemetry.diagnoses import check
from spanwright.telemetry.export import Delivery, Destination, Export, Exporter, Outcome
from spanwright.telemetry.facts import Facts, facts_json, facts_of, folded, told
from spanwright.telemetry.flatten import flattening
from spanwright.telemetry.recorder import (
    BlindRecorder,
    SpanRecorder,
    current_meters,
    current_provider,
    mark_components,
    mark_text,
    note_unreached,
)
from spanwright.telemetry.remote import expect_spans, outgoing_headers
from spanwright.telemetry.render import Telling, render
from spanwright.telemetry.span_files import SpanFile, read_spans
from spanwright.telemetry.tool_use import (
    Successes,
    ToolEvidence,
    ToolFigures,
    ToolNames,
    successes,
    tool_evidence,
    tools_used,
    wanted_of,
)

__all__ = [
    "BlindRecorder",
    "Delivery",
    "Destination",
    "Export",
    "Exporter",
    "Facts",
    "Outcome",
    "SpanFile",
    "SpanRecorder",
    "Successes",
    "Telling",
    "ToolEvidence",
    "ToolFigures",
    "ToolNames",
    "attributed",
    "blame",
    "check",
    "current_meters",
    "current_provider",
    "expect_spans",
    "facts_json",
    "facts_of",
    "flattening",
    "folded",
    "governing",
    "mark_components",
    "mark_text",
    "note_unreached",
    "outgoing_headers",
    "read_spans",
    "render",
    "successes",
    "told",
    "tool_evidence",
    "tools_used",
    "untraced",
    "wanted_of",
]
