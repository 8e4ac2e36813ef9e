"""Asks a backend's REST API, and puts its judgements on the spans that they are about."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

import httpx
from pydantic import BaseModel, JsonValue, ValidationError

from spanwright.core.trace import Attribute, Span, SpanEvent
from spanwright.errors import MalformedOtlp, UsageError
from spanwright.telemetry.export.environment import Wire
from spanwright.telemetry.names import EVALUATED, EVALUATION, EXPLANATION, LABEL, SCORE
from spanwright.telemetry.otlp import decode_json

_PATIENCE = 60.0
"""Seconds for one page: Phoenix takes four for two thousand spans."""
_SHOWN = 200
Answer = TypeVar("Answer", bound=BaseModel)


class Judgement(BaseModel):
    """What somebody said of a span."""

    span_id: str = ""
    name: str
    value: float | None = None
    label: str = ""
    explanation: str = ""


def client(wire: Wire) -> httpx.AsyncClient:
    """Return a client of one backend."""
    return httpx.AsyncClient(base_url=wire.url, headers=wire.headers, timeout=_PATIENCE, verify=wire.verify)


async def ask(request: httpx.Request, by: httpx.AsyncClient, *, missing: bool = False) -> bytes | None:
    """Return what a backend answers; None where it has nothing of the kind and that may be. Raises UsageError."""
    try:
        response = await by.send(request)
    except httpx.HTTPError as error:
        raise UsageError(
            f"the backend at {by.base_url} cannot be reached: {type(error).__name__}: {error}", "Check its address"
        ) from error
    if missing and response.status_code == 404:
        return None
    if not response.is_success:
        raise UsageError(
            f"the backend at {by.base_url} does not answer {request.url.path}: HTTP {response.status_code}"
            f" {response.text[:_SHOWN].strip()}",
            "Check its address, the name of what is read, and the key",
        )
    return response.content


def parsed(kind: type[Answer], answer: bytes | None) -> Answer:
    """Return what a backend answered as what it should be. Raises MalformedOtlp where it is not."""
    try:
        return kind.model_validate_json(answer or b"")
    except ValidationError as error:
        fault = error.errors()[0]
        at = ".".join(str(place) for place in fault["loc"])
        raise MalformedOtlp(f"the backend's answer is no {kind.__name__.strip('_')}: {at} {fault['msg']}") from error


def spans_of(wire_spans: JsonValue) -> Iterator[Span]:
    """Yield the spans of a list in OTLP's JSON form, in whichever case its names are."""
    request = {"resourceSpans": [{"scopeSpans": [{"spans": wire_spans}]}]}
    return decode_json(json.dumps(request).encode())


def judged(spans: Iterable[Span], judgements: Sequence[Judgement]) -> Iterator[Span]:
    """Yield the spans with the judgements about them; one that a span bears under the same name is not repeated."""
    about: dict[str, list[Judgement]] = {}
    for judgement in judgements:
        about.setdefault(judgement.span_id, []).append(judgement)
    for span in spans:
        known = {event.attributes.get(EVALUATED) for event in span.events if event.name == EVALUATION}
        new = [_event(each, span.ended) for each in about.get(span.span_id, ()) if each.name not in known]
        yield replace(span, events=(*span.events, *new)) if new else span


def _event(judgement: Judgement, time: float) -> SpanEvent:
    said: dict[str, Attribute] = {EVALUATED: judgement.name}
    if judgement.value is not None:
        said[SCORE] = judgement.value
    if judgement.label:
        said[LABEL] = judgement.label
    if judgement.explanation:
        said[EXPLANATION] = judgement.explanation
    return SpanEvent(name=EVALUATION, time=time, attributes=said)
