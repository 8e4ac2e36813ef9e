"""Reads the traces of an MLflow experiment, with their assessments."""

import json
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from datetime import datetime

import httpx
from pydantic import BaseModel, JsonValue

from spanwright.core.trace import Span
from spanwright.telemetry.export import environment
from spanwright.telemetry.importing.reading import Judgement, ask, client, judged, parsed, spans_of
from spanwright.telemetry.names import EXPECTATION

_PAGE = 200
_EXPERIMENT = "/api/2.0/mlflow/experiments/get-by-name"
_SEARCH = "/api/3.0/mlflow/traces/search"
_GET = "/api/3.0/mlflow/traces/get"


class _Experiment(BaseModel):
    experiment_id: str


class _Found(BaseModel):
    experiment: _Experiment


class _Named(BaseModel):
    trace_id: str


class _Page(BaseModel):
    traces: list[_Named] = []
    next_page_token: str = ""


class _Feedback(BaseModel):
    value: JsonValue = None


class _Serialized(BaseModel):
    value: str = ""


class _Expectation(BaseModel):
    value: JsonValue = None
    serialized_value: _Serialized | None = None
    """JSON, for what is no plain value."""


class _Assessment(BaseModel):
    assessment_name: str
    span_id: str = ""
    rationale: str = ""
    feedback: _Feedback | None = None
    expectation: _Expectation | None = None
    """What should have come, in place of a judgement of what came."""


class _Info(BaseModel):
    assessments: list[_Assessment] = []


class _Trace(BaseModel):
    trace_info: _Info
    spans: list[dict[str, JsonValue]] = []


class _Whole(BaseModel):
    trace: _Trace


async def from_mlflow(
    url: str | None = None,
    experiment: str | None = None,
    *,
    since: datetime | None = None,
    headers: Mapping[str, str] | None = None,
) -> AsyncGenerator[Span, None]:
    """Yield the spans of an experiment's traces that began after `since`, trace by trace.

    What is left out is taken from the environment, as `Export.mlflow` does. Raises UsageError where the server cannot
    be read, MalformedOtlp where what it answers cannot.
    """
    wire, named = environment.mlflow(url, experiment, headers or {})
    async with client(wire) as backend:
        async for trace_id in _traces(backend, await _experiment_id(backend, named), since):
            request = backend.build_request("GET", _GET, params={"trace_id": trace_id})
            answer = await ask(request, backend, missing=True)  # deleted since it was listed
            if answer is not None:
                trace = parsed(_Whole, answer).trace
                spans = list(spans_of(list(trace.spans)))
                for span in judged(spans, list(_judgements(trace.trace_info, spans))):
                    yield span


async def _experiment_id(backend: httpx.AsyncClient, named: str) -> str:
    request = backend.build_request("GET", _EXPERIMENT, params={"experiment_name": named})
    return parsed(_Found, await ask(request, backend)).experiment.experiment_id


async def _traces(backend: httpx.AsyncClient, experiment: str, since: datetime | None) -> AsyncGenerator[str, None]:
    asked: dict[str, JsonValue] = {
        "locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}],
        "order_by": ["timestamp_ms ASC"],
        "max_results": _PAGE,
    }
    if since is not None:
        asked["filter"] = f"attributes.timestamp_ms > {int(since.timestamp() * 1000)}"
    while True:
        page = parsed(_Page, await ask(backend.build_request("POST", _SEARCH, json=asked), backend))
        for each in page.traces:
            yield each.trace_id
        if not page.next_page_token:
            return
        asked["page_token"] = page.next_page_token


def _judgements(info: _Info, spans: Sequence[Span]) -> Iterator[Judgement]:
    """Yield what is said of a trace; what names no span is about its root."""
    root = next((span.span_id for span in spans if not span.parent_id), "")
    for each in info.assessments:
        if each.expectation is not None:
            yield Judgement(
                span_id=each.span_id or root,
                name=each.assessment_name,
                label=EXPECTATION,
                explanation=_wanted(each.expectation),
            )
        if each.feedback is None:
            continue
        value = each.feedback.value
        number = float(value) if isinstance(value, int | float) else None
        yield Judgement(
            span_id=each.span_id or root,
            name=each.assessment_name,
            value=number,
            label=str(value) if isinstance(value, str | bool) else "",
            explanation=each.rationale,
        )


def _wanted(expectation: _Expectation) -> str:
    if expectation.serialized_value is not None:
        return expectation.serialized_value.value
    value = expectation.value
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
