"""The user's evaluators, asked such that their models' requests are counted and their errors come back whole."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, TypeAlias

from pydantic_ai.models import Model
from pydantic_evals.evaluators import (
    EvaluationResult,
    Evaluator,
    EvaluatorContext,
    EvaluatorOutput,
    EvaluatorSpec,
    GEval,
    LLMJudge,
    llm_as_a_judge,
)
from pydantic_evals.online import run_evaluators

from spanwright.errors import SpanwrightError, UserBug, WorldFailed
from spanwright.models import JudgeModel, classified, resolve
from spanwright.subject.evals import EvalSet

AnyEvaluator: TypeAlias = Evaluator[Any, Any, Any]
AnyContext: TypeAlias = EvaluatorContext[Any, Any, Any]


class Judges:
    """The evaluators of each case. Making them raises UsageError for a judge whose model does not resolve."""

    def __init__(self, evals: EvalSet) -> None:
        self._evals = evals
        made: dict[int, AnyEvaluator] = {id(each): _counted(each) for each in self.all}
        self._by_case: Mapping[str, Sequence[AnyEvaluator]] = {
            case: [made[id(each)] for each in _evaluators(evals, case)] for case in evals.theirs
        }
        self._made = tuple(made.values())

    @property
    def all(self) -> Sequence[AnyEvaluator]:
        """Every evaluator once, as the user made it."""
        each_case = [_evaluators(self._evals, case) for case in self._evals.theirs]
        return tuple({id(each): each for evaluators in each_case for each in evaluators}.values())

    @property
    def models(self) -> Mapping[str, Model]:
        """The models that will be asked, by the judges' names."""
        asked = {each.get_default_evaluation_name(): getattr(each, "model", None) for each in self._made}
        return {name: model.wrapped for name, model in asked.items() if isinstance(model, JudgeModel)}

    async def ask(self, case: str, context: AnyContext) -> list[EvaluationResult[Any]]:
        """Return what a case's evaluators say. Raises UserBug for their errors, WorldFailed for a judge's model."""
        watched = [_Watched(each) for each in self._by_case[case]]
        results, failures = await run_evaluators(watched, context)
        for failure in failures:
            alike = (each.error for each in watched if each.get_default_evaluation_name() == failure.name)
            raised = next((error for error in alike if error is not None), None)
            raise _failed(failure.name, failure.error_message, raised) from raised
        return results


@dataclass
class _Watched(Evaluator[Any, Any, Any]):
    """Stands in for an evaluator and keeps what it raised: pydantic-evals passes on no more than the text of it."""

    evaluator: AnyEvaluator
    error: Exception | None = field(default=None, init=False)

    async def evaluate(self, ctx: AnyContext) -> EvaluatorOutput:
        try:
            return await self.evaluator.evaluate_async(ctx)
        except Exception as error:
            self.error = error
            raise

    def get_default_evaluation_name(self) -> str:
        return self.evaluator.get_default_evaluation_name()

    def get_evaluator_version(self) -> str | None:
        return self.evaluator.get_evaluator_version()

    def as_spec(self) -> EvaluatorSpec:
        return self.evaluator.as_spec()


def _failed(name: str, message: str, raised: Exception | None) -> SpanwrightError:
    if raised is not None:
        found = classified(raised, f"evaluator {name}")
        if isinstance(found, WorldFailed):
            return WorldFailed(f"evaluator {name}", found.message, retry_after=found.retry_after)
        if isinstance(found, UserBug):
            return found
    return UserBug(f"the evaluator {name!r}", message)


def _evaluators(evals: EvalSet, case: str) -> Sequence[AnyEvaluator]:
    dataset = evals.datasets.get(case)
    return (*evals.theirs[case].evaluators, *(() if dataset is None else dataset.evaluators))


def _counted(evaluator: AnyEvaluator) -> AnyEvaluator:
    """Return a judge whose model's requests are retried and counted; any other evaluator as it is."""
    if not is_dataclass(evaluator) or all(field.name != "model" for field in fields(evaluator)):
        return evaluator
    model: Model | str | None = getattr(evaluator, "model", None)
    if isinstance(evaluator, LLMJudge | GEval):
        # pydantic-evals has no other way to ask for the default that `set_default_judge_model` sets.
        model = resolve(model or llm_as_a_judge._default_model)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    if not isinstance(model, Model):
        return evaluator
    judge = copy(evaluator)
    object.__setattr__(judge, "model", JudgeModel(model))
    return judge
