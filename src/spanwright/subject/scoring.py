"""From what the user's evaluators say of an outcome to one Score with feedback.

All evaluators are objectives. The score is the mean of the assertions and of the scores within [0, 1]; anything else
needs an objective of the user's choice. Evaluators run bare: their own agents wear nothing.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from inspect import isawaitable
from typing import Any, TypeAlias, cast

from pydantic_ai.models import Model
from pydantic_evals.evaluators import EvaluationResult, EvaluatorContext
from pydantic_evals.otel import SpanTree
from pydantic_evals.otel.span_tree import SpanNode

from spanwright.core.case import Case
from spanwright.core.goal import SCORE
from spanwright.core.measured import MEASURED
from spanwright.core.score import Score
from spanwright.core.trace import Trace
from spanwright.errors import SpanwrightError, UsageError, UserBug, WorldFailed
from spanwright.models import classified
from spanwright.subject.evals import AnyCase, EvalSet
from spanwright.subject.judges import AnyContext, Judges
from spanwright.subject.wearing import bare

Objective: TypeAlias = str | Callable[[Mapping[str, float]], float]
"""The name of one evaluator's figure, or a function from all figures by name to the score; higher is better."""


METRIC = "metric"
"""The name by which an objective knows the value of a metric."""


class Scoring:
    """Judges outcomes by a Dataset's evaluators, or by a metric.

    Making one raises UsageError for a judge whose model does not resolve.
    """

    def __init__(self, evals: EvalSet, objective: Objective | None) -> None:
        self._evals = evals
        self._objective = objective
        self._judges = None if evals.metric is not None else Judges(evals)

    @property
    def evaluators(self) -> Sequence[object]:
        """What judges: the metric, or every evaluator once."""
        return (self._evals.metric,) if self._judges is None else self._judges.all

    @property
    def models(self) -> Mapping[str, Model]:
        """The models of judges, by the judges' names."""
        return {} if self._judges is None else self._judges.models

    @property
    def description(self) -> str:
        """What the score measures, in words."""
        if isinstance(self._objective, str):
            return f"the figure {self._objective!r}, higher is better"
        if self._objective is not None:
            return "computed from the figures that the feedback lists, higher is better"
        if self._judges is None:
            return "the figure of a metric, from 0 to 1"
        return "the mean of all figures that the feedback lists, from 0 to 1; passed counts 1, failed 0"

    async def __call__(self, case: Case, output: object, trace: Trace) -> Score:
        """Score one outcome. Raises UserBug for the user's own errors, WorldFailed for a judge's model."""
        theirs = self._evals.theirs[case.id]
        with bare():
            if self._judges is None:
                return self._checked(await self._by_metric(theirs, output, trace))
            results = await self._judges.ask(case.id, _context(theirs, case, output, trace))
        return self._checked(score_of(results, self._objective))

    def _checked(self, score: Score) -> Score:
        """Return a score that has the figures that goals want. Raises UsageError where one is missing."""
        for goal in self._evals.goals:
            if goal.figure not in (MEASURED | score.objectives.keys() | {SCORE}):
                raise UsageError(
                    f"a goal wants {goal.words}, but no evaluator returned {goal.figure!r}",
                    f"Choose one of: {', '.join(sorted(MEASURED | score.objectives.keys() | {SCORE}))}",
                )
        return score

    async def _by_metric(self, theirs: AnyCase, output: object, trace: Trace) -> Score:
        assert self._evals.metric is not None
        try:
            answered = self._evals.metric(theirs, output, trace)
            answer = cast("object", await answered if isawaitable(answered) else answered)
        except Exception as error:  # the metric is the user's code
            found = classified(error, "the metric")
            if isinstance(found, WorldFailed | UserBug):
                raise found from error
            raise UserBug("the metric", f"{type(error).__name__}: {error}") from error
        score = Score(value=float(answer)) if isinstance(answer, bool | int | float) else answer
        if not isinstance(score, Score):
            raise UserBug("the metric", f"it returned {type(answer).__name__}, not a number or a Score")
        if self._objective is None and math.isfinite(score.value) and not 0 <= score.value <= 1:
            raise UsageError(
                f"the metric returned {score.value:g}, which is outside of 0 to 1",
                f'Say objective="{METRIC}" if it has a scale of its own; higher is better',
            )
        figures = {**score.objectives, METRIC: score.value}
        return score if self._objective is None else replace(score, value=_value(figures, self._objective))


def score_of(results: Sequence[EvaluationResult[Any]], objective: Objective | None) -> Score:
    """Return the score for the evaluators' results.

    Raises UsageError where figures lie outside of [0, 1] and no objective says what to do with them, and UserBug where
    nothing finite was returned, or the objective fails.
    """
    named = tuple(_named(results))
    figures = {name: float(result.value) for name, result in named if isinstance(result.value, bool | int | float)}
    finite = {name: value for name, value in figures.items() if math.isfinite(value)}
    if not finite:
        names = ", ".join(sorted(name for name, _ in named)) or "none"
        raise UserBug("the evaluators", f"they returned nothing finite (results: {names})")
    value = _value(finite, objective)
    feedback = "\n".join(_line(name, result) for name, result in named)
    return Score(value=value, feedback=feedback, objectives=finite)


def _named(results: Sequence[EvaluationResult[Any]]) -> Iterable[tuple[str, EvaluationResult[Any]]]:
    """Yield the results with distinct names: as in pydantic-evals, the second of a name gets a number."""
    taken: set[str] = set()
    for result in results:
        name, number = result.name, 2
        while name in taken:
            name, number = f"{result.name}_{number}", number + 1
        taken.add(name)
        yield name, result


def _value(figures: Mapping[str, float], objective: Objective | None) -> float:
    names = ", ".join(f"{name} = {value:g}" for name, value in sorted(figures.items()))
    if isinstance(objective, str):
        if objective not in figures:
            raise UsageError(f"no evaluator returned {objective!r}", f"Choose one of: {names}")
        return figures[objective]
    if objective is not None:
        return _by_objective(figures, objective)
    outside = [name for name, value in figures.items() if not 0 <= value <= 1]
    if outside:
        raise UsageError(
            f"the evaluators returned figures outside of 0 to 1: {', '.join(sorted(outside))}",
            f"Say which to maximize with objective=, a name or a function of them all; found: {names}",
        )
    return sum(figures.values()) / len(figures)


def _by_objective(figures: Mapping[str, float], objective: Callable[[Mapping[str, float]], float]) -> float:
    try:
        return float(objective(figures))
    except SpanwrightError:
        raise
    except Exception as error:  # the objective is the user's code
        raise UserBug("the objective", f"{type(error).__name__}: {error}") from error


def _line(name: str, result: EvaluationResult[Any]) -> str:
    value = result.value
    shown = ("passed" if value else "failed") if isinstance(value, bool) else f"{value}"
    return f"{name}: {shown}" + (f". {result.reason}" if result.reason else "")


def _context(theirs: AnyCase, case: Case, output: object, trace: Trace) -> AnyContext:
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
