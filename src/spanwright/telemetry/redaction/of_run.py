"""The evidence of a run without what should not be kept: before it is stored, exported, or read by a reflector.

Evaluators see what really happened. Placeholders count within a trace, so a rollout's stored trace, its exported spans
and what a reflector reads of it agree.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from threading import Lock

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Status
from opentelemetry.util.types import AttributeValue

from spanwright.core.case import Case
from spanwright.core.rollout import Observed
from spanwright.telemetry.export import Delivery, Destination
from spanwright.telemetry.given import as_text
from spanwright.telemetry.redaction.redactor import Redactor

_MOST = 2_000
"""Traces whose placeholders are remembered: more than are in flight and in the queue of an export."""


class RunRedaction:
    """Redacts what one run keeps and sends."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._recent: dict[str, None] = {}
        # Parts the event loop from the thread that exports: both number the placeholders of the same traces.
        self._lock = Lock()

    def observed(self, observed: Observed) -> Observed:
        """Return a finished rollout redacted: its trace, its output, and what was said of it."""
        rollout, own = observed.rollout, observed.trace.id
        with self._lock:
            trace = self._redactor.trace(observed.trace)
            output = self._redactor.text(observed.output, own)
            score, failure = rollout.score, rollout.failure
            if score is not None:
                score = replace(score, feedback=self._redactor.text(score.feedback, own))
            if failure is not None:
                failure = replace(failure, message=self._redactor.text(failure.message, own))
            self._remember(own)
        return Observed(rollout=replace(rollout, score=score, failure=failure), trace=trace, output=output)

    def case(self, case: Case, trace_id: str) -> Case:
        """Return a case as a reflector may read it beside the trace of one of its rollouts."""
        with self._lock:
            return replace(
                case,
                inputs=self._value(case.inputs, trace_id),
                expected=self._value(case.expected, trace_id),
                metadata=self._value(case.metadata, trace_id),
            )

    def text(self, text: str, trace_id: str) -> str:
        """Return a text redacted that belongs to a trace."""
        with self._lock:
            return self._redactor.text(text, trace_id)

    def span(self, span: ReadableSpan) -> ReadableSpan:
        """Return a span redacted on its way out of the process."""
        context = span.get_span_context()
        own = f"{context.trace_id:032x}" if context is not None else ""
        with self._lock:
            told = ReadableSpan(
                self._redactor.text(span.name, own),
                context=context,
                parent=span.parent,
                resource=span.resource,
                attributes=self._attributes(span.attributes or {}, own),
                events=[
                    Event(event.name, self._attributes(event.attributes or {}, own), event.timestamp)
                    for event in span.events
                ],
                links=span.links,
                kind=span.kind,
                status=Status(span.status.status_code, self._redactor.text(span.status.description or "", own) or None),
                start_time=span.start_time,
                end_time=span.end_time,
                instrumentation_scope=span.instrumentation_scope,
            )
            self._remember(own)
        return told

    def before(self, connect: Callable[[], Destination]) -> Destination:
        """Connect, and return a destination that gets redacted spans."""
        return RedactedDestination(connect(), self)

    def _attributes(self, attributes: Mapping[str, AttributeValue], own: str) -> dict[str, AttributeValue]:
        return {key: self._attribute(value, own, key) for key, value in attributes.items()}

    def _attribute(self, value: AttributeValue, own: str, key: str) -> AttributeValue:
        if isinstance(value, str):
            return self._redactor.text(value, own, key=key)
        if isinstance(value, Sequence) and any(isinstance(item, str) for item in value):
            return [self._redactor.text(str(item), own, key=key) for item in value]
        return value

    def _value(self, value: object, own: str) -> object:
        """Return what a user handed over: the very same where nothing in it has to go."""
        text = as_text(value)
        other = self._redactor.text(text, own)
        if other == text:
            return value
        return other if isinstance(value, str) else _read(other)

    def _remember(self, own: str) -> None:
        self._recent.pop(own, None)
        self._recent[own] = None
        if len(self._recent) > _MOST:
            oldest = next(iter(self._recent))
            del self._recent[oldest]
            self._redactor.forget(oldest)


class RedactedDestination:
    """A destination that gets redacted spans."""

    def __init__(self, destination: Destination, redaction: RunRedaction) -> None:
        self._destination = destination
        self._redaction = redaction
        self.close = destination.close

    def deliver(self, spans: Sequence[ReadableSpan]) -> Delivery:
        """Redact a batch in the thread that sends it, and deliver it."""
        return self._destination.deliver([self._redaction.span(span) for span in spans])


def _read(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:  # it was no JSON before either
        return text
