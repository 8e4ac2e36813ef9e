"""Scores as log records by OTLP: the event `gen_ai.evaluation.result`, as the GenAI conventions have it."""

from collections.abc import Iterator, Sequence

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs, SeverityNumber
from opentelemetry.proto.resource.v1.resource_pb2 import Resource as WireResource
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan

from spanwright.telemetry.export.told import SCOPE, evaluations_of, written
from spanwright.telemetry.names import EVALUATION


def encode_scores(spans: Sequence[ReadableSpan], resource: Resource) -> tuple[bytes, int]:
    """Return a request with the evaluations that spans of ours carry, and how many they are."""
    records = [record for span in spans for record in _records(span)]
    told = WireResource(
        attributes=[_entry(key, value) for key, value in resource.attributes.items() if isinstance(value, str)]
    )
    scoped = ScopeLogs(scope=InstrumentationScope(name=SCOPE), log_records=records)
    request = ExportLogsServiceRequest(resource_logs=[ResourceLogs(resource=told, scope_logs=[scoped])])
    return request.SerializeToString(), len(records)


def _records(span: ReadableSpan) -> Iterator[LogRecord]:
    context = span.get_span_context()
    for evaluation in evaluations_of(span):
        assert context is not None, "a span of ours has a context"
        at = span.end_time or 0
        yield LogRecord(
            event_name=EVALUATION,
            time_unix_nano=at,
            observed_time_unix_nano=at,
            severity_number=SeverityNumber.SEVERITY_NUMBER_INFO,
            trace_id=context.trace_id.to_bytes(16, "big"),
            span_id=context.span_id.to_bytes(8, "big"),
            flags=context.trace_flags,
            attributes=[_entry(key, value) for key, value in written(evaluation).items()],
        )


def _entry(key: str, value: str | float) -> KeyValue:
    held = AnyValue(string_value=value) if isinstance(value, str) else AnyValue(double_value=value)
    return KeyValue(key=key, value=held)
