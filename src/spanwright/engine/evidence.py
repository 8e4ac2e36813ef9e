"""From finished rollouts to what a reflector may know of them: examples, blame and lessons."""

from collections.abc import Mapping, Sequence

from spanwright.core.candidate import Candidate, Component, ComponentId
from spanwright.core.context import Example
from spanwright.core.proposal import Lesson
from spanwright.core.rollout import Observed
from spanwright.core.score import Score
from spanwright.core.trace import Trace
from spanwright.engine.problem import Problem
from spanwright.telemetry import blame

_LESSON_LENGTH = 300
_BLAMED_SHOWN = 3


def example(problem: Problem, observed: Observed, components: Sequence[Component]) -> Example:
    """Return what one rollout teaches; `components` are those that may be blamed, with the candidate's texts."""
    case = next(case for case in problem.splits.train if case.id == observed.rollout.key.case)
    weights = blamed(observed.trace, observed.rollout.score or Score(value=0.0), components)
    ordered = sorted(weights, key=lambda id: (-weights[id], id))
    return Example(case=case, observed=observed, blamed=tuple(ordered[:_BLAMED_SHOWN]))


def blamed(trace: Trace, score: Score, components: Sequence[Component]) -> Mapping[ComponentId, float]:
    """Return the components that spans and evaluators point at, with weights."""
    return {id: weight for id, weight in blame(trace, score, components).items() if weight > 0}


def total_blame(
    examples: Sequence[Example], components: Sequence[Component], perfect: float | None
) -> Mapping[ComponentId, float]:
    """Return the blame of each component summed over the examples that failed."""
    total: dict[ComponentId, float] = {}
    for each in examples:
        score = each.observed.rollout.score
        if score is None or is_perfect(score, perfect):
            continue
        for id, weight in blamed(each.observed.trace, score, components).items():
            total[id] = total.get(id, 0.0) + weight
    return total


def is_perfect(score: Score, perfect: float | None) -> bool:
    """Return whether there is nothing to learn from a rollout with this score."""
    return perfect is not None and score.value >= perfect


def lessons(examples: Sequence[Example], perfect: float | None) -> tuple[Lesson, ...]:
    """Return what the failures of a minibatch teach beyond this attempt, one lesson for each blamed component."""
    found: list[Lesson] = []
    for each in examples:
        score = each.observed.rollout.score
        if score is None or is_perfect(score, perfect) or not score.feedback:
            continue
        text = " ".join(score.feedback.split())[:_LESSON_LENGTH]
        errors = [call.error for call in each.observed.trace.tool_calls if call.error]
        if errors:
            text = f"{text} Tool error: {' '.join(errors[0].split())[:_LESSON_LENGTH]}"
        found.extend(Lesson(component=id, text=text, case=each.case.id) for id in each.blamed)
    return tuple(found)


def worn(problem: Problem, candidate: Candidate) -> tuple[Component, ...]:
    """Return the components that may be edited."""
    return tuple(component for component in problem.components if component.id in candidate.texts)
