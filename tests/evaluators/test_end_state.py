"""The end-state judge states facts: rows and words, expected and got."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from spanwright_evaluators.end_state import EndState, judged


@dataclass(frozen=True)
class Ended:
    reply: str = ""
    books: dict = field(default_factory=dict)


def context(**fields) -> Any:
    return SimpleNamespace(name="x", **fields)


def reasons(output, expected):
    return {name: (each.value, each.reason) for name, each in judged(output, expected).items()}


def test_equal_books_and_all_the_words_are_right():
    wanted = Ended(reply="A-1, 12.50", books={"refunds": ["A-1 1250 LATE"]})
    got = Ended(reply="You get $12.50 for a-1.", books={"refunds": ["A-1 1250 LATE"]})

    assert reasons(got, wanted) == {
        "end_state": (True, "the books are as expected"),
        "reply": (True, "the reply says what it has to"),
    }


def test_what_differs_is_stated_table_by_table_and_no_rule_with_it():
    wanted = Ended(reply="A-1", books={"tickets": ["A-1 to finance"], "credits": ["A-2 5.00"]})
    got = Ended(reply="Done.", books={"refunds": ["A-1 13 LATE"], "credits": ["A-2 5.00"]})

    assert reasons(got, wanted) == {
        "end_state": (False, "refunds were [A-1 13 LATE], should be []; tickets were [], should be [A-1 to finance]"),
        "reply": (False, "the reply should contain 'A-1'; it was 'Done.'"),
    }


def test_the_order_of_rows_does_not_matter():
    assert judged(Ended(books={"t": ["b", "a"]}), Ended(books={"t": ["a", "b"]}))["end_state"].value


def test_replies_may_be_left_out():
    ctx = context(output=Ended(reply="no"), expected_output=Ended(reply="yes"))

    assert set(EndState().evaluate(ctx)) == {"end_state", "reply"}
    assert set(EndState(replies=False).evaluate(ctx)) == {"end_state"}


def test_a_case_without_an_expected_ending_is_an_error():
    with pytest.raises(ValueError, match="'x' has no expected output"):
        EndState().evaluate(context(output=Ended(), expected_output=None))
