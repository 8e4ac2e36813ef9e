"""OTLP as plain data: the bytes of an export request read into spans and events, and spans written as OTLP/JSON.

    decode_json, decode_protobuf            the spans of an ExportTraceServiceRequest
    decode_logs_json, decode_logs_protobuf  the gen_ai events of an ExportLogsServiceRequest

What is no OTLP raises MalformedOtlp and nothing else. A record whose ids are none is passed over where the caller
listens for it, and raises where nobody does.
"""

from spanwright.telemetry.otlp.json_form import decode_json, decode_logs_json
from spanwright.telemetry.otlp.protobuf import decode_logs_protobuf, decode_protobuf
from spanwright.telemetry.otlp.values import LoggedEvent

__all__ = [
    "LoggedEvent",
    "decode_json",
    "decode_logs_json",
    "decode_logs_protobuf",
    "decode_protobuf",
]
