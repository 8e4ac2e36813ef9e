"""Eval sets are validated and split: once for a seed, with whole groups, and with a word about what is missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import EqualsExpected

from spanwright.core.case import Splits
from spanwright.errors import UsageError
from spanwright.subject import Evals, eval_set


def cases(count: int, prefix: str = "c") -> list[Case[str, str, str]]:
    return [
        Case(name=f"{prefix}{n}", inputs=f"in {n}", expected_output=f"out {n}", metadata=f"template {n % 5}")
        for n in range(count)
    ]


def dataset(count: int, prefix: str = "c") -> Dataset[str, str, str]:
    return Dataset(name="evals", cases=cases(count, prefix), evaluators=[EqualsExpected()])


def ids(splits: Splits) -> tuple[set[str], ...]:
    return tuple({case.id for case in part} for part in (splits.train, splits.validation, splits.test))


@given(st.integers(30, 200), st.integers(0, 9))
def test_splits_are_drawn_once_for_a_seed_and_every_case_stands_in_one(count: int, seed: int) -> None:
    first = eval_set(Evals(cases=dataset(count), seed=seed))
    again = eval_set(Evals(cases=dataset(count), seed=seed))

    train, validation, test = ids(first.splits)
    assert first.splits == again.splits
    assert count == len(train | validation | test) == len(train) + len(validation) + len(test)
    assert round(count * 0.3) == len(validation) == len(test)
    assert () == first.remarks


def test_another_seed_draws_other_splits() -> None:
    assert eval_set(Evals(cases=dataset(50), seed=1)).splits != eval_set(Evals(cases=dataset(50), seed=2)).splits


def test_a_dataset_alone_is_split_like_evals_with_the_first_seed() -> None:
    assert eval_set(dataset(40)).splits == eval_set(Evals(cases=dataset(40), seed=0)).splits


@given(st.integers(0, 50), st.integers(3, 12))
def test_groups_stay_together(seed: int, groups: int) -> None:
    found = eval_set(Evals(cases=dataset(60), group=lambda case: str(int(case.inputs[3:]) % groups), seed=seed))

    homes: dict[str, set[int]] = {}
    for place, part in enumerate((found.splits.train, found.splits.validation, found.splits.test)):
        for case in part:
            homes.setdefault(case.group, set()).add(place)
    assert groups == len(homes)
    assert all(len(places) == 1 for places in homes.values())
    assert all(ids(found.splits))


def test_with_two_groups_there_is_no_test_split_and_that_is_said() -> None:
    found = eval_set(Evals(cases=dataset(40), group=lambda case: str(int(case.inputs[3:]) % 2)))

    assert [20, 20, 0] == [len(part) for part in ids(found.splits)]
    (remark,) = found.remarks
    assert remark.startswith("2 groups of cases are too few for a test split (it takes 3)")


def test_one_group_cannot_be_split() -> None:
    with pytest.raises(UsageError, match="40 cases in 1 group leave nothing to learn from or nothing to choose by"):
        eval_set(Evals(cases=dataset(40), group=lambda _: "the one"))


def test_too_few_cases_for_a_test_split_are_said() -> None:
    found = eval_set(dataset(29))

    assert not found.splits.test
    (remark,) = found.remarks
    assert remark.startswith("29 cases are too few for a test split (it takes 30): the gain is reported on validation")


def test_two_cases_are_enough_and_one_is_not() -> None:
    assert [1, 1, 0] == [len(part) for part in ids(eval_set(dataset(2)).splits)]
    with pytest.raises(UsageError, match="1 case in 1 group leave"):
        eval_set(dataset(1))


def test_given_splits_are_kept_as_they_are() -> None:
    found = eval_set(Evals(cases=dataset(3, "a"), validation=dataset(2, "b"), test=dataset(1, "c")))

    assert ({"a0", "a1", "a2"}, {"b0", "b1"}, {"c0"}) == ids(found.splits)
    assert () == found.remarks


def test_training_cases_are_never_taken_for_a_test_split() -> None:
    found = eval_set(Evals(cases=dataset(60, "a"), validation=dataset(5, "b")))

    assert [60, 5, 0] == [len(part) for part in ids(found.splits)]
    (remark,) = found.remarks
    assert remark.startswith("no test split was given")


def test_with_a_test_split_given_only_validation_is_drawn() -> None:
    found = eval_set(Evals(cases=dataset(10, "a"), test=dataset(4, "b")))

    assert [7, 3, 4] == [len(part) for part in ids(found.splits)]
    assert () == found.remarks


def test_plain_sequences_are_judged_by_the_evaluators_of_the_dataset_beside_them() -> None:
    given_evals = Evals(cases=dataset(3, "a"), validation=cases(2, "b"), test=cases(2, "c"))

    found = eval_set(given_evals)

    assert 7 == len(found.datasets)
    assert all(judging is given_evals.cases for judging in found.datasets.values())


def test_a_case_keeps_what_it_was_given() -> None:
    found = eval_set(Evals(cases=dataset(4), group=lambda case: case.metadata or ""))

    case = next(case for case in found.splits if case.id == "c2")
    assert ("in 2", "out 2", "template 2", "template 2") == (case.inputs, case.expected, case.metadata, case.group)
    assert "in 2" == found.theirs["c2"].inputs


def test_cases_without_names_are_named_by_their_place() -> None:
    unnamed = [Case(inputs="a"), Case(inputs="b"), Case(name="mine", inputs="c")]

    found = eval_set(Evals(cases=unnamed, metric=lambda *_: 1.0))

    assert {"case 1", "case 2", "mine"} == {case.id for case in found.splits}


def own(name: str) -> Case[str, str, None]:
    return Case(name=name, inputs="x", evaluators=(EqualsExpected(),))


def test_evaluators_of_the_cases_themselves_are_enough() -> None:
    assert eval_set(Dataset(name="evals", cases=[own("a"), own("b")]))


@pytest.mark.parametrize(
    ("evals", "what"),
    [
        (Dataset(name="evals", cases=[]), "the eval set has no cases"),
        (Evals(cases=[], metric=lambda *_: 1.0), "the eval set has no cases"),
        (Evals(cases=dataset(3), validation=dataset(2)), "two cases have the id 'c0'"),
        (Evals(cases=[own("a"), own("a")]), "two cases have the id 'a'"),
        (Evals(cases=[1, 2]), "a case is int 1"),
        (Dataset(name="evals", cases=cases(3)), "nothing judges the case 'c0'"),
        (Dataset(name="evals", cases=[own("a"), *cases(1)]), "nothing judges the case 'c0'"),
        (cases(3), "list is no eval set"),
    ],
)
def test_what_cannot_be_judged_is_refused(evals, what) -> None:
    with pytest.raises(UsageError) as refused:
        eval_set(evals)

    assert what == refused.value.what
