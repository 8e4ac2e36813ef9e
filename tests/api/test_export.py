"""A run is exported to a backend on the loopback: what arrives there, and that a bad backend costs a run nothing."""

import asyncio
import json
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass

import anyio
import logfire
import pytest
from api_world import World, words
from opentelemetry import trace
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from otlp_stub import Seen, Stub, serving, spans_of
from pydantic_ai import Agent, InstrumentationSettings
from pydantic_ai.capabilities import Instrumentation
from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.test import TestModel
from pydantic_evals.evaluators import LLMJudge

from spanwright import (
    Event,
    Export,
    Proposal,
    Reflection,
    Result,
    Run,
    SqliteStore,
    Stop,
    UsageError,
    UserBug,
    optimize,
)
from spanwright.core.events import AttemptStarted, Judged, ReflectionEnded, RolloutEnded, RunEnded, RunStarted
from spanwright.telemetry import current_provider

EVALUATION = "gen_ai.evaluation.result"


@pytest.fixture(autouse=True)
def no_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every test start in a process without a tracer provider, and without variables that name an endpoint."""
    monkeypatch.setattr(trace, "get_tracer_provider", trace.ProxyTracerProvider)
    for name in ("ENDPOINT", "TRACES_ENDPOINT", "HEADERS", "TRACES_HEADERS", "PROTOCOL", "COMPRESSION", "TIMEOUT"):
        monkeypatch.delenv(f"OTEL_EXPORTER_OTLP_{name}", raising=False)


@pytest.fixture
def stub():
    with serving() as stub:
        yield stub


@dataclass(frozen=True)
class Told:
    """A run that was exported, for all those who look at it from one side each."""

    stub: Stub
    world: World
    result: Result


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory):
    world = World(tmp_path_factory.mktemp("told"))
    with serving() as stub, pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace, "get_tracer_provider", trace.ProxyTracerProvider)
        yield Told(stub, world, asyncio.run(exported(world, Export.otlp(stub.url), rollouts=120)))


@pytest.fixture(autouse=True)
def no_thread_is_left():
    """Wait for threads that were given up: their sockets would be found open in another test."""
    yield
    for thread in threading.enumerate():
        if thread.name == "spanwright-export":
            thread.join(5)


async def exported(world: World, export: Export | bool, *, rollouts: int = 90, **options) -> Result:
    common = {**world.options(rollouts=rollouts), **options}
    return await optimize(world.agent, words(40), **{**common, "run": Run(name="first", progress=False, export=export)})


def events_of(world: World, kind: type[Event]) -> list:
    return [event for event in SqliteStore(world.store).reader.events("first") if isinstance(event, kind)]


def of_run(stub: Stub) -> list[Seen]:
    """Return the spans of the run's own trace."""
    (root,) = stub.named("run")
    return [span for span in stub.spans if span.trace == root.trace]


def test_a_run_is_a_trace_of_its_attempts_reflections_and_rollouts(told: Told) -> None:
    stub, world, result = told.stub, told.world, told.result

    spans = {span.id: span for span in of_run(stub)}
    kinds = {id: span.name.split()[0] for id, span in spans.items()}
    tree = Counter((kinds[span.id], kinds.get(span.parent, "")) for span in spans.values())
    rollouts = [event.rollout for event in events_of(world, RolloutEnded)]
    within = sum(rollout.attempt is not None for rollout in rollouts)
    assert {
        ("run", ""): 1,
        ("attempt", "run"): len(events_of(world, AttemptStarted)),
        ("reflection", "attempt"): result.reflections,
        ("rollout", "attempt"): within,
        ("rollout", "run"): result.rollouts - within,
    } == tree
    assert () == result.remarks


def test_a_rollouts_trace_has_a_root_of_ours_and_the_agents_spans_below_it(told: Told) -> None:
    stub, world = told.stub, told.world

    traces = {event.rollout.trace_id: event.rollout for event in events_of(world, RolloutEnded)}
    roots = {span.trace: span for span in stub.named("rollout") if not span.parent}
    assert traces.keys() == roots.keys()
    for span in stub.named("invoke_agent speaker"):
        assert roots[span.trace].id == span.parent
    for id, rollout in traces.items():
        said = roots[id].attributes
        assert rollout.key.case == said["spanwright.case"]
        assert rollout.key.candidate == said["spanwright.candidate"] == said["gen_ai.prompt.version"]
        assert "speaker" == said["gen_ai.prompt.name"]
        assert (rollout.purpose.value, str(rollout.number)) == (said["spanwright.purpose"], said["spanwright.rollout"])
        assert rollout.score.value == said["spanwright.score"]
        assert (round(rollout.started, 5), round(rollout.ended, 5)) == (
            round(roots[id].started / 1e9, 5),
            round(roots[id].ended / 1e9, 5),
        )


def test_model_calls_bear_the_candidate_as_the_version_of_their_prompt(told: Told) -> None:
    stub, world = told.stub, told.world

    worn = {event.rollout.trace_id: event.rollout.key.candidate for event in events_of(world, RolloutEnded)}
    chats = stub.named("chat obedient")
    assert chats
    assert {("speaker", worn[span.trace]) for span in chats} == {
        (span.attributes["gen_ai.prompt.name"], span.attributes["gen_ai.prompt.version"]) for span in chats
    }
    assert all(span.attributes["gen_ai.usage.input_tokens"] for span in chats)


def test_scores_are_evaluation_events_with_a_reason_and_each_evaluators_figure(told: Told) -> None:
    stub, world = told.stub, told.world

    scores = {event.rollout.trace_id: event.rollout.score for event in events_of(world, RolloutEnded)}
    for root in (span for span in stub.named("rollout") if not span.parent):
        told = {event["gen_ai.evaluation.name"]: event for name, event in root.events if name == EVALUATION}
        score = scores[root.trace]
        assert {"score": score.value, **score.objectives} == {
            name: event["gen_ai.evaluation.score.value"] for name, event in told.items()
        }
        assert score.feedback == told["score"]["gen_ai.evaluation.explanation"]


def test_a_rollout_and_its_place_in_the_run_are_linked_both_ways(told: Told) -> None:
    stub = told.stub

    run = {span.id: span for span in of_run(stub)}
    roots = {(span.trace, span.id): span for span in stub.named("rollout") if not span.parent}
    for span in run.values():
        if span.name == "rollout":
            (link,) = span.links
            assert span.attributes == roots[link].attributes
            assert [(span.trace, span.parent)] == roots[link].links


def test_an_attempt_tells_its_parent_its_child_and_the_verdict(told: Told) -> None:
    stub, world = told.stub, told.world

    told = {span.attributes["spanwright.attempt"]: span for span in of_run(stub) if span.name.startswith("attempt")}
    for event in events_of(world, Judged):
        said = told[event.attempt].attributes
        assert event.child.id == said["spanwright.child"] == said["gen_ai.prompt.version"]
        assert event.proposal.parents[0] == said["spanwright.parent"]
        assert (event.verdict.accepted, event.verdict.reason) == (
            said["spanwright.admitted"],
            said["spanwright.reason"],
        )


def test_the_run_tells_its_winner_and_what_it_scored(told: Told) -> None:
    stub, world, result = told.stub, told.world, told.result

    (run,) = stub.named("run")
    figures = {event["gen_ai.evaluation.name"]: event["gen_ai.evaluation.score.value"] for _, event in run.events}
    assert ("first", True, result.best.id) == tuple(
        run.attributes[f"spanwright.{key}"] for key in ("run", "complete", "winner")
    )
    assert result.stop_reason.value == run.attributes["spanwright.stop_reason"]
    assert (result.seed_test, result.best_test) == (figures["seed test"], figures["winner test"])
    assert (result.usage.input_tokens, result.usage.requests) == (
        run.attributes["spanwright.input_tokens"],
        run.attributes["spanwright.requests"],
    )
    (started,), (ended,) = events_of(world, RunStarted), events_of(world, RunEnded)
    assert (int(started.at * 1000), int(ended.at * 1000)) == (run.started // 10**6, run.ended // 10**6)


async def test_a_run_that_is_resumed_goes_on_in_the_same_trace_and_tells_nothing_twice(world, stub: Stub) -> None:
    stop = Stop()
    seen: list[Event] = []

    def watch(event: Event) -> None:
        seen.append(event)
        if isinstance(event, ReflectionEnded):
            stop.request()

    options = world.options(rollouts=90)
    run = Run(name="first", progress=False, export=Export.otlp(stub.url), observers=[watch])
    paused = await optimize(world.agent, words(40), **{**options, "run": run}, stop=stop)
    before = len(stub.requests)
    result = await exported(world, Export.otlp(stub.url), rollouts=90)

    assert (False, True) == (paused.complete, result.complete)
    assert 0 < before < len(stub.requests)
    runs = stub.named("run")
    assert [False, True] == [span.attributes["spanwright.complete"] for span in runs]
    assert 1 == len({(span.trace, span.id, span.started) for span in runs})
    others = Counter((span.trace, span.id) for span in stub.spans if span.name != "run")
    assert {1} == set(others.values())
    assert result.rollouts == sum(span.name == "rollout" and not span.parent for span in stub.spans)
    attempts = Counter(span.name for span in stub.spans if span.name.startswith("attempt"))
    assert set(attempts.values()) == {1}
    assert len(events_of(world, AttemptStarted)) == len(attempts)


async def test_a_finished_run_that_is_asked_for_again_sends_nothing(world, stub: Stub) -> None:
    await exported(world, False)
    await exported(world, Export.otlp(stub.url))

    assert [] == stub.requests


class Thinker:
    """A reflector that asks a model."""

    async def reflect(self, context):

        settings = InstrumentationSettings(tracer_provider=current_provider())  # as ModelReflector's calls are
        await Agent(TestModel(), name="thinker", capabilities=[Instrumentation(settings=settings)]).run("think")
        edits = {context.components[0].id: f"Answer in capital letters, {context.attempt}."}
        return Reflection(result=Proposal(parents=(context.parent.id,), edits=edits))


async def test_a_reflections_model_calls_are_a_trace_that_is_linked_with_its_place(world, stub: Stub) -> None:
    options = {**world.options(rollouts=90), "reflection_model": Thinker()}
    run = Run(name="first", progress=False, export=Export.otlp(stub.url))
    await optimize(world.agent, words(40), **{**options, "run": run})

    places = {(span.trace, span.links[0]): span for span in of_run(stub) if span.name == "reflection"}
    thoughts = stub.named("invoke_agent thinker")
    assert thoughts
    roots = {span.trace: span for span in stub.named("reflection") if not span.parent}
    assert all(roots[span.trace].id == span.parent for span in thoughts)
    assert {(root.trace, root.id) for root in roots.values()} == {link for _, link in places}


async def verdict(_messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    answer = {"reason": "because", "score": 1.0, "pass": True}
    return ModelResponse(parts=[ToolCallPart(info.output_tools[0].name, answer)])


async def test_a_judges_model_calls_are_a_trace_that_is_linked_with_the_rollout(world, stub: Stub) -> None:
    evals = words(40)
    evals.add_evaluator(LLMJudge(rubric="Polite.", model=FunctionModel(verdict)))
    options = {**world.options(rollouts=90), "run": Run(name="first", progress=False, export=Export.otlp(stub.url))}
    result = await optimize(world.agent, evals, **options)

    judges = {(span.trace, span.id): span for span in stub.named("judge")}
    roots = {(span.trace, span.id): span for span in stub.named("rollout") if not span.parent}
    assert result.rollouts == len(judges) == len(roots)
    for place, judge in judges.items():
        assert place in roots[judge.links[0]].links
    asked = [span for span in stub.spans if (span.trace, span.parent) in judges]
    assert len(judges) == len(asked)


async def test_a_failed_rollout_says_why_and_whose_fault_it_was(world, stub: Stub) -> None:
    agent = world.agent
    failing = 0

    @agent.output_validator
    def refuse(output: str) -> str:
        nonlocal failing
        failing += 1
        if failing % 5 == 0:
            raise ValueError("it is the fifth")
        return output

    options = {**world.options(rollouts=90), "run": Run(name="first", progress=False, export=Export.otlp(stub.url))}
    await optimize(agent, words(40), **options)

    failed = [event.rollout for event in events_of(world, RolloutEnded) if event.rollout.failure]
    roots = {span.trace: span for span in stub.named("rollout") if not span.parent}
    assert failed
    for rollout in failed:
        root = roots[rollout.trace_id]
        assert f"{rollout.failure.boundary}: {rollout.failure.message}" == root.error
        assert "failed" == root.events[0][1]["gen_ai.evaluation.score.label"]
        assert rollout.failure.blame.value == root.attributes["spanwright.blame"]


async def test_the_standard_variables_say_where_to_and_with_which_headers(world, stub: Stub, monkeypatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"{stub.url}/base/")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=we%20two,Authorization=Basic abc=")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "desk")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=lab")
    result = await exported(world, True)

    assert () == result.remarks
    assert {"/base/v1/traces"} == {asked.path for asked in stub.requests}
    headers = stub.requests[0].headers
    assert ("we two", "Basic abc=", "gzip", "application/x-protobuf") == tuple(
        headers[key] for key in ("x-team", "authorization", "content-encoding", "content-type")
    )
    assert {("desk", "lab")} == {
        (span.resource["service.name"], span.resource["deployment.environment"]) for span in stub.spans
    }


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


async def test_a_run_that_is_cancelled_is_left_at_once(world, stub: Stub) -> None:
    stub.silent = True
    cancelled: list[float] = []
    with anyio.CancelScope() as scope:

        def cancel(event: Event) -> None:
            if isinstance(event, Judged) and not cancelled:
                cancelled.append(time.monotonic())
                scope.cancel()

        run = Run(name="first", progress=False, export=Export.otlp(stub.url).waiting(60), observers=[cancel])
        await optimize(world.agent, words(40), **{**world.options(rollouts=90), "run": run})
    took = time.monotonic() - cancelled[0]
    stub.closed.set()

    assert scope.cancelled_caught
    assert took < 10


async def test_a_run_that_a_bug_ends_is_exported_as_far_as_it_came(world, stub: Stub) -> None:
    class Broken:
        async def reflect(self, context):
            raise RuntimeError("not today")

    options = {**world.options(rollouts=90), "reflection_model": Broken()}
    run = Run(name="first", progress=False, export=Export.otlp(stub.url))
    with pytest.raises(UserBug, match="not today"):
        await optimize(world.agent, words(40), **{**options, "run": run})

    (told,) = stub.named("run")
    assert told.attributes["spanwright.complete"] is False
    assert stub.named("rollout")


async def test_a_backend_that_is_busy_is_asked_again(world, stub: Stub) -> None:
    stub.answers = [(503, b"")]
    result = await exported(world, Export.otlp(stub.url))

    first, second, *_ = stub.requests
    assert [span.id for span in spans_of(first)] == [span.id for span in spans_of(second)]
    assert () == result.remarks


async def test_a_backend_that_refuses_is_named_with_its_answer(world, stub: Stub) -> None:
    stub.answers = [(401, b"no such token")] * 100
    result = await exported(world, Export.otlp(stub.url))

    (remark,) = result.remarks
    assert remark.startswith(f"export to {stub.url}/v1/traces: ")
    assert "spans were not delivered" in remark
    assert "HTTP 401 no such token" in remark
    assert remark.endswith("; 0 arrived")


async def test_a_dead_port_neither_fails_nor_holds_up_a_run(world) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    began = time.monotonic()
    result = await exported(world, Export.otlp(f"http://127.0.0.1:{port}").waiting(30))
    took = time.monotonic() - began

    assert result.complete
    (remark,) = result.remarks
    assert "spans were not delivered (ConnectError" in remark
    assert took < 30


async def test_a_backend_that_never_answers_holds_a_run_up_no_longer_than_it_may(world, stub: Stub, tmp_path) -> None:
    began = time.monotonic()
    await exported(World(tmp_path / "without"), False)
    without = time.monotonic() - began
    stub.silent = True
    began = time.monotonic()
    result = await exported(world, Export.otlp(stub.url).waiting(0.2))
    took = time.monotonic() - began
    stub.closed.set()

    assert result.complete
    (remark,) = result.remarks
    assert "spans were not delivered (the backend took longer than 0.2 s); 0 arrived" in remark
    assert took < 3 * without + 1.2


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
    assert {"CHAIN"} == {span.attributes["openinference.span.kind"] for span in roots.values()}


async def test_scores_that_a_backend_does_not_take_are_counted(world, stub: Stub) -> None:
    stub.answers = [(200, b""), (500, b"annotations are broken")] * 50
    result = await exported(world, Export.phoenix(stub.url, "desk"))

    (remark,) = result.remarks
    assert "scores were not written as the backend's own" in remark
    assert "HTTP 500 annotations are broken" in remark
