"""From what the user's evaluators say of an outcome to one Score with feedback.

All evaluators are objectives. The score is the mean of the assertions and of the scores within [0, 1]; anything else needs
an objective of the user's choice. Evaluators run bare: their own agents wear nothing.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from inspect import isawaitable
from typing import Any, TypeAlias, cast

from pydantic_ai.models import Model
from pydantic_evals import Case as TheirCase
from pydantic_evals.evaluators import EvaluationResult, Evaluator, EvaluatorContext, EvaluatorFailure
from pydantic_evals.online import run_evaluators
from pydantic_evals.otel import SpanTree
from pydantic_evals.otel.span_tree import SpanNode

from spanwright.core.case import Case
from spanwright.core.score import Score
from spanwright.core.trace import Trace
from spanwright.errors import SpanwrightError, UsageError, UserBug, WorldFailed
from spanwright.models import JudgeModel, resolve
from spanwright.subject.evals import EvalSet
from spanwright.subject.wearing import bare

Objective: TypeAlias = str | Callable[[Mapping[str, float]], float]
"""The name of one evaluator's figure, or a function from all figures by name to the score; higher is better."""

_WORLDS = frozenset(
    {
        "ModelRateLimitError",
        "ModelUnavailableError",
        "ModelOverloadedError",
        "ModelServerError",
        "ModelConnectionError",
        "ModelTimeoutError",
        "ModelRequestTimeout",
    }
)
"""Errors of a judge's model, by class name: pydantic-evals passes on no more than that."""


class Scoring:
    """Judges outcomes by a Dataset's evaluators, or by a metric."""

    def __init__(self, evals: EvalSet, objective: Objective | None) -> None:
        self._evals = evals
        self._objective = objective
        self._evaluators = {id: _evaluators(evals, id) for id in evals.theirs}

    @property
    def evaluators(self) -> Sequence[object]:
        """What judges: the metric, or every evaluator once."""
        if self._evals.metric is not None:
            return (self._evals.metric,)
        distinct = {id(each): each for dataset in self._evals.datasets.values() for each in dataset.evaluators}
        own = [each for case in self._evals.theirs.values() for each in case.evaluators]
        return (*distinct.values(), *own)

    @property
    def description(self) -> str:
        """What the score measures, in words."""
        names = sorted({type(each).__name__ for each in self.evaluators}) if self._evals.metric is None else ["metric"]
        if isinstance(self._objective, str):
            return f"the figure {self._objective!r}, higher is better"
        if self._objective is not None:
            return f"a function of the figures of {', '.join(names)}, higher is better"
        return f"the mean of {', '.join(names)}, from 0 to 1"

    async def __call__(self, case: Case, output: object, trace: Trace) -> Score:
        """Score one outcome. Raises UserBug for the user's own errors, WorldFailed for a judge's model."""
        with bare():
            if self._evals.metric is not None:
                return await self._by_metric(case, output, trace)
            return await self._by_evaluators(case, output, trace)

    async def _by_metric(self, case: Case, output: object, trace: Trace) -> Score:
        assert self._evals.metric is not None
        try:
            answer = self._evals.metric(self._evals.theirs[case.id], output, trace)
            if isawaitable(answer):
                answer = await answer
        except SpanwrightError:
            raise
        except Exception as error:  # the metric is the user's code
            raise UserBug("the metric", f"{type(error).__name__}: {error}") from error
        if isinstance(answer, Score):
            return answer
        if isinstance(answer, bool | int | float):
            return Score(value=float(answer))
        raise UserBug("the metric", f"it returned {type(answer).__name__}, not a number or a Score")

    async def _by_evaluators(self, case: Case, output: object, trace: Trace) -> Score:
        theirs = self._evals.theirs[case.id]
        context = _context(theirs, case, output, trace)
        results, failures = await run_evaluators(self._evaluators[case.id], context)
        for failure in failures:
            raise _failed(failure)
        return score_of(results, self._objective)


def score_of(results: Sequence[EvaluationResult[Any]], objective: Objective | None) -> Score:
    """Return the score for the evaluators' results.

    Raises UsageError where figures lie outside of [0, 1] and no objective says what to do with them, and UserBug where
    nothing finite was returned.
    """
    figures = {result.name: float(result.value) for result in results if isinstance(result.value, bool | int | float)}
    finite = {name: value for name, value in figures.items() if math.isfinite(value)}
    if not finite:
        names = ", ".join(sorted(result.name for result in results)) or "none"
        raise UserBug("the evaluators", f"they returned nothing finite (results: {names})")
    value = _value(finite, objective)
    feedback = "\n".join(_line(result) for result in results)
    return Score(value=value, feedback=feedback, objectives=finite)


def _value(figures: Mapping[str, float], objective: Objective | None) -> float:
    names = ", ".join(f"{name} = {value:g}" for name, value in sorted(figures.items()))
    if isinstance(objective, str):
        if objective not in figures:
            raise UsageError(f"no evaluator returned {objective!r}", f"Choose one of: {names}")
        return figures[objective]
    if objective is not None:
        return float(objective(figures))
    outside = [name for name, value in figures.items() if not 0 <= value <= 1]
    if outside:
        raise UsageError(
            f"the evaluators returned figures outside of 0 to 1: {', '.join(sorted(outside))}",
            f"Say which to maximize with objective=, a name or a function of them all; found: {names}",
        )
    return sum(figures.values()) / len(figures)


def _line(result: EvaluationResult[Any]) -> str:
    value = result.value
    shown = ("passed" if value else "failed") if isinstance(value, bool) else f"{value}"
    return f"{result.name}: {shown}" + (f". {result.reason}" if result.reason else "")


def _failed(failure: EvaluatorFailure) -> SpanwrightError:
    if failure.error_type in _WORLDS:
        return WorldFailed(f"evaluator {failure.name}", failure.error_message)
    return UserBug(f"the evaluator {failure.name!r}", failure.error_message)


def _context(
    theirs: TheirCase[Any, Any, Any], case: Case, output: object, trace: Trace
) -> EvaluatorContext[Any, Any, Any]:
    usage = trace.usage
    starts = [span.started for span in trace.spans] or [0.0]
    ends = [span.ended for span in trace.spans] or [0.0]
    metrics: dict[str, int | float] = {
        "requests": usage.requests,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
    }
    if not usage.unpriced:
        metrics["cost"] = usage.usd
    return EvaluatorContext(
        name=case.id,
        inputs=theirs.inputs,
        metadata=theirs.metadata,
        expected_output=theirs.expected_output,
        output=output,
        duration=max(ends) - min(starts),
        _span_tree=_tree(trace),
        attributes={},
        metrics=metrics,
    )


def _tree(trace: Trace) -> SpanTree:
    """Return the trace as the tree that span-based evaluators query."""
    return SpanTree(
        nodes_by_id={
            node.node_key: node
            for node in (
                SpanNode(
                    name=span.name,
                    trace_id=int(span.trace_id, 16),
                    span_id=int(span.span_id, 16),
                    parent_span_id=int(span.parent_id, 16) if span.parent_id else None,
                    start_timestamp=datetime.fromtimestamp(span.started, UTC),
                    end_timestamp=datetime.fromtimestamp(span.ended, UTC),
                    attributes=dict(span.attributes),
                    status=span.status,
                )
                for span in trace.spans
            )
        }
    )


def _evaluators(evals: EvalSet, id: str) -> list[Evaluator[Any, Any, Any]]:
    dataset = evals.datasets.get(id)
    own = list(evals.theirs[id].evaluators)
    shared = [] if dataset is None else list(dataset.evaluators)
    return [_counted(evaluator) for evaluator in (*own, *shared)]


def _counted(evaluator: Evaluator[Any, Any, Any]) -> Evaluator[Any, Any, Any]:
    """Return a judge whose model's requests are retried and counted; any other evaluator as it is."""
    model = getattr(evaluator, "model", None)
    has_field = is_dataclass(evaluator) and any(field.name == "model" for field in fields(evaluator))
    if has_field and isinstance(model, str | Model):
        return replace(evaluator, model=JudgeModel(resolve(cast("Model | str", model))))  # pyright: ignore[reportCallIssue]
    return evaluator
