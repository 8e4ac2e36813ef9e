"""What is missing in a trace, and which switch of which library brings it back.

Each finding is the second half of a sentence about traces ("show no content: ..."), so that it can be counted.
"""

from collections.abc import Iterator, Mapping

from spanwright.core.trace import Span, Trace
from spanwright.telemetry.facts import has_content, missing_root

DROPPED = "attributes were dropped by a limit: raise OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"
_CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"

SWITCHES: Mapping[str, str] = {
    "pydantic-ai": "instrument with include_content=True",
    "gcp.vertex.agent": f"set {_CAPTURE}=span_only (google-adk takes no other value)",
    "opentelemetry.instrumentation.genai.": f"set {_CAPTURE}=SPAN_ONLY",
    "opentelemetry.instrumentation.google_genai": f"set {_CAPTURE}=true, and export log records, too",
    "opentelemetry.instrumentation.openai_v2": f"set {_CAPTURE}=true, and export log records, too",
    "opentelemetry.instrumentation.vertexai": f"set {_CAPTURE}=true, and export log records, too",
    "opentelemetry.instrumentation.botocore": f"set {_CAPTURE}=true, and export log records, too",
    "opentelemetry.instrumentation.": "set TRACELOOP_TRACE_CONTENT=true",
    "traceloop.tracer": "set TRACELOOP_TRACE_CONTENT=true",
    "openinference.instrumentation.openai_agents": "unset OPENINFERENCE_HIDE_INPUTS and OPENINFERENCE_HIDE_OUTPUTS",
    "openinference.": "unset OPENINFERENCE_HIDE_INPUTS, OPENINFERENCE_HIDE_OUTPUTS and the other OPENINFERENCE_HIDE_*",
    "logfire.openai_agents": "run agents with RunConfig(trace_include_sensitive_data=True)",
    "logfire": "let logfire.instrument_openai record messages: version='latest'",
    "langsmith": "set LANGSMITH_HIDE_INPUTS=false and LANGSMITH_HIDE_OUTPUTS=false",
    "azure.": "set AZURE_TRACING_GEN_AI_CONTENT_RECORDING_ENABLED=true",
    "ai": "set recordInputs and recordOutputs to true in experimental_telemetry",
    "gen_ai": "set recordInputs and recordOutputs to true in the telemetry settings",
    "mcp-python-sdk": "MCP records no arguments and results: instrument the agent that calls the server",
    "fastmcp": "MCP records no arguments and results: instrument the agent that calls the server",
}
"""What turns content on, by the beginning of the scope's name; the longest beginning counts."""
_UNKNOWN = "let the instrumentation {scope!r} record messages"

_INSTRUMENTATIONS: Mapping[str, str] = {
    "pydantic-ai": "instrument the agents' models, too (Agent.instrument_all)",
    "opentelemetry.instrumentation.genai.openai_agents": "add opentelemetry-instrumentation-genai-openai",
    "traceloop.tracer": "install the instrumentation of your model's client before Traceloop.init()",
    "ai": "do not filter the spans ai.*.doGenerate and ai.*.doStream",
}
"""What brings the model calls of agents that are seen without any."""
_TOTALS = ("gen_ai.aggregated_usage.output_tokens", "gen_ai.usage.output_tokens", "ai.usage.outputTokens")


def findings(trace: Trace, *, rooted: bool = True) -> Iterator[str]:
    """Yield what is missing in a trace. Without `rooted` its root is known to be elsewhere."""
    if rooted and missing_root(trace):
        yield "have no root span: it never arrived, the process may have ended without a flush of its exporter"
    if rooted and _orphans(trace):
        yield (
            "have spans whose parent never arrived: a sampler that decides for each span alone (use a parent-based "
            "one), or a lost batch"
        )
    if rooted and not trace.complete:
        yield "have spans that began and never ended: the process was stopped, or is still running"
    if _worked(trace) and not has_content(trace):
        yield f"show no content: {'; '.join(sorted(_switches(trace)))}"
    if trace.agents and not trace.model_calls and not all(run.error for run in trace.agents):
        yield f"show agents but no model calls: {_instrumentation(trace)}"
    elif _eaten(trace):
        yield "lack model calls (their agents count more tokens): a sampler or a filter drops spans of theirs"
    if trace.doubled:
        yield "show model calls twice, by two instrumentations: they were counted once, switch one off"
    if trace.repeated:
        yield "got spans more than once: they were counted once, see whether an exporter is registered twice"


def _worked(trace: Trace) -> bool:
    """Say whether anything was answered: what failed at once has no content to show."""
    return any(call.usage.requests for call in trace.model_calls) or any(not call.error for call in trace.tool_calls)


def switch(scope: str) -> str:
    """Return what makes the library of a scope record content."""
    fitting = [start for start in SWITCHES if f"{scope}.".startswith(f"{start.removesuffix('.')}.")]
    return SWITCHES[max(fitting, key=len)] if fitting else _UNKNOWN.format(scope=scope)


def _switches(trace: Trace) -> set[str]:
    scopes = _scopes(trace, {call.span_id for call in trace.model_calls})
    return {switch(scope) for scope in scopes or _scopes(trace, {call.span_id for call in trace.tool_calls})}


def _scopes(trace: Trace, among: set[str]) -> set[str]:
    return {span.scope for span in trace.spans if span.span_id in among}


def _instrumentation(trace: Trace) -> str:
    scopes = sorted(_scopes(trace, {run.span_id for run in trace.agents}))
    known = (_INSTRUMENTATIONS[scope] for scope in scopes if scope in _INSTRUMENTATIONS)
    return next(known, "instrument the model's client, too")


def _orphans(trace: Trace) -> bool:
    """Say whether a parent is missing below a root that is there."""
    there = {span.span_id for span in trace.spans}
    return not missing_root(trace) and any(span.parent_id and span.parent_id not in there for span in trace.spans)


def _eaten(trace: Trace) -> bool:
    """Say whether the outermost agents count more than all the model calls do."""
    top = [run.span_id for run in trace.agents if not run.parent_agent]
    given = sum([call.usage.output_tokens for call in trace.model_calls])
    return given < sum([_total(span) for span in trace.spans if span.span_id in top])


def _total(span: Span) -> int:
    value = next((span.attributes[key] for key in _TOTALS if key in span.attributes), 0)
    return int(value) if isinstance(value, int | float) else 0
