"""The eval set: a pydantic-evals Dataset, how it is split, and how an outcome is judged."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Generic, TypeVar

from pydantic_evals import Case as TheirCase
from pydantic_evals import Dataset

from spanwright.core.case import Case, Splits
from spanwright.errors import UsageError

In = TypeVar("In")
Out = TypeVar("Out")
Meta = TypeVar("Meta")

LEAST_FOR_TEST = 30
"""Cases below which no test split is set aside: it would be too small to show anything."""
_TEST_SHARE = 0.3
_VALIDATION_SHARE = 0.3

Metric = Callable[..., Any]
"""`metric(case, output, trace)`, sync or async, returns a number or a Score. `case` is the Dataset's own case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evals(Generic[In, Out, Meta]):
    """An eval set with more said about it than a bare Dataset can say."""

    cases: Dataset[In, Out, Meta] | Sequence[TheirCase[In, Out, Meta]]
    """All cases, or only the training cases where `validation` is given."""
    validation: Dataset[In, Out, Meta] | Sequence[TheirCase[In, Out, Meta]] | None = None
    test: Dataset[In, Out, Meta] | Sequence[TheirCase[In, Out, Meta]] | None = None
    metric: Metric | None = None
    """In place of the Dataset's evaluators."""
    group: Callable[[TheirCase[In, Out, Meta]], str] | None = None
    """Cases of one group never stand in two splits: the template, document or user that they come from."""
    seed: int = 0
    """Draws the splits, once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalSet:
    """An eval set made ready: our cases in their splits, and the user's own cases by id."""

    splits: Splits
    theirs: Mapping[str, TheirCase[Any, Any, Any]]
    datasets: Mapping[str, Dataset[Any, Any, Any]] = field(default_factory=dict[str, Dataset[Any, Any, Any]])
    """The Dataset of each case, whose evaluators judge it."""
    metric: Metric | None = None
    remarks: tuple[str, ...] = ()


def eval_set(evals: Dataset[Any, Any, Any] | Evals[Any, Any, Any]) -> EvalSet:
    """Validate an eval set and split it. Raises UsageError for no cases, duplicate ids, and nothing to judge by."""
    given = evals if isinstance(evals, Evals) else Evals(cases=evals)
    parts = {"cases": given.cases, "validation": given.validation, "test": given.test}
    converted: dict[str, tuple[Case, ...]] = {}
    theirs: dict[str, TheirCase[Any, Any, Any]] = {}
    datasets: dict[str, Dataset[Any, Any, Any]] = {}
    for name, part in parts.items():
        if part is None:
            continue
        converted[name] = _converted(part, given, theirs)
        if isinstance(part, Dataset):
            datasets.update({case.id: part for case in converted[name]})
    if not converted["cases"]:
        raise UsageError("the eval set has no cases", "Give at least two, better a hundred")
    if given.metric is None:
        _check_judged(theirs, datasets)
    splits, remarks = _split(converted, given.seed)
    return EvalSet(splits=splits, theirs=theirs, datasets=datasets, metric=given.metric, remarks=remarks)


def _converted(
    part: Dataset[Any, Any, Any] | Sequence[TheirCase[Any, Any, Any]],
    evals: Evals[Any, Any, Any],
    theirs: dict[str, TheirCase[Any, Any, Any]],
) -> tuple[Case, ...]:
    """Return our cases for the user's. A case without a name is named by its place."""
    found: list[Case] = []
    for case in part.cases if isinstance(part, Dataset) else part:
        id = case.name or f"case {len(theirs) + 1}"
        if id in theirs:
            raise UsageError(f"two cases have the id {id!r}", "Name each case once, over all splits")
        theirs[id] = case
        group = "" if evals.group is None else evals.group(case)
        found.append(
            Case(id=id, inputs=case.inputs, expected=case.expected_output, metadata=case.metadata, group=group)
        )
    return tuple(found)


def _check_judged(
    theirs: Mapping[str, TheirCase[Any, Any, Any]], datasets: Mapping[str, Dataset[Any, Any, Any]]
) -> None:
    for id, case in theirs.items():
        dataset = datasets.get(id)
        if not case.evaluators and (dataset is None or not dataset.evaluators):
            raise UsageError(
                f"nothing judges the case {id!r}", "Give the Dataset evaluators, or pass Evals(cases=..., metric=...)"
            )


def _split(parts: Mapping[str, tuple[Case, ...]], seed: int) -> tuple[Splits, tuple[str, ...]]:
    """Draw what was not given: the test split first, then validation, the rest is for training; groups stay together."""
    remarks: list[str] = []
    rest = list(parts["cases"])
    test = parts.get("test")
    validation = parts.get("validation")
    drawn = Random(f"spanwright splits {seed}")
    groups = _shuffled_groups(rest, drawn)
    total = len(rest)
    if test is None:
        if total < LEAST_FOR_TEST:
            test = ()
            remarks.append(
                f"{total} cases are too few for a test split (it takes {LEAST_FOR_TEST}): the gain is reported on"
                " validation cases, which have chosen the winner, and is flattered by that"
            )
        else:
            test = _take(groups, round(total * _TEST_SHARE))
    if validation is None:
        validation = _take(groups, max(1, round(total * _VALIDATION_SHARE)))
    train = tuple(case for group in groups for case in group)
    if not train or not validation:
        raise UsageError(
            f"{total} cases in {len(groups) + 2} groups leave a split empty", "Give more cases, or the splits yourself"
        )
    return Splits(train=train, validation=tuple(validation), test=tuple(test)), tuple(remarks)


def _shuffled_groups(cases: Sequence[Case], drawn: Random) -> list[list[Case]]:
    by_group: dict[str, list[Case]] = {}
    for case in cases:
        by_group.setdefault(case.group or f"\0{case.id}", []).append(case)
    groups = list(by_group.values())
    drawn.shuffle(groups)
    return groups


def _take(groups: list[list[Case]], wanted: int) -> tuple[Case, ...]:
    """Move whole groups out of `groups` until they hold at least `wanted` cases; leave at least one group."""
    taken: list[Case] = []
    while len(taken) < wanted and len(groups) > 1:
        taken.extend(groups.pop())
    return tuple(taken)
