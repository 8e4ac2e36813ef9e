"""Where a run is exported to: by variables, by an address, by a provider in place, and by presets."""

import json
from collections import Counter

import logfire
import pytest
from exported_run import exported
from opentelemetry import trace
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from otlp_stub import Stub

from spanwright import (
    Export,
    UsageError,
)


async def test_the_standard_variables_say_where_to_and_with_which_headers(world, stub: Stub, monkeypatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"{stub.url}/base/")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=we%20two,Authorization=Basic abc=")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "desk")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=lab")
    result = await exported(world, True)

    assert () == result.remarks
    assert {"/base/v1/traces", "/base/v1/logs"} == {asked.path for asked in stub.requests}
    headers = stub.requests[0].headers
    assert ("we two", "Basic abc=", "gzip", "application/x-protobuf") == tuple(
        headers[key] for key in ("x-team", "authorization", "content-encoding", "content-type")
    )
    assert {("desk", "lab")} == {
        (span.resource["service.name"], span.resource["deployment.environment"]) for span in stub.spans
    }


@pytest.mark.parametrize(
    ("named", "wanted"),
    [
        ({"TRACES_ENDPOINT": "/t/v1/traces"}, {"/t/v1/traces"}),
        ({"TRACES_ENDPOINT": "/t", "LOGS_ENDPOINT": "/l"}, {"/t", "/l"}),
    ],
)
async def test_logs_go_where_the_environment_wants_them(world, stub: Stub, monkeypatch, named, wanted) -> None:
    for name, path in named.items():
        monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{name}", f"{stub.url}{path}")
    await exported(world, True)

    assert wanted == {asked.path for asked in stub.requests}


async def test_an_address_that_is_given_gets_none_of_the_environments_headers(world, stub: Stub, monkeypatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=secret of another backend")
    await exported(world, Export.otlp(stub.url, headers={"x-team": "two"}))

    headers = stub.requests[0].headers
    assert ("two", None) == (headers["x-team"], headers.get("authorization"))
    assert {"spanwright"} == {span.resource["service.name"] for span in stub.spans}


@pytest.mark.parametrize(("name", "text"), [("PROTOCOL", "grpc"), ("COMPRESSION", "zstd"), ("TIMEOUT", "soon")])
async def test_an_environment_that_asks_for_what_we_cannot_do_is_refused_at_once(
    world, monkeypatch, name, text
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{name}", text)

    with pytest.raises(UsageError, match=text):
        await exported(world, True)
    assert 0 == world.task.requests


def test_an_address_without_a_scheme_is_refused() -> None:
    with pytest.raises(UsageError, match="Begin it with http"):
        Export.mlflow("localhost:5000")


async def test_off_unless_asked_for(world, stub: Stub, monkeypatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", stub.url)
    await exported(world, False)

    assert [] == stub.requests


async def test_a_provider_that_is_in_place_exports_the_run_too(world, stub: Stub, monkeypatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", stub.url)
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    result = await exported(world, True)

    spans = exporter.get_finished_spans()
    names = Counter(span.name for span in spans)
    assert (1, 2 * result.rollouts) == (names["run"], names["rollout"])
    roots = {span.context.span_id for span in spans if span.name == "rollout" and span.parent is None}
    assert {span.parent.span_id for span in spans if span.name == "invoke_agent speaker"} == roots
    assert {provider.resource} == {span.resource for span in spans}
    assert [] == stub.requests
    assert () == result.remarks


async def test_a_span_processor_that_raises_is_a_remark(world, monkeypatch) -> None:
    class Strict(SpanProcessor):
        """Counts on having seen the start of what ends."""

        def __init__(self) -> None:
            self.started: set[int] = set()

        def on_start(self, span, parent_context=None) -> None:
            self.started.add(span.context.span_id)

        def on_end(self, span) -> None:
            self.started.remove(span.context.span_id)

    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(Strict())
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    result = await exported(world, True)

    assert result.complete
    (remark,) = result.remarks
    assert remark.startswith("export: your span processors took ")
    assert "of the run's spans with KeyError" in remark


async def test_logfire_exports_the_run_too_where_it_is_configured(world, monkeypatch) -> None:
    exporter = InMemorySpanExporter()
    configured = logfire.configure(
        local=True,
        send_to_logfire=False,
        console=False,
        metrics=False,
        additional_span_processors=[BatchSpanProcessor(exporter)],
    )
    monkeypatch.setattr(trace, "get_tracer_provider", configured.config.get_tracer_provider)
    result = await exported(world, True)
    configured.force_flush()

    spans = exporter.get_finished_spans()
    names = Counter(span.name for span in spans if span.attributes.get("logfire.span_type") != "pending_span")
    assert (1, 2 * result.rollouts) == (names["run"], names["rollout"])
    (run,) = [span for span in spans if span.name == "run"]
    assert result.best.id == run.attributes["gen_ai.prompt.version"]


async def test_a_sampler_that_drops_our_spans_drops_the_run_and_says_so(world, monkeypatch) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    result = await exported(world, True)

    assert () == exporter.get_finished_spans()
    assert "your sampler drops spans" in result.remarks[0]


async def test_scores_become_assessments_of_mlflow(world, stub: Stub) -> None:
    found = b'{"experiment": {"experiment_id": "7"}}'
    stub.answers = [(400, b"it exists"), (200, found)]
    result = await exported(world, Export.mlflow(stub.url, "desk", headers={"x-team": "two"}))

    made, looked, *others = stub.requests
    assert ("/api/2.0/mlflow/experiments/create", b'{"name":"desk"}') == (made.path, made.body)
    assert "/api/2.0/mlflow/experiments/get-by-name?experiment_name=desk" == looked.path
    sent = [asked for asked in others if asked.path == "/v1/traces"]
    assert {("7", "two")} == {(asked.headers["x-mlflow-experiment-id"], asked.headers["x-team"]) for asked in sent}
    assessed = [asked for asked in others if asked.path.endswith("/assessments")]
    roots = {span.trace for span in stub.named("rollout") if not span.parent}
    paths = Counter(asked.path.split("/")[5] for asked in assessed)
    for span in (span for span in stub.named("rollout") if not span.parent):
        asked, answered = (json.loads(span.attributes[f"mlflow.span{side}"]) for side in ("Inputs", "Outputs"))
        assert span.attributes["spanwright.case"] == asked["case"]
        assert answered["output"].lower().removesuffix("!") == asked["input"]
    assert {3} == {paths[f"tr-{trace}"] for trace in roots}, "the score and both evaluators"
    assert sum(asked.path == "/v1/traces" for asked in others[: len(sent)]) == len(sent), "no span waits for a score"
    assert () == result.remarks


async def test_scores_become_annotations_of_phoenix(world, stub: Stub) -> None:
    await exported(world, Export.phoenix(stub.url, "desk"))

    annotated = [asked for asked in stub.requests if asked.path == "/v1/span_annotations?sync=false"]
    data = [each for asked in annotated for each in json.loads(asked.body)["data"]]
    roots = {span.id: span for span in stub.named("rollout") if not span.parent}
    scores = {each["span_id"]: each["result"] for each in data if each["name"] == "score"}
    assert roots.keys() == scores.keys()
    assert {id: span.attributes["spanwright.score"] for id, span in roots.items()} == {
        id: result["score"] for id, result in scores.items()
    }
    assert {"desk"} == {asked.headers["x-project-name"] for asked in stub.requests if asked.path == "/v1/traces"}
    assert {"desk"} == {span.resource["openinference.project.name"] for span in stub.spans}
    said = {(span.attributes["input.value"], span.attributes["output.value"]) for span in roots.values()}
    assert {f"word{n}" for n in range(40)} >= {asked for asked, _ in said} != set()
    assert all(answer.lower().removesuffix("!") == asked for asked, answer in said)
    assert not [asked for asked in stub.requests if asked.path.endswith("/v1/logs")], "Phoenix takes none"
    assert {"CHAIN"} == {span.attributes["openinference.span.kind"] for span in roots.values()}
