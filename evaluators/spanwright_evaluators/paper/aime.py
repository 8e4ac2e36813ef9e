"""AIME: is the answer the right integer? Feedback has the right one and, where one is written, the solution."""

from dataclasses import dataclass
from typing import Any, Final

from pydantic_evals import Case

from spanwright import Score, Trace
from spanwright_evaluators.paper.text import expected

SOLVE: Final = "solve/instructions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """The answer of a problem, and its solution where one is written."""

    answer: int
    solution: str = ""


def judge(case: Case[str, Any, Any], output: str, trace: Trace) -> Score:
    """Score one answer: nothing but an integer counts."""
    solved = expected(case, Solved)
    try:
        answer = int(output)
    except ValueError:
        answer = None
    right = answer == solved.answer
    told = f"correct: {solved.answer}" if right else f"expected {str(solved.answer)!r}, got {output!r}"
    if answer is None:
        told += "; the answer must be a valid integer and nothing else, and this could not be parsed as one"
    return Score(
        value=float(right),
        feedback=told,
        blame={SOLVE: f"{told}. The full step-by-step solution:\n{solved.solution}"} if solved.solution else {},
    )
