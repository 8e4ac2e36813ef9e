"""Judgements that were recorded with spans: the event `gen_ai.evaluation.result` of the GenAI conventions."""

import math
from collections.abc import Iterator

from spanwright.core.trace import Evaluation, Span, SpanEvent
from spanwright.telemetry.lenient import clean

RESULT = "gen_ai.evaluation.result"
_FACT = "gen_ai.evaluation."


def evaluations(span: Span) -> Iterator[Evaluation]:
    """Yield the judgements of `span`, those without a name left out."""
    for event in span.events:
        if event.name == RESULT and (name := _text(event, f"{_FACT}name")):
            value = event.attributes.get(f"{_FACT}score.value")
            number = isinstance(value, int | float) and math.isfinite(value)
            yield Evaluation(
                span_id=span.span_id,
                name=name,
                value=float(value) if number and isinstance(value, int | float) else None,
                label=_text(event, f"{_FACT}score.label"),
                explanation=_text(event, f"{_FACT}explanation"),
                response_id=_text(event, "gen_ai.response.id"),
                error=_text(event, "error.type"),
            )


def _text(event: SpanEvent, key: str) -> str:
    return clean(str(event.attributes.get(key, "")))
