"""OTLP as plain data: the bytes of an export request read into spans and events, and spans written as OTLP/JSON.

    decode_json, decode_protobuf            the spans of an ExportTraceServiceRequest
    decode_logs_json, decode_logs_protobuf  the gen_ai events of an ExportLogsServiceRequest
    encode_json, encode_logs_json           spans and events as a line of an OTLP/JSON file
    amount                                  how much a body holds, before anything is built of it

What is no OTLP raises MalformedOtlp and nothing else. A record whose ids are none is passed over where the caller
listens for it, and raises where nobody does.
"""

from spanwright.telemetry.otlp.encode import encode_json, encode_logs_json
from spanwright.telemetry.otlp.json_form import decode_json, decode_logs_json
from spanwright.telemetry.otlp.protobuf import decode_logs_protobuf, decode_protobuf
from spanwright.telemetry.sink import LoggedEvent

__all__ = [
    "LoggedEvent",
    "decode_json",
    "decode_logs_json",
    "decode_logs_protobuf",
    "decode_protobuf",
    "encode_json",
    "encode_logs_json",
]
