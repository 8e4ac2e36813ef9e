"""MLflow: spans over OTLP into an experiment that is found or made by its name, scores as assessments of its REST API.

Its OTLP door wants the experiment's id in a header, reads no evaluation events, and has a trace before it answers: so
the scores of a batch can follow at once. An assessment is one request: MLflow takes no two together.
"""

import json
from collections.abc import Mapping, Sequence

import httpx
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.util.types import AttributeValue
from pydantic import BaseModel, ValidationError

from spanwright.telemetry.export.environment import Wire, traces_url
from spanwright.telemetry.export.otlp import Otlp, answered, said
from spanwright.telemetry.export.outbox import Delivery
from spanwright.telemetry.export.told import SCOPE, Evaluation, evaluations_of

_EXPERIMENT = "x-mlflow-experiment-id"
_FIND = "/api/2.0/mlflow/experiments/get-by-name"
_MAKE = "/api/2.0/mlflow/experiments/create"
_ASSESS = "/api/3.0/mlflow/traces/{trace}/assessments"
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
        self._given_up = False

    def deliver(self, spans: Sequence[ReadableSpan]) -> Delivery:
        """Deliver spans, then their scores."""
        if self._otlp is None:
            try:
                self._otlp = self._opened(self._experiment_id())
            except (httpx.HTTPError, httpx.InvalidURL, ValidationError, _Refused) as error:
                return Delivery(arrived=False, reason=f"{self._wire.url}: {said(error)}")
        delivery = self._otlp.deliver(spans)
        return self._scored(spans) if delivery.arrived else delivery

    def give_up(self) -> None:
        self._given_up = True
        if self._otlp is not None:
            self._otlp.give_up()

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
        """Find the experiment, or make it; another process may have been faster."""
        for _ in range(2):
            found = self._client.get(_FIND, params={"experiment_name": self._experiment})
            if found.is_success:
                return _Found.model_validate_json(found.content).experiment.experiment_id
            if found.status_code != httpx.codes.NOT_FOUND:
                raise _Refused(answered(found))
            made = self._client.post(_MAKE, json={"name": self._experiment})
            if made.is_success:
                return _Experiment.model_validate_json(made.content).experiment_id
        raise _Refused(answered(made))

    def _scored(self, spans: Sequence[ReadableSpan]) -> Delivery:
        unscored, reason = 0, ""
        for span in spans:
            for evaluation in evaluations_of(span):
                if fault := self._assess(span, evaluation):
                    unscored, reason = unscored + 1, fault
        return Delivery(arrived=True, unscored=unscored, reason=reason)

    def _assess(self, span: ReadableSpan, evaluation: Evaluation) -> str:
        """Write one score; return why that was not possible."""
        if self._given_up:
            return "it was given up"
        context = span.get_span_context()
        assert context is not None, "a span of ours has a context"
        trace = f"tr-{context.trace_id:032x}"
        assessment = {
            "assessment_name": evaluation.name,
            "trace_id": trace,
            "span_id": f"{context.span_id:016x}",
            "source": {"source_type": "CODE", "source_id": SCOPE},
            "feedback": {"value": evaluation.label if evaluation.value is None else evaluation.value},
            "rationale": evaluation.explanation,
            "metadata": {"label": evaluation.label} if evaluation.label else {},
        }
        try:
            response = self._client.post(_ASSESS.format(trace=trace), json={"assessment": assessment})
        except httpx.HTTPError as error:
            return f"{self._wire.url}: {said(error)}"
        return "" if response.is_success else f"{self._wire.url}: {answered(response)}"


class _Refused(Exception):
    """The server has no such experiment and makes none."""


def _shown(span: ReadableSpan) -> Mapping[str, AttributeValue]:
    """Return what a span of ours took in and gave out, where MLflow looks for it."""
    scope = span.instrumentation_scope
    if scope is None or scope.name != SCOPE:
        return {}
    attributes = span.attributes or {}
    shown = {
        name: {key.partition(".")[2]: attributes[key] for key in keys if key in attributes}
        for name, keys in _SHOWN.items()
    }
    return {name: json.dumps(facts) for name, facts in shown.items() if facts}
