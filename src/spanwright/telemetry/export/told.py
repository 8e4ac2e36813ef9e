"""A span that nobody measured: told afterwards from the events of a run, with the ids that it always had.

`Told` is plain data, so that a story can be read and tested without an SDK; `as_span` makes of it what exporters take.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, Status, StatusCode, TraceFlags

from spanwright.core.trace import Attribute
from spanwright.telemetry.collector import root_of
from spanwright.telemetry.export.spoken import SILENT, Spoken
from spanwright.telemetry.names import EVALUATED, EVALUATION, EXPLANATION, LABEL, SCORE

SCOPE = "spanwright"
_TAKEN = "gen_ai.input.messages"
_GIVEN = "gen_ai.output.messages"
_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a span is."""

    trace: int
    span: int

    @classmethod
    def root(cls, trace_id: str) -> "Place":
        """Return the root of a trace that a recorder minted."""
        trace = int(trace_id, 16)
        return cls(trace=trace, span=root_of(trace))

    @classmethod
    def of_run(cls, run: str, started: float) -> "Place":
        """Return the root of a run's own trace: two processes that work on one run agree on it."""
        trace = int.from_bytes(blake2b(f"{run}\n{started!r}".encode(), digest_size=16).digest())
        return cls(trace=trace, span=root_of(trace) or 1)

    def below(self, name: str) -> "Place":
        """Return the place of the span `name` in the same trace; equal names are the same place."""
        digest = blake2b(f"{self.trace:032x}\n{name}".encode(), digest_size=8).digest()
        return Place(trace=self.trace, span=int.from_bytes(digest) or 1)

    def context(self) -> SpanContext:
        return SpanContext(self.trace, self.span, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """One figure of an evaluator."""

    name: str
    value: float | None = None
    label: str = ""
    explanation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A span as the events tell it."""

    name: str
    place: Place
    parent: Place | None = None
    started: float
    ended: float
    attributes: Mapping[str, Attribute] = field(default_factory=dict[str, Attribute])
    evaluations: tuple[Evaluated, ...] = ()
    links: tuple[Place, ...] = ()
    error: str = ""
    """Why it failed; empty where it did not."""
    spoken: Spoken = SILENT

    def as_span(self, resource: Resource) -> ReadableSpan:
        """Return the span as exporters take it."""
        ended = _nanoseconds(self.ended)
        return ReadableSpan(
            self.name,
            context=self.place.context(),
            parent=self.parent.context() if self.parent else None,
            resource=resource,
            attributes={**self.attributes, **_messages(self.spoken)},
            events=[Event(EVALUATION, written(evaluation), ended) for evaluation in self.evaluations],
            links=[Link(place.context()) for place in self.links],
            status=Status(StatusCode.ERROR, self.error) if self.error else Status(),
            start_time=_nanoseconds(self.started),
            end_time=ended,
            instrumentation_scope=InstrumentationScope(SCOPE),
        )


def evaluations_of(span: ReadableSpan) -> Iterator[Evaluated]:
    """Yield the evaluations that a span of ours carries, for backends that want them in a form of their own."""
    scope = span.instrumentation_scope
    if scope is None or scope.name != SCOPE:
        return
    for event in span.events:
        found = event.attributes or {}
        value = found.get(SCORE)
        if event.name == EVALUATION:
            yield Evaluated(
                name=str(found.get(EVALUATED, "")),
                value=value if isinstance(value, float) else None,
                label=str(found.get(LABEL, "")),
                explanation=str(found.get(EXPLANATION, "")),
            )


def spoken_of(span: ReadableSpan) -> Spoken:
    """Return what a span of ours took in and gave out, for backends that want it in a form of their own."""
    attributes = span.attributes or {}
    return Spoken(taken=_content(attributes.get(_TAKEN)), given=_content(attributes.get(_GIVEN)))


def written(evaluation: Evaluated) -> dict[str, str | float]:
    """Return an evaluation as the attributes of its event."""
    written: dict[str, str | float] = {EVALUATED: evaluation.name}
    if evaluation.value is not None:
        written[SCORE] = float(evaluation.value)
    if evaluation.label:
        written[LABEL] = evaluation.label
    if evaluation.explanation:
        written[EXPLANATION] = evaluation.explanation
    return written


def _messages(spoken: Spoken) -> dict[str, str]:
    """Return both texts as the messages of the GenAI conventions."""
    sides = ((_TAKEN, "user", spoken.taken), (_GIVEN, "assistant", spoken.given))
    return {
        key: json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}], ensure_ascii=False)
        for key, role, text in sides
        if text
    }


def _content(messages: object) -> str:
    return str(json.loads(messages)[0]["parts"][0]["content"]) if isinstance(messages, str) else ""


def _nanoseconds(seconds: float) -> int:
    return int(seconds * _NANOSECONDS)
