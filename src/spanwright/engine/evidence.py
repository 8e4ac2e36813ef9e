"""From finished rollouts to what a reflector may know of them: examples, blame and lessons.

A case of the minibatch may have been tried more than once. It weighs no more for that: its worst try is what it blames
and what it teaches.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from random import Random

from spanwright.core.candidate import Candidate, Component, ComponentId
from spanwright.core.context import Example, Recorded
from spanwright.core.goal import SCORE
from spanwright.core.proposal import Lesson
from spanwright.core.protocols import Redaction
from spanwright.core.refiner import without_refiner
from spanwright.core.rollout import Observed, Rollout
from spanwright.core.score import Score
from spanwright.core.trace import ToolCall
from spanwright.engine.problem import Problem
from spanwright.engine.workshop import Workshop
from spanwright.reflection import show_within
from spanwright.telemetry import blame

_LESSON_LENGTH = 300
_TASK_TOKENS = 60
_BLAMED_SHOWN = 3
_RECORDED_SHOWN = 3


def example(
    problem: Problem, observed: Observed, components: Sequence[Component], redaction: Redaction | None = None
) -> Example:
    """Return what one rollout teaches; `components` are those that may be blamed, with the candidate's texts."""
    case = next(case for case in problem.splits.train if case.id == observed.rollout.key.case)
    if redaction is not None:
        case = redaction.case(case, observed.trace.id)
    weights = blamed(observed, components)
    ordered = sorted(weights, key=lambda id: (-weights[id], id))
    return Example(case=case, observed=observed, blamed=tuple(ordered[:_BLAMED_SHOWN]))


def unlike(problem: Problem, tries: Sequence[Observed], perfect: float | None) -> Iterator[Observed]:
    """Yield of the tries of each case those that came out differently; of several that came out alike, the first.

    All that leave nothing to learn are alike, and unlike one with the best score that leaves a goal to wish for.
    """
    seen: set[tuple[str, float | None, bool]] = set()
    for each in tries:
        score = each.rollout.score
        value = None if score is None else min(score.value, math.inf if perfect is None else perfect)
        outcome = (each.rollout.key.case, value, leaves_nothing(problem, each.rollout, perfect))
        if outcome not in seen:
            seen.add(outcome)
            yield each


def contrasts(shop: Workshop, parent: Candidate, examples: Sequence[Example]) -> Iterator[Example]:
    """Yield, for failures among the examples of a minibatch, a better try of the same case, if any member had one.

    Nothing is blamed and nothing learned from it: it shows what right looks like. Where one of the parent's own tries
    of the minibatch does that, with the same texts, there is no need of another.
    """
    view, redaction = shop.pool.view, shop.means.redaction
    tries = Counter(each.case.id for each in examples)
    for each in examples:
        if tries[each.case.id] > 1:
            continue
        score = each.observed.rollout.score
        number = None if score is None else shop.policy.beside(view, each.case.id, score.value)
        observed = None if number is None else shop.means.journal.observed(number)
        if observed is None:
            continue
        case = shop.case(each.case.id)
        candidate = view.candidate(observed.rollout.key.candidate)
        yield Example(
            case=case if redaction is None else redaction.case(case, observed.trace.id),
            observed=observed,
            differing=tuple(candidate.changes_from(parent)),
        )


def blamed(observed: Observed, components: Sequence[Component]) -> Mapping[ComponentId, float]:
    """Return the components that spans and evaluators point at, with weights."""
    score = observed.rollout.score or Score(value=0.0)
    weights = blame(without_refiner(observed.trace), score, components, observed.rollout.tools)
    return {id: weight for id, weight in weights.items() if weight > 0}


def total_blame(
    examples: Sequence[Example], components: Sequence[Component], perfect: float | None
) -> Mapping[ComponentId, float]:
    """Return the blame of each component summed over the cases that failed."""
    total: dict[ComponentId, float] = {}
    for each in _worst(examples):
        score = each.observed.rollout.score
        if score is None or is_perfect(score, perfect):
            continue
        for id, weight in blamed(each.observed, components).items():
            total[id] = total.get(id, 0.0) + weight
    return total


def _worst(examples: Sequence[Example]) -> Sequence[Example]:
    """Return of each case the try with the lowest score."""
    worst: dict[str, Example] = {}
    for each in sorted(examples, key=_value):
        worst.setdefault(each.case.id, each)
    return [each for each in examples if worst[each.case.id] is each]


def _value(example: Example) -> float:
    score = example.observed.rollout.score
    return math.inf if score is None else score.value


def is_perfect(score: Score, perfect: float | None) -> bool:
    """Return whether there is nothing to learn from a rollout with this score."""
    return perfect is not None and score.value >= perfect


def leaves_nothing(problem: Problem, rollout: Rollout, perfect: float | None) -> bool:
    """Return whether nothing can be learned from a rollout: its score is the best, and no goal leaves a wish."""
    if rollout.score is None or not is_perfect(rollout.score, perfect):
        return False
    for goal in problem.goals:
        figure = rollout.figure(goal.figure)
        if figure is not None and goal.figure != SCORE and (goal.limit is None or goal.excess(figure)):
            return False
    return True


def lessons(examples: Sequence[Example], perfect: float | None) -> tuple[Lesson, ...]:
    """Return what the failures of a minibatch teach beyond this attempt, one lesson for each blamed component."""
    found: list[Lesson] = []
    for each in _worst(examples):
        score = each.observed.rollout.score
        if score is None or is_perfect(score, perfect) or not score.feedback:
            continue
        text = f"Task: {_in_short(show_within(each.case.inputs, _TASK_TOKENS))} Feedback: {_in_short(score.feedback)}"
        error = _unresolved(each.observed.trace.tool_calls)
        if error:
            text = f"{text} Tool error: {_in_short(error)}"
        found.extend(Lesson(component=id, text=text, case=each.case.id) for id in each.blamed)
    return tuple(found)


def recorded(problem: Problem, parent: Candidate, offered: Sequence[Component], stream: Random) -> tuple[Recorded, ...]:
    """Draw from the traces from before the run that speak of texts on offer which `parent` has as they were then.

    Of a text that was edited since, they would tell faults that may be mended.
    """
    standing = {each.id for each in offered if parent.texts[each.id] == problem.seed.texts[each.id]}
    fitting = [each for each in problem.recorded if standing.intersection(each.about)]
    failing = [each for each in fitting if each.complaints]
    return tuple(stream.sample(failing or fitting, min(_RECORDED_SHOWN, len(failing or fitting))))


def _unresolved(calls: Sequence[ToolCall]) -> str:
    """Return the error that tells most: the last one of a tool that never succeeded after it, else the first of all."""
    errors = [
        call.error
        for place, call in enumerate(calls)
        if call.error and not any(later.name == call.name and not later.error for later in calls[place:])
    ]
    return errors[-1] if errors else next((call.error for call in calls if call.error), "")


def _in_short(text: str) -> str:
    return " ".join(text.split())[:_LESSON_LENGTH]


def own(problem: Problem, examples: Sequence[Example]) -> frozenset[str]:
    """Return the runs of words that no guarded text may repeat, as far as these examples show them."""
    shown = {example.case.id for example in examples}
    return frozenset(run for run, case in problem.own.items() if case in shown)


def worn(problem: Problem, candidate: Candidate) -> tuple[Component, ...]:
    """Return the components that may be edited. Those with a few values are not: they are tried, not reflected on."""
    return tuple(each for each in problem.components if each.id in candidate.texts and not each.values)
