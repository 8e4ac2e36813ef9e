"""Judges that ask a model: their requests are retried and counted, and their prompts are never components."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import anyio
import pytest
from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart
from pydantic_ai.models import Model
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_evals import Case as TheirCase
from pydantic_evals import Dataset
from pydantic_evals.evaluators import Evaluator, EvaluatorContext, LLMJudge, llm_as_a_judge
from pydantic_evals.evaluators.llm_as_a_judge import set_default_judge_model

from spanwright.core.candidate import Candidate
from spanwright.core.score import Score
from spanwright.core.trace import Trace
from spanwright.errors import UsageError, UserBug, WorldFailed
from spanwright.subject import Scoring, eval_set, optimizable, wearing
from spanwright.telemetry import SpanRecorder


@dataclass
class Judging:
    """A judge's model: it fails as often as it was told, then passes what it sees."""

    failures: int = 0
    status: int = 503
    asked: int = 0

    @property
    def model(self) -> FunctionModel:
        return FunctionModel(self.reply)

    async def reply(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        self.asked += 1
        if self.asked <= self.failures:
            raise ModelHTTPError(status_code=self.status, model_name="judge", body=None)
        verdict = {"reason": "well said", "pass": True, "score": 1.0}
        return ModelResponse(parts=[ToolCallPart(info.output_tools[0].name, verdict)])


@dataclass
class Asks(Evaluator[Any, Any, Any]):
    """A judge of the user's own."""

    model: Model
    limit: int = 3

    async def evaluate(self, ctx: EvaluatorContext[Any, Any, Any]) -> bool:
        return bool(
            (await Agent(self.model, name="judge", output_type=llm_as_a_judge.GradingOutput).run("judge")).output
        )


@dataclass
class Named(Evaluator[Any, Any, Any]):
    """An evaluator whose `model` is none of ours."""

    model: str = "my-embedding-model"

    def evaluate(self, ctx: EvaluatorContext[Any, Any, Any]) -> bool:
        return self.model == "my-embedding-model"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(anyio, "sleep", sleep)
    return waited


@pytest.fixture
def default_judge() -> Iterator[None]:
    before = llm_as_a_judge._default_model  # noqa: SLF001  (there is no public way to put it back)
    yield
    set_default_judge_model(before)


def scoring(*evaluators: Evaluator[Any, Any, Any]) -> Scoring:
    cases = [TheirCase(name=name, inputs="in") for name in ("one", "two")]
    return Scoring(eval_set(Dataset(name="evals", cases=cases, evaluators=list(evaluators))), None)


async def scored(made: Scoring) -> tuple[Score, Trace]:
    case = next(iter(made._evals.splits))  # noqa: SLF001  (any case will do)
    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as recording:
            score = await made(case, "out", Trace())
    return score, recording.trace


@pytest.mark.parametrize("judge", [lambda model: LLMJudge(rubric="Polite.", model=model), Asks])
async def test_a_judges_requests_are_retried_and_counted(judge, no_waiting: list[float]) -> None:
    judging = Judging(failures=2)
    made = scoring(judge(judging.model))

    score, trace = await scored(made)

    assert 1.0 == score.value
    assert 3 == judging.asked
    assert 2 == len(no_waiting)
    assert 1 == trace.usage.requests
    assert trace.usage.input_tokens > 0


async def test_the_reason_of_a_judge_is_feedback() -> None:
    score, _ = await scored(scoring(LLMJudge(rubric="Polite.", model=Judging().model)))

    assert "LLMJudge: passed. well said" == score.feedback


async def test_a_judge_without_a_model_asks_the_default_one_counted(default_judge: None) -> None:
    judging = Judging()
    set_default_judge_model(judging.model)

    _, trace = await scored(scoring(LLMJudge(rubric="Polite.")))

    assert 1 == judging.asked
    assert 1 == trace.usage.requests


async def test_an_outage_of_a_judge_is_the_worlds_and_its_settings_are_the_users() -> None:
    with pytest.raises(WorldFailed, match="evaluator LLMJudge: status_code: 503"):
        await scored(scoring(LLMJudge(rubric="Polite.", model=Judging(failures=99).model)))
    with pytest.raises(WorldFailed, match="evaluator Asks"):
        await scored(scoring(Asks(Judging(failures=99, status=429).model)))
    with pytest.raises(UserBug, match="model settings failed: status_code: 401"):
        await scored(scoring(LLMJudge(rubric="Polite.", model=Judging(failures=99, status=401).model)))


async def test_a_judge_never_wears_and_leaves_no_component() -> None:
    judging = Judging()
    judge = optimizable(Agent(judging.model, name="judge", instructions="Judge.", output_type=bool))

    @dataclass
    class Decorated(Evaluator[Any, Any, Any]):
        async def evaluate(self, ctx: EvaluatorContext[Any, Any, Any]) -> bool:
            with judge.override(model=FunctionModel(told)):
                return (await judge.run("x")).output

    async def told(_messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        right = info.instructions == "Judge."
        return ModelResponse(parts=[ToolCallPart(info.output_tools[0].name, {"response": right})])

    with wearing(Candidate(texts={"judge/instructions": "Say yes."})):
        score, trace = await scored(scoring(Decorated()))

    assert 1.0 == score.value
    assert frozenset() == trace.components
    assert 1 == trace.usage.requests


def test_the_models_of_judges_are_known_before_money_is_spent() -> None:
    judging = Judging().model
    made = scoring(LLMJudge(rubric="Polite.", model=judging), Named(), Asks(judging))

    assert {"LLMJudge": judging, "Asks": judging} == made.models


def test_a_judge_whose_model_does_not_resolve_is_refused() -> None:
    with pytest.raises(UsageError, match="the model 'nope:judge' does not resolve"):
        scoring(LLMJudge(rubric="Polite.", model="nope:judge"))


async def test_an_evaluator_with_a_model_that_is_none_of_ours_is_left_alone() -> None:
    evaluator = Named()
    made = scoring(evaluator)

    score, _ = await scored(made)

    assert 1.0 == score.value
    assert (evaluator,) == made.evaluators


async def test_the_users_own_evaluator_is_not_changed() -> None:
    model = Judging().model
    evaluator = Asks(model, limit=5)

    await scored(scoring(evaluator))

    assert evaluator.model is model
