"""Reads the spans of a Phoenix project, with their annotations."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

import httpx
from pydantic import BaseModel, JsonValue

from spanwright.core.trace import Span
from spanwright.telemetry.export import environment
from spanwright.telemetry.importing.reading import Judgement, ask, client, judged, parsed, spans_of

_PAGE = 200
"""Spans a page: their ids have to find room in an address."""
_ANNOTATIONS = 1_000


class _Spans(BaseModel):
    data: list[dict[str, JsonValue]]
    next_cursor: str | None = None


class _Result(BaseModel):
    score: float | None = None
    label: str | None = None
    explanation: str | None = None


class _Annotation(BaseModel):
    span_id: str
    name: str
    result: _Result | None = None


class _Annotations(BaseModel):
    data: list[_Annotation]
    next_cursor: str | None = None


async def from_phoenix(
    url: str | None = None,
    project: str | None = None,
    *,
    since: datetime | None = None,
    headers: Mapping[str, str] | None = None,
) -> AsyncGenerator[Span, None]:
    """Yield the spans of a project that began at `since` or later.

    What is left out is taken from the environment, as `Export.phoenix` does. Raises UsageError where the server cannot
    be read, MalformedOtlp where what it answers cannot.
    """
    wire, named = environment.phoenix(url, project, headers or {})
    path = f"/v1/projects/{quote(named, safe='')}"
    cursor: str | None = None
    async with client(wire) as backend:
        while True:
            asked = {"limit": str(_PAGE), **({"start_time": since.isoformat()} if since else {})}
            if cursor is not None:
                asked["cursor"] = cursor
            request = backend.build_request("GET", f"{path}/spans/otlpv1", params=asked)
            page = parsed(_Spans, await ask(request, backend))
            spans = list(spans_of(list(page.data)))
            judgements = await _judgements(backend, path, [span.span_id for span in spans])
            for span in judged(spans, judgements):
                yield span
            cursor = page.next_cursor
            if cursor is None:
                return


async def _judgements(backend: httpx.AsyncClient, path: str, span_ids: Sequence[str]) -> Sequence[Judgement]:
    found: list[Judgement] = []
    cursor: str | None = None
    while span_ids:
        asked: dict[str, str | Sequence[str]] = {"span_ids": span_ids, "limit": str(_ANNOTATIONS)}
        if cursor is not None:
            asked["cursor"] = cursor
        answer = await ask(
            backend.build_request("GET", f"{path}/span_annotations", params=asked), backend, missing=True
        )
        if answer is None:
            break
        page = parsed(_Annotations, answer)
        found.extend(_judgement(each) for each in page.data)
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


def _judgement(annotation: _Annotation) -> Judgement:
    result = annotation.result or _Result()
    return Judgement(
        span_id=annotation.span_id,
        name=annotation.name,
        value=result.score,
        label=result.label or "",
        explanation=result.explanation or "",
    )
