from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_evals import Case, Dataset

from spanwright_evaluators.answer import ExactMatch, TokenF1, f1, normalized


@dataclass(frozen=True)
class Given:
    text: str
    titles: tuple[str, ...] = ()


async def judged(got, expected):
    """Return what both judges say, by name."""
    dataset = Dataset[str, Given, None](
        name="one", cases=[Case(name="one", inputs="?", expected_output=expected)], evaluators=[ExactMatch(), TokenF1()]
    )

    async def program(question: str) -> Given:
        return got

    report = await dataset.evaluate(program, progress=False)
    (case,) = report.cases
    return case.assertions["ExactMatch"], case.scores["TokenF1"]


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        ("Talwick", "Talwick"),
        ("the Talwick.", "Talwick"),
        ("ROYAL  polytechnic", "the Royal Polytechnic"),
        ("Seafarers College", "Seafarers' College"),
        ("Yes.", "yes"),
    ],
)
async def test_case_punctuation_and_articles_do_not_count(got, expected):
    match, overlap = await judged(Given(got), Given(expected))

    assert match.value is True
    assert overlap.value == 1.0


async def test_a_sentence_around_the_answer_is_no_exact_match_but_shares_words():
    match, overlap = await judged(Given("The birthplace is Talwick."), Given("Talwick"))

    assert match.value is False
    assert overlap.value == pytest.approx(2 / 4)


async def test_the_reason_states_what_was_expected_and_what_came():
    match, _ = await judged(Given("It is Talwick."), Given("Talwick"))

    assert match.reason == "expected 'Talwick', got 'It is Talwick.'"


async def test_the_reason_names_the_gold_titles_that_were_not_found():
    gold = Given("Talwick", ("Heron Bridge", "Odile Osswin (engineer)"))
    missed_one, _ = await judged(Given("unknown", ("Heron Bridge", "Other")), gold)
    missed_both, _ = await judged(Given("unknown"), gold)

    assert missed_one.reason == (
        "expected 'Talwick', got 'unknown'; the passages found did not include 'Odile Osswin (engineer)'"
    )
    assert "did not include 'Heron Bridge' and 'Odile Osswin (engineer)'" in str(missed_both.reason)


async def test_the_reason_of_a_right_answer_still_says_what_was_not_found():
    match, _ = await judged(Given("yes"), Given("yes", ("Talwick",)))

    assert match.value is True
    assert "did not include 'Talwick'" in str(match.reason)


async def test_a_case_without_an_expected_answer_is_an_error_of_the_user():
    dataset = Dataset[str, Given, None](name="one", cases=[Case(name="bare", inputs="?")], evaluators=[ExactMatch()])

    async def program(question: str) -> Given:
        return Given("Talwick")

    report = await dataset.evaluate(program, progress=False)

    assert "case 'bare' has no expected output" in report.cases[0].evaluator_failures[0].error_message


@pytest.mark.parametrize(
    ("got", "expected", "score"),
    [
        ("yes", "no", 0.0),
        ("yes, both of them", "yes", 0.0),
        ("yes", "yes it is", 0.0),
        ("Odile Osswin", "Osswin", 2 / 3),
        ("red red", "red", 2 / 3),
        ("", "Talwick", 0.0),
        ("the", "a", 1.0),
    ],
)
def test_f1_counts_shared_words_but_a_yes_is_never_partly_right(got, expected, score):
    assert f1(got, expected) == pytest.approx(score)


@given(st.text(), st.text())
def test_f1_is_a_share_and_one_for_equal_answers(one, other):
    assert 0.0 <= f1(one, other) <= 1.0
    assert f1(one, other) == f1(other, one)
    assert f1(one, one) == 1.0
    assert normalized(normalized(one)) == normalized(one)
