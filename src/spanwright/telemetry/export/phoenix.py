"""Phoenix: spans over OTLP into a project, scores as span annotations of its REST API.

Phoenix takes spans in the background. An annotation of a span that it does not have yet waits in its queue, if it is
sent with `sync=false`; one that is sent again under the same identifier replaces the first.
"""

from collections.abc import Iterator, Mapping, Sequence

import httpx
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.util.types import AttributeValue

from spanwright.telemetry.export.environment import Wire, traces_url
from spanwright.telemetry.export.otlp import Otlp, answered, said
from spanwright.telemetry.export.outbox import Delivery, Outcome
from spanwright.telemetry.export.told import SCOPE, evaluations_of, spoken_of

PROJECT = "openinference.project.name"
_HEADER = "x-project-name"
_KIND = "openinference.span.kind"
_KINDS = {"judge": "EVALUATOR"}
_ANNOTATE = "/v1/span_annotations"


class Phoenix:
    """One project of one Phoenix server."""

    def __init__(self, wire: Wire, resource: Resource, *, project: str) -> None:
        """Make a destination; `wire.url` is that of the server."""
        self._client = httpx.Client(base_url=wire.url, headers=wire.headers, timeout=wire.timeout, verify=wire.verify)
        traces = Wire(
            url=traces_url(wire.url),
            headers={**wire.headers, _HEADER: project},
            timeout=wire.timeout,
            compression=wire.compression,
            verify=wire.verify,
        )
        # A user's own spans bring a resource of their own along: the header says it for those, too.
        self._otlp = Otlp(traces, resource.merge(Resource({PROJECT: project})), _kind)

    def deliver(self, spans: Sequence[ReadableSpan]) -> Delivery:
        """Deliver spans, then their scores."""
        delivery = self._otlp.deliver(spans)
        annotations = [each for span in spans for each in _annotations(span)]
        if delivery.outcome is not Outcome.ARRIVED or not annotations:
            return delivery
        try:
            response = self._client.post(_ANNOTATE, params={"sync": "false"}, json={"data": annotations})
        except httpx.HTTPError as error:
            return Delivery(unscored=len(annotations), reason=said(error))
        if response.is_success:
            return delivery
        return Delivery(unscored=len(annotations), reason=answered(response))

    def close(self) -> None:
        self._client.close()
        self._otlp.close()


def _annotations(span: ReadableSpan) -> Iterator[Mapping[str, object]]:
    context = span.get_span_context()
    for evaluation in evaluations_of(span):
        assert context is not None, "a span of ours has a context"
        yield {
            "span_id": f"{context.span_id:016x}",
            "name": evaluation.name,
            "annotator_kind": "CODE",
            "identifier": SCOPE,
            "result": {
                "score": evaluation.value,
                "label": evaluation.label or None,
                "explanation": evaluation.explanation or None,
            },
        }


def _kind(span: ReadableSpan) -> Mapping[str, AttributeValue]:
    """Return what Phoenix calls a span of ours, which it would else show as of an unknown kind."""
    scope = span.instrumentation_scope
    if scope is None or scope.name != SCOPE:
        return {}
    shown: dict[str, AttributeValue] = {_KIND: _KINDS.get(span.name, "CHAIN")}
    attributes, spoken = span.attributes or {}, spoken_of(span)
    for name, text, key in (
        ("input.value", spoken.taken, "spanwright.case"),
        ("output.value", spoken.given, "spanwright.score"),
    ):
        if text or key in attributes:
            shown[name] = text or str(attributes[key])
    return shown
