"""AIME and LiveBench-Math: one module each, integers, letters, orders and expressions."""

import pytest

from spanwright import Trace
from spanwright_agents.paper import aime, livebench
from spanwright_evaluators.paper.aime import judge as judge_aime
from spanwright_evaluators.paper.boxed import equal, last_boxed, same
from spanwright_evaluators.paper.livebench import choice, expression, number_at_the_end, order
from spanwright_evaluators.paper.livebench import judge as judge_livebench

PROBLEM = {"id": 0, "problem": "What is 2 + 2?", "answer": "4", "solution": "Two and two are four."}
CHOICES = r"What? $\textbf{(A) } 12\qquad\textbf{(B) } 13\qquad\textbf{(C) }\frac{1}{2}\qquad\textbf{(D)}~15$"


@pytest.mark.parametrize(
    ("answer", "score"), [("4", 1.0), (" 004\n", 1.0), ("5", 0.0), ("4.0", 0.0), ("The answer is 4", 0.0), ("", 0.0)]
)
def test_an_aime_answer_is_an_integer_and_nothing_else(answer, score):
    assert score == judge_aime(aime.problem_of(PROBLEM), answer, Trace()).value


def test_aime_tells_the_solution_of_training_problems_and_of_no_others():
    told = judge_aime(aime.problem_of(PROBLEM), "four", Trace())
    untold = judge_aime(aime.problem_of({key: PROBLEM[key] for key in ("problem", "answer")}), "four", Trace())

    assert "expected '4', got 'four'; the answer must be a valid integer" in told.feedback
    assert {"solve/instructions"} == set(told.blame)
    assert "Two and two are four." in told.blame["solve/instructions"]
    assert {} == untold.blame


def test_aime_is_tested_five_times_on_each_problem():
    evals = aime.TASK.small().evals

    assert [12, 12, 20] == [len(part) for part in (evals.cases, evals.validation, evals.test)]
    assert 4 == len({case.inputs for case in evals.test})
    assert 20 == len({case.name for case in evals.test})


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        ("So BBBBB.", 1.0),
        ("<solution>B</solution>", 1.0),
        ("<solution>bb</solution>", 1.0),
        ("<solution>A</solution>", 0.0),
        (r"\boxed{\text{B}}", 1.0),
        ("The answer is 13.", 1.0),
        ("It is\n**B**", 1.0),
        ("It is (B)", 1.0),
        ("B, I think", 0.0),
        ("AAAAA", 0.0),
    ],
)
def test_a_letter_counts_in_the_forms_that_livebench_reads(answer, score):
    assert score == choice("B", answer, CHOICES)[0]


def test_a_number_has_to_stand_at_the_end():
    assert 1.0 == number_at_the_end("073", "The answer is 073.")[0]
    assert 0.0 == number_at_the_end("073", f"073{' ' * 60}")[0]


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        ("Answer: 1,2,3,4", 1.0),
        ("**Answer:** 2, 1, 3, 4", 0.5),
        ("answer:\n1,2,3", 0.75),
        (r"\boxed{\text{1,2,4}}", 0.75),
        ("I say:\n1, 2, 3, 4", 1.0),
        ("Answer: x, 2, 3, 4", 0.75),
        ("none", 0.0),
    ],
)
def test_an_order_has_credit_by_edit_distance(answer, score):
    assert score == order("1,2,3,4", answer)[0]


@pytest.mark.parametrize(
    ("gold", "answer", "score"),
    [
        ("14", "The answer is 14.", 1.0),
        ("12345", r"\boxed{12,345}", 1.0),
        ("5", r"\boxed{x = 5}", 1.0),
        (r"\frac{x^3}{3}", r"\boxed{\frac{x^3}{3} + C}", 1.0),
        ("3", "no idea", 0.0),
    ],
)
async def test_an_expression_is_read_from_the_box_or_the_end(gold, answer, score):
    assert score == (await expression(gold, answer))[0]


@pytest.mark.parametrize(
    ("gold", "answer", "right"),
    [
        (r"\frac{1}{2}", "0.5", True),
        ("x^2+2x+1", "(x+1)^2", True),
        (r"\log (x)", r"\ln(x)", True),
        ("x", "y", False),
    ],
)
def test_equal_expressions_are_told_by_math_verify(gold, answer, right):
    assert right is equal(gold, answer)


async def test_the_comparison_works_in_a_process_of_its_own():
    assert await same(r"\frac{1}{2}", "0.50")


def test_the_last_box_counts_and_a_frame_only_without_one():
    assert r"\frac{1}{2}" == last_boxed(r"\boxed{1} or \boxed{\frac{1}{2}} \fbox{3}")
    assert "3" == last_boxed(r"\fbox{3}")
    assert last_boxed(r"\boxed{1") is None
    assert last_boxed("1") is None


async def test_thoughts_are_no_part_of_an_answer_and_each_kind_has_its_scorer():
    row = {"turns": ["What?"], "task": "math_comp", "subtask": "aime_i", "ground_truth": "7"}
    case = livebench.question_of(row)

    assert 0.0 == (await judge_livebench(case, "<think>7</think> 8", Trace())).value
    assert 1.0 == (await judge_livebench(case, "<think>8</think> 7", Trace())).value
    hard = livebench.question_of({**row, "task": "AMPS_Hard", "subtask": "gcd"})
    assert "amps_hard" == hard.expected_output.kind
    with pytest.raises(ValueError, match="no scorer knows"):
        await judge_livebench(livebench.question_of({**row, "subtask": "chess"}), "7", Trace())


@pytest.mark.parametrize("task", [aime.TASK, livebench.TASK], ids=["aime", "livebench"])
async def test_it_runs_end_to_end_on_one_module(task, taught):
    result, _ = await taught(task)

    assert result.complete
    assert 1 == len(result.components)
    assert result.components[0].text.startswith("Solve the ")
