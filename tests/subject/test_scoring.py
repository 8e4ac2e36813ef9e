"""One score from what the user's evaluators say."""

import math
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import ToolCallPart
from pydantic_evals import Case as TheirCase
from pydantic_evals import Dataset
from pydantic_evals.evaluators import (
    EvaluationReason,
    Evaluator,
    EvaluatorContext,
    HasMatchingSpan,
    MaxModelRequests,
    MaxToolCalls,
    ToolCorrectness,
)

from spanwright.core.candidate import Candidate
from spanwright.core.score import Score
from spanwright.core.trace import ToolCall, Trace
from spanwright.errors import UsageError, UserBug
from spanwright.subject import Evals, Objective, Scoring, eval_set, optimizable, wearing, worn
from spanwright.telemetry import SpanRecorder


@dataclass
class Says(Evaluator[Any, Any, Any]):
    """Returns what it was made with."""

    value: Any

    def evaluate(self, ctx: EvaluatorContext[Any, Any, Any]) -> Any:
        return self.value


@dataclass
class Exact(Evaluator[Any, Any, Any]):
    """An assertion."""

    async def evaluate(self, ctx: EvaluatorContext[Any, Any, Any]) -> EvaluationReason:
        return EvaluationReason(ctx.output == ctx.expected_output, reason=f"should be {ctx.expected_output}")


class Raises(Exact):
    """A bug of the user's."""

    async def evaluate(self, ctx: EvaluatorContext[Any, Any, Any]) -> EvaluationReason:
        raise LookupError("no such order")


def scoring(*evaluators: Evaluator[Any, Any, Any], objective: Objective | None = None, **evals: Any) -> Scoring:
    cases = [TheirCase(name=name, inputs="in", expected_output="out", metadata={"n": 1}) for name in ("one", "two")]
    data = Dataset(name="evals", cases=cases, evaluators=list(evaluators)) if evaluators else cases
    return Scoring(eval_set(Evals(cases=data, **evals)), objective)


async def scored(made: Scoring, output: object = "out", trace: Trace | None = None) -> Score:
    case = next(iter(made._evals.splits))  # noqa: SLF001  (any case will do)
    return await made(case, output, trace or Trace())


async def test_the_score_is_the_mean_of_assertions_and_scores() -> None:
    made = scoring(Exact(), Says({"tone": 0.5, "speed": EvaluationReason(0.75, reason="slow"), "label": "blue"}))

    score = await scored(made)

    assert (1 + 0.5 + 0.75) / 3 == score.value
    assert {"Exact": 1.0, "tone": 0.5, "speed": 0.75} == score.objectives
    assert made.description.startswith("the mean of all figures that the feedback lists, from 0 to 1")


async def test_reasons_and_labels_are_the_feedback() -> None:
    score = await scored(scoring(Exact(), Says({"speed": EvaluationReason(0.75, reason="slow"), "label": "blue"})), "x")

    assert "Exact: failed. should be out\nspeed: 0.75. slow\nlabel: blue" == score.feedback


async def test_figures_of_one_name_are_all_counted() -> None:
    score = await scored(scoring(Says(1.0), Says(0.0), Says(0.5)))

    assert 0.5 == score.value
    assert {"Says": 1.0, "Says_2": 0.0, "Says_3": 0.5} == score.objectives
    assert ["Says: 1.0", "Says_2: 0.0", "Says_3: 0.5"] == score.feedback.splitlines()


async def test_a_cases_own_evaluators_judge_it_with_the_datasets() -> None:
    case = TheirCase(name="one", inputs="in", evaluators=(Says({"own": 0.0}),))
    other = TheirCase(name="two", inputs="in")
    data = Dataset(name="evals", cases=[case, other], evaluators=[Says({"all": 1.0})])
    found = eval_set(data)
    made = Scoring(found, None)

    scores = {case.id: await made(case, "out", Trace()) for case in found.splits}

    assert {"own": 0.0, "all": 1.0} == scores["one"].objectives
    assert {"all": 1.0} == scores["two"].objectives
    assert 2 == len(made.evaluators)


async def test_figures_outside_of_0_to_1_need_an_objective_and_are_named() -> None:
    made = scoring(Says({"rating": 4, "seconds": 2.5, "right": True}))

    with pytest.raises(UsageError) as refused:
        await scored(made)

    assert "the evaluators returned figures outside of 0 to 1: rating, seconds" == refused.value.what
    assert "rating = 4, right = 1, seconds = 2.5" in refused.value.remedy


async def test_an_objective_chooses_a_figure_by_name() -> None:
    made = scoring(Says({"rating": 4, "seconds": 2.5}), objective="rating")

    assert 4.0 == (await scored(made)).value
    assert {"rating": 4.0, "seconds": 2.5} == (await scored(made)).objectives
    assert "the figure 'rating', higher is better" == made.description


async def test_an_objective_that_no_evaluator_returns_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"no evaluator returned 'ratng'.*rating = 4"):
        await scored(scoring(Says({"rating": 4}), objective="ratng"))


async def test_an_objective_can_be_computed() -> None:
    made = scoring(
        Says({"rating": 4, "seconds": 2.5}), objective=lambda figures: figures["rating"] - figures["seconds"]
    )

    assert 1.5 == (await scored(made)).value
    assert "computed from the figures that the feedback lists, higher is better" == made.description


async def test_an_objective_that_fails_is_the_users_bug() -> None:
    with pytest.raises(UserBug, match="the objective failed: KeyError: 'speed'"):
        await scored(scoring(Says({"rating": 4}), objective=lambda figures: figures["speed"]))


@pytest.mark.parametrize("value", ["blue", {}, {"label": "blue"}])
async def test_evaluators_that_return_no_figure_are_the_users_bug(value: object) -> None:
    with pytest.raises(UserBug, match="returned nothing finite"):
        await scored(scoring(Says(value)))


@pytest.mark.parametrize("value", [math.nan, math.inf, {"a": math.nan}, EvaluationReason(math.nan), object()])
async def test_a_figure_that_is_not_finite_names_its_evaluator(value: object) -> None:
    with pytest.raises(UserBug, match=r"the evaluator 'Says' failed: .*invalid type"):
        await scored(scoring(Exact(), Says(value)))


async def test_an_evaluator_that_raises_is_the_users_bug_with_its_name() -> None:
    with pytest.raises(UserBug, match="the evaluator 'Raises' failed: LookupError: no such order") as bug:
        await scored(scoring(Exact(), Raises()))

    assert isinstance(bug.value.__cause__, LookupError)


async def test_a_metric_may_return_a_number_or_a_score_and_may_be_async() -> None:
    seen: list[tuple[object, ...]] = []

    def number(case: object, output: object, trace: Trace) -> float:
        seen.append((case, output, trace))
        return 1

    async def feedback(case: object, output: object, trace: Trace) -> Score:
        return Score(value=0.25, feedback="because")

    trace = Trace(tool_calls=(ToolCall(span_id="1", name="find"),))
    made = scoring(metric=number)

    assert Score(value=1.0) == await scored(made, "out", trace)
    assert Score(value=0.25, feedback="because") == await scored(scoring(metric=feedback))
    ((case, output, seen_trace),) = seen
    assert isinstance(case, TheirCase)
    assert ("out", trace) == (output, seen_trace)
    assert "the figure of a metric, from 0 to 1" == made.description
    assert (number,) == made.evaluators


async def test_a_metric_on_a_scale_of_its_own_needs_an_objective() -> None:
    def stars(case: object, output: object, trace: Trace) -> Score:
        return Score(value=4, feedback="good", objectives={"calls": 3})

    with pytest.raises(UsageError, match="the metric returned 4, which is outside of 0 to 1"):
        await scored(scoring(metric=stars))

    assert 4.0 == (await scored(scoring(metric=stars, objective="metric"))).value
    assert 3.0 == (await scored(scoring(metric=stars, objective="calls"))).value
    computed = await scored(scoring(metric=stars, objective=lambda figures: figures["metric"] - figures["calls"]))
    assert (1.0, "good", {"calls": 3}) == (computed.value, computed.feedback, computed.objectives)


@pytest.mark.parametrize("answer", [None, "1", [1]])
async def test_a_metric_that_returns_something_else_is_the_users_bug(answer: object) -> None:
    with pytest.raises(UserBug, match=r"the metric failed: it returned .*, not a number or a Score"):
        await scored(scoring(metric=lambda *_: answer))


async def test_a_metric_that_raises_is_the_users_bug() -> None:
    def broken(*_: object) -> float:
        raise LookupError("no such order")

    with pytest.raises(UserBug, match="the metric failed: LookupError: no such order"):
        await scored(scoring(metric=broken))


async def test_evaluators_run_bare_and_what_they_see_is_the_users_own() -> None:
    seen: list[object] = []

    @dataclass
    class Looks(Evaluator[Any, Any, Any]):
        def evaluate(self, ctx: EvaluatorContext[Any, Any, Any]) -> bool:
            seen.extend((worn(), ctx.name, ctx.inputs, ctx.expected_output, ctx.metadata, ctx.output))
            return True

    made = scoring(Looks())
    with wearing(Candidate(texts={"a/instructions": "I"})):
        await scored(made, ["an", "object"])

    nothing, name, *rest = seen
    assert nothing is None
    assert name in {"one", "two"}
    assert ["in", "out", {"n": 1}, ["an", "object"]] == rest


async def test_evaluators_that_ask_spans_are_answered_by_our_traces(mirror) -> None:
    mirror.calls = (ToolCallPart("find", {"query": "x"}), ToolCallPart("find", {"query": "y"}))
    agent = optimizable(Agent(mirror.model, name="support"))

    @agent.tool_plain
    def find(query: str) -> str:
        """Find."""
        return query

    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as recording:
            await agent.run("x")

    score = await scored(
        scoring(
            HasMatchingSpan({"name_contains": "invoke_agent"}, evaluation_name="ran"),
            HasMatchingSpan({"has_attributes": {"gen_ai.tool.name": "refund"}}, evaluation_name="refunded"),
            HasMatchingSpan({"name_equals": "execute_tool find", "min_depth": 1}, evaluation_name="inside"),
            ToolCorrectness(expected_tools=["find", "find"]),
            MaxToolCalls(1),
            MaxModelRequests(3),
        ),
        "done",
        recording.trace,
    )

    assert {"ran": 1.0, "refunded": 0.0, "inside": 1.0} == {
        name: figure for name, figure in score.objectives.items() if name in {"ran", "refunded", "inside"}
    }
    assert 1.0 == score.objectives["ToolCorrectness"]
    assert 0.0 == next(figure for name, figure in score.objectives.items() if "MaxToolCalls" in name)
    assert 1.0 == next(figure for name, figure in score.objectives.items() if "MaxModelRequests" in name)


async def test_duration_and_metrics_come_from_the_trace(mirror) -> None:
    seen: list[EvaluatorContext[Any, Any, Any]] = []

    @dataclass
    class Looks(Evaluator[Any, Any, Any]):
        def evaluate(self, ctx: EvaluatorContext[Any, Any, Any]) -> bool:
            seen.append(ctx)
            return True

    agent = optimizable(Agent(mirror.model, name="support"))
    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as recording:
            await agent.run("x")
    await scored(scoring(Looks()), "done", recording.trace)

    (context,) = seen
    assert 0 < context.duration < 10
    assert 1 == context.metrics["requests"]
    assert context.metrics["input_tokens"] > 0
    assert "cost" not in context.metrics, "the price of a function is not known"
