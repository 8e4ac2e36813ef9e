"""What a backend gets of a run: its tree, its scores, its links, whatever process tells them."""

import json
from collections import Counter

from api_world import words
from exported_run import EVALUATION, Told, events_of, exported, of_run
from otlp_stub import Stub, body_of
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
    Run,
    Stop,
    optimize,
)
from spanwright.core.events import AttemptStarted, Judged, ReflectionEnded, RolloutEnded, RunEnded, RunStarted
from spanwright.telemetry import current_provider
from spanwright.telemetry.logged import with_events
from spanwright.telemetry.otlp import decode_logs_protobuf, decode_protobuf

MESSAGES = ("gen_ai.input.messages", "gen_ai.output.messages")


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


def test_scores_are_log_records_too_on_the_same_span_at_the_same_time(told: Told) -> None:
    stub, world = told.stub, told.world

    sent = [
        event for asked in stub.requests if asked.path == "/v1/logs" for event in decode_logs_protobuf(body_of(asked))
    ]
    spans = (span for asked in stub.requests if asked.path == "/v1/traces" for span in decode_protobuf(body_of(asked)))
    with_their_own = {span.span_id: span for span in spans if span.events}
    assert len(sent) == sum(len(span.events) for span in with_their_own.values())
    whole, lost = with_events(with_their_own.values(), sent)
    assert 0 == lost
    assert [len(span.events) for span in with_their_own.values()] == [len(span.events) for span in whole], "once each"
    scores = {event.rollout.trace_id: event.rollout.score.value for event in events_of(world, RolloutEnded)}
    assert scores == {
        event.trace_id: event.attributes["gen_ai.evaluation.score.value"]
        for event in sent
        if event.attributes["gen_ai.evaluation.name"] == "score"
    }


def test_the_root_of_a_rollout_shows_what_went_in_and_what_came_out(told: Told) -> None:
    for root in (span for span in told.stub.named("rollout") if not span.parent):
        (asked,), (answered,) = (json.loads(str(root.attributes[key])) for key in MESSAGES)
        assert ("user", "assistant") == (asked["role"], answered["role"])
        word, answer = asked["parts"][0]["content"], answered["parts"][0]["content"]
        assert str(root.attributes["spanwright.case"]).replace("w", "word") == word
        assert word == answer.lower().removesuffix("!")


def test_a_rollout_and_its_place_in_the_run_are_linked_both_ways(told: Told) -> None:
    stub = told.stub

    run = {span.id: span for span in of_run(stub)}
    roots = {(span.trace, span.id): span for span in stub.named("rollout") if not span.parent}
    for span in run.values():
        if span.name == "rollout":
            (link,) = span.links
            said = {key: text for key, text in roots[link].attributes.items() if key not in MESSAGES}
            assert span.attributes == said
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

    options = world.options(rollouts=70)
    run = Run(name="first", progress=False, export=Export.otlp(stub.url), observers=[watch])
    paused = await optimize(world.agent, words(30), **{**options, "run": run}, stop=stop)
    before = len(stub.requests)
    result = await exported(world, Export.otlp(stub.url), rollouts=70)

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
    options = {**world.options(rollouts=70), "reflection_model": Thinker()}
    run = Run(name="first", progress=False, export=Export.otlp(stub.url))
    await optimize(world.agent, words(30), **{**options, "run": run})

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
    evals = words(30)
    evals.add_evaluator(LLMJudge(rubric="Polite.", model=FunctionModel(verdict)))
    options = {**world.options(rollouts=70), "run": Run(name="first", progress=False, export=Export.otlp(stub.url))}
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

    options = {**world.options(rollouts=70), "run": Run(name="first", progress=False, export=Export.otlp(stub.url))}
    await optimize(agent, words(30), **options)

    failed = [event.rollout for event in events_of(world, RolloutEnded) if event.rollout.failure]
    roots = {span.trace: span for span in stub.named("rollout") if not span.parent}
    assert failed
    for rollout in failed:
        root = roots[rollout.trace_id]
        assert f"{rollout.failure.boundary}: {rollout.failure.message}" == root.error
        assert "failed" == root.events[0][1]["gen_ai.evaluation.score.label"]
        assert rollout.failure.blame.value == root.attributes["spanwright.blame"]
