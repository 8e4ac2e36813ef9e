"""MLflow: spans over OTLP into an experiment that is found or made by its name, scores as assessments of its REST API.

Its OTLP door wants the experiment's id in a header, reads no evaluation events, and has a trace before it answers: so
the scores can follow at once. An assessment is a request, MLflow takes no two together, and some ten a second: they
wait until no spans do.
"""

import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import httpx
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.util.types import AttributeValue
from pydantic import BaseModel, ValidationError

from spanwright.telemetry.export.environment import Wire, traces_url
from spanwright.telemetry.export.otlp import Otlp, answered, said
from spanwright.telemetry.export.outbox import Delivery, Outcome
from spanwright.telemetry.export.told import SCOPE, evaluations_of, spoken_of

_EXPERIMENT = "x-mlflow-experiment-id"
_FIND = "/api/2.0/mlflow/experiments/get-by-name"
_MAKE = "/api/2.0/mlflow/experiments/create"
_ASSESS = "/api/3.0/mlflow/traces/{trace}/assessments"
_AT_ONCE = 8
"""Scores that are written before spans are looked for again."""
_SHOWN = {
    "mlflow.spanInputs": ("spanwright.case", "spanwright.candidate", "spanwright.purpose"),
    "mlflow.spanOutputs": ("spanwright.score", "spanwright.outcome", "spanwright.winner"),
}
"""What MLflow's list of traces shows as request and response."""


class _Experiment(BaseModel):
    experiment_id: str


class _Found(BaseModel):
    experiment: _Experiment


class Mlflow:
    """One experiment of one MLflow server."""

    def __init__(self, wire: Wire, resource: Resource, *, experiment: str) -> None:
        """Make a destination; `wire.url` is that of the server. It is asked for nothing until there is a batch."""
        self._wire = wire
        self._resource = resource
        self._experiment = experiment
        self._client = httpx.Client(base_url=wire.url, headers=wire.headers, timeout=wire.timeout, verify=wire.verify)
        self._otlp: Otlp | None = None
        self._owed: deque[_Assessment] = deque()

    def deliver(self, spans: Sequence[ReadableSpan]) -> Delivery:
        """Deliver spans; without any, write some of the scores that are owed."""
        if self._otlp is None:
            try:
                self._otlp = self._opened(self._experiment_id())
            except (httpx.HTTPError, ValidationError, _Refused) as error:
                unreachable = isinstance(error, httpx.TransportError)
                outcome = Outcome.UNREACHABLE if unreachable else Outcome.REFUSED
                return Delivery(outcome=outcome, reason=said(error))
        if not spans:
            return self._assess_some()
        delivery = self._otlp.deliver(spans)
        if delivery.outcome is Outcome.ARRIVED:
            self._owed.extend(each for span in spans for each in _assessments(span))
        return replace(delivery, owed=len(self._owed))

    def close(self) -> None:
        self._client.close()
        if self._otlp is not None:
            self._otlp.close()

    def _opened(self, experiment: str) -> Otlp:
        wire = Wire(
            url=traces_url(self._wire.url),
            headers={**self._wire.headers, _EXPERIMENT: experiment},
            timeout=self._wire.timeout,
            compression=self._wire.compression,
            verify=self._wire.verify,
        )
        return Otlp(wire, self._resource, _shown)

    def _experiment_id(self) -> str:
        """Find the experiment, made if need be."""
        self._client.post(_MAKE, json={"name": self._experiment})  # refused where it exists, whoever made it
        found = self._client.get(_FIND, params={"experiment_name": self._experiment})
        if not found.is_success:
            raise _Refused(answered(found))
        return _Found.model_validate_json(found.content).experiment.experiment_id

    def _assess_some(self) -> Delivery:
        unscored, reason = 0, ""
        for _ in range(min(_AT_ONCE, len(self._owed))):
            if fault := self._assess(self._owed.popleft()):
                unscored, reason = unscored + 1, fault
                break  # what goes wrong once may take its time again, and spans could be waiting by now
        return Delivery(unscored=unscored, reason=reason, owed=len(self._owed))

    def _assess(self, assessment: "_Assessment") -> str:
        """Write one score; return why that was not possible."""
        body = {"assessment": assessment.model_dump(exclude_none=True)}
        try:
            response = self._client.post(_ASSESS.format(trace=assessment.trace_id), json=body)
        except httpx.HTTPError as error:
            return said(error)
        return "" if response.is_success else answered(response)


class _Source(BaseModel):
    source_type: str = "CODE"
    source_id: str = SCOPE


class _Feedback(BaseModel):
    value: float | str


class _Assessment(BaseModel):
    """A score in MLflow's words."""

    assessment_name: str
    trace_id: str
    span_id: str
    source: _Source = _Source()
    feedback: _Feedback
    rationale: str | None
    metadata: Mapping[str, str] | None


class _Refused(Exception):
    """The server has no such experiment and makes none."""


def _assessments(span: ReadableSpan) -> Iterator[_Assessment]:
    context = span.get_span_context()
    for evaluation in evaluations_of(span):
        assert context is not None, "a span of ours has a context"
        yield _Assessment(
            assessment_name=evaluation.name,
            trace_id=f"tr-{context.trace_id:032x}",
            span_id=f"{context.span_id:016x}",
            feedback=_Feedback(value=evaluation.label if evaluation.value is None else evaluation.value),
            rationale=evaluation.explanation or None,
            metadata={"label": evaluation.label} if evaluation.label else None,
        )


def _shown(span: ReadableSpan) -> Mapping[str, AttributeValue]:
    """Return what a span of ours took in and gave out, where MLflow looks for it."""
    scope = span.instrumentation_scope
    if scope is None or scope.name != SCOPE:
        return {}
    attributes, spoken = span.attributes or {}, spoken_of(span)
    shown = {
        name: {
            **({side: text} if text else {}),
            **{key.partition(".")[2]: attributes[key] for key in keys if key in attributes},
        }
        for (name, keys), (side, text) in zip(
            _SHOWN.items(), (("input", spoken.taken), ("output", spoken.given)), strict=True
        )
    }
    return {name: json.dumps(facts) for name, facts in shown.items() if facts}
