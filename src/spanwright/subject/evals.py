"""The eval set: a pydantic-evals Dataset, how it is split, and how an outcome is judged."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Generic, TypeAlias

from pydantic_evals import Case as TheirCase
from pydantic_evals import Dataset
from typing_extensions import TypeVar

from spanwright.core.case import Case, Splits
from spanwright.core.goal import Goal
from spanwright.core.score import Score
from spanwright.core.trace import Trace
from spanwright.errors import UsageError

# As in pydantic-evals: who does not care for the types of cases says `Evals`.
In = TypeVar("In", default=Any)
Out = TypeVar("Out", default=Any)
Meta = TypeVar("Meta", default=Any)

LEAST_FOR_TEST = 30
"""Cases below which no test split is set aside: it would be too small to show anything."""
_TEST_SHARE = 0.3
_VALIDATION_SHARE = 0.3

Figure: TypeAlias = float | Score
"""What a metric may say: a number, or a Score with feedback."""

Metric: TypeAlias = Callable[[TheirCase[In, Out, Meta], Out, Trace], Figure | Awaitable[Figure]]
"""`metric(case, output, trace)`, sync or async. `case` is the Dataset's own case."""

AnyCase: TypeAlias = TheirCase[Any, Any, Any]
AnyDataset: TypeAlias = Dataset[Any, Any, Any]
AnyMetric: TypeAlias = Metric[Any, Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evals(Generic[In, Out, Meta]):
    """An eval set with more said about it than a bare Dataset can say."""

    cases: Dataset[In, Out, Meta] | Sequence[TheirCase[In, Out, Meta]]
    """All cases, or only the training cases where `validation` is given.

    Cases given as a plain sequence here or below are judged by the evaluators of a Dataset given here.
    """
    validation: Dataset[In, Out, Meta] | Sequence[TheirCase[In, Out, Meta]] | None = None
    test: Dataset[In, Out, Meta] | Sequence[TheirCase[In, Out, Meta]] | None = None
    """Where neither this nor `validation` is given, a test split is drawn if there are enough cases."""
    metric: Metric[In, Out, Meta] | None = None
    """In place of the Dataset's evaluators."""
    group: Callable[[TheirCase[In, Out, Meta]], str] | None = None
    """Cases of one group never stand in two splits: the template, document or user that they come from."""
    seed: int = 0
    """Draws the splits, once."""
    goals: Sequence[Goal] = ()
    """What is wanted beside a high score: `[minimize("cost"), at_most("latency", 2.0)]`.

    Figures are `cost` (dollars a rollout), `latency` (seconds), `tokens`, `requests`, `tool_calls`, and those that
    evaluators return, by name.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalSet:
    """An eval set made ready: our cases in their splits, and the user's own cases by id."""

    splits: Splits
    theirs: Mapping[str, AnyCase]
    datasets: Mapping[str, AnyDataset] = field(default_factory=dict[str, AnyDataset])
    """The Dataset of each case, whose evaluators judge it."""
    metric: AnyMetric | None = None
    remarks: tuple[str, ...] = ()
    goals: tuple[Goal, ...] = ()


def eval_set(evals: AnyDataset | Evals[Any, Any, Any]) -> EvalSet:
    """Validate an eval set and split it. Raises UsageError for no cases, duplicate ids, and nothing to judge by."""
    if not isinstance(evals, Dataset | Evals):  # pyright: ignore[reportUnnecessaryIsInstance]  (users may err)
        raise UsageError(
            f"{type(evals).__name__} is no eval set", "Give a pydantic_evals Dataset, or Evals(cases=..., metric=...)"
        )
    given = evals if isinstance(evals, Evals) else Evals(cases=evals)
    parts = {"cases": given.cases, "validation": given.validation, "test": given.test}
    converted: dict[str, tuple[Case, ...]] = {}
    theirs: dict[str, AnyCase] = {}
    datasets: dict[str, AnyDataset] = {}
    for name, part in parts.items():
        if part is None:
            continue
        converted[name] = _converted(part, given, theirs)
        judging = part if isinstance(part, Dataset) else given.cases
        if isinstance(judging, Dataset):
            datasets.update({case.id: judging for case in converted[name]})
    if not converted["cases"]:
        raise UsageError("the eval set has no cases", "Give at least two, better a hundred")
    if given.metric is None:
        _check_judged(theirs, datasets)
    splits, remarks = _split(converted, given.seed)
    return EvalSet(
        splits=splits,
        theirs=theirs,
        datasets=datasets,
        metric=given.metric,
        remarks=remarks,
        goals=tuple(given.goals),
    )


def _converted(
    part: AnyDataset | Sequence[AnyCase], evals: Evals[Any, Any, Any], theirs: dict[str, AnyCase]
) -> tuple[Case, ...]:
    """Return our cases for the user's. A case without a name is named by its place."""
    converted: list[Case] = []
    for case in part.cases if isinstance(part, Dataset) else part:
        if not isinstance(case, TheirCase):  # pyright: ignore[reportUnnecessaryIsInstance]  (users give anything)
            raise UsageError(
                f"a case is {type(case).__name__} {case!r:.60}", "Give each as pydantic_evals.Case(inputs=...)"
            )
        id = case.name or f"case {len(theirs) + 1}"
        if id in theirs:
            raise UsageError(f"two cases have the id {id!r}", "Name each case once, over all splits")
        theirs[id] = case
        group = "" if evals.group is None else str(evals.group(case))
        converted.append(
            Case(id=id, inputs=case.inputs, expected=case.expected_output, metadata=case.metadata, group=group)
        )
    return tuple(converted)


def _check_judged(theirs: Mapping[str, AnyCase], datasets: Mapping[str, AnyDataset]) -> None:
    for id, case in theirs.items():
        dataset = datasets.get(id)
        if not case.evaluators and (dataset is None or not dataset.evaluators):
            raise UsageError(
                f"nothing judges the case {id!r}", "Give the Dataset evaluators, or pass Evals(cases=..., metric=...)"
            )


def _split(parts: Mapping[str, tuple[Case, ...]], seed: int) -> tuple[Splits, tuple[str, ...]]:
    """Draw what was not given: first the test split, then validation. The rest is for training."""
    groups = _shuffled_groups(parts["cases"], Random(f"spanwright splits {seed}"))
    total, kinds = len(parts["cases"]), len(groups)
    test, remarks = parts.get("test"), tuple[str, ...]()
    validation = parts.get("validation")
    if test is None:
        reason = _no_test(total, kinds, validation_given=validation is not None)
        test = () if reason else _take(groups, round(total * _TEST_SHARE), leave=2)
        remarks = (reason,) if reason else ()
    if validation is None:
        validation = _take(groups, max(1, round(total * _VALIDATION_SHARE)), leave=1)
    train = tuple(case for group in groups for case in group)
    if not train or not validation:
        raise UsageError(
            f"{total} case{'s' if total > 1 else ''} in {kinds} group{'s' if kinds > 1 else ''} leave nothing to learn"
            " from or nothing to choose by",
            "Give more cases, or the splits yourself: Evals(cases=..., validation=..., test=...)",
        )
    return Splits(train=train, validation=validation, test=test), remarks


def _no_test(total: int, kinds: int, *, validation_given: bool) -> str:
    """Return why no test split is drawn, "" where one is."""
    if validation_given:
        reason = "no test split was given"
    elif total < LEAST_FOR_TEST:
        reason = f"{total} cases are too few for a test split (it takes {LEAST_FOR_TEST})"
    elif kinds < 3:
        reason = f"{kinds} groups of cases are too few for a test split (it takes 3)"
    else:
        return ""
    return f"{reason}: the gain is reported on validation cases, which have chosen the winner, and is flattered by that"


def _shuffled_groups(cases: Sequence[Case], drawn: Random) -> list[list[Case]]:
    by_group: dict[tuple[str, str], list[Case]] = {}
    for case in cases:
        by_group.setdefault(("group", case.group) if case.group else ("case", case.id), []).append(case)
    groups = list(by_group.values())
    drawn.shuffle(groups)
    return groups


def _take(groups: list[list[Case]], wanted: int, *, leave: int) -> tuple[Case, ...]:
    """Move whole groups out of `groups` until they hold at least `wanted` cases; leave some groups."""
    taken: list[Case] = []
    while len(taken) < wanted and len(groups) > leave:
        taken.extend(groups.pop())
    return tuple(taken)
