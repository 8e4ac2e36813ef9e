"""Answers by the OTLP/HTTP specification, in the format of the request.

Two messages are all that is ever sent, so they are written here field by field: a google.rpc.Status for what was
refused, and an Export...ServiceResponse, which is empty or tells of a partial success.
"""

import json
from enum import StrEnum

from starlette.responses import Response

from spanwright.telemetry.sink import Receipt

RETRY_AFTER = 1
"""Seconds after which a sender should try again."""
_RPC_CODES = {400: 3, 401: 16, 404: 12, 405: 12, 408: 4, 413: 8, 415: 3, 429: 8, 503: 14}
"""google.rpc.Code by HTTP status."""
_MOST_WORDS = 500


class Format(StrEnum):
    """How a request and its answer are written, by media type."""

    PROTOBUF = "application/x-protobuf"
    JSON = "application/json"


class Signal(StrEnum):
    """What a request brings."""

    TRACES = "spans"
    LOGS = "log records"
    METRICS = "data points"


_REJECTED = {Signal.TRACES: "rejectedSpans", Signal.LOGS: "rejectedLogRecords", Signal.METRICS: "rejectedDataPoints"}


class Refused(Exception):
    """Inside the receiver: a request is answered with an error. Never leaves it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def accepted(signal: Signal, form: Format, receipt: Receipt) -> Response:
    """Return the answer to a request of which `receipt` tells what became."""
    if form is Format.JSON:
        told = {_REJECTED[signal]: str(receipt.rejected), "errorMessage": receipt.reason}
        return _answer(200, form, json.dumps({"partialSuccess": told} if receipt.rejected else {}).encode())
    if not receipt.rejected:
        return _answer(200, form, b"")
    partial = b"\x08" + _varint(receipt.rejected) + _text(2, receipt.reason)
    return _answer(200, form, b"\x0a" + _varint(len(partial)) + partial)


def refused(form: Format, refusal: Refused) -> Response:
    """Return the answer to a request that was not taken."""
    code = _RPC_CODES.get(refusal.status, 2)
    if form is Format.JSON:
        body = json.dumps({"code": code, "message": refusal.message[:_MOST_WORDS]}).encode()
    else:
        body = b"\x08" + _varint(code) + _text(2, refusal.message)
    answer = _answer(refusal.status, form, body)
    if refusal.status in (429, 503):
        answer.headers["retry-after"] = str(RETRY_AFTER)
    if refusal.status == 401:
        answer.headers["www-authenticate"] = "Bearer"
    return answer


def _answer(status: int, form: Format, body: bytes) -> Response:
    return Response(body, status_code=status, headers={"content-type": form.value})


def _text(field: int, text: str) -> bytes:
    written = text[:_MOST_WORDS].encode("utf-8", "replace")
    return bytes([field << 3 | 2]) + _varint(len(written)) + written


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)
