"""Judges of short answers to questions over passages, by the rules of HotpotQA: exact match and token F1.

Their reasons state what was expected, what came, and which gold passages were never found; never what to do about it.
"""

import re
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic_evals.evaluators import EvaluationReason, Evaluator, EvaluatorContext

CLOSED = frozenset({"yes", "no", "noanswer"})


class Answered(Protocol):
    """An answer and the titles of the passages behind it; of an expected answer, the gold titles."""

    @property
    def text(self) -> str: ...

    @property
    def titles(self) -> Sequence[str]: ...


@dataclass
class ExactMatch(Evaluator[object, Answered, object]):
    """Assert that the answer is the expected one, but for case, punctuation and articles."""

    def evaluate(self, ctx: EvaluatorContext[object, Answered, object]) -> EvaluationReason:
        expected = wanted(ctx)
        right = normalized(ctx.output.text) == normalized(expected.text)
        reason = f"expected {expected.text!r}, got {ctx.output.text!r}"
        missed = [title for title in expected.titles if title not in ctx.output.titles]
        if missed:
            reason += f"; the passages found did not include {' and '.join(map(repr, missed))}"
        return EvaluationReason(value=right, reason=reason)


@dataclass
class TokenF1(Evaluator[object, Answered, object]):
    """Score the words that the answer shares with the expected one."""

    def evaluate(self, ctx: EvaluatorContext[object, Answered, object]) -> float:
        return f1(ctx.output.text, wanted(ctx).text)


def wanted(ctx: EvaluatorContext[object, Answered, object]) -> Answered:
    """Return the expected answer of the case. Raises ValueError where it has none."""
    if ctx.expected_output is None:
        raise ValueError(f"case {ctx.name!r} has no expected output to compare with: give it one")
    return ctx.expected_output


def normalized(answer: str) -> str:
    """Return the answer in lower case, without punctuation, articles and superfluous blanks."""
    bare = "".join(sign for sign in answer.lower() if sign not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", bare).split())


def f1(answer: str, expected: str) -> float:
    """Return the F1 of the two answers' words. A yes or no is never partly right."""
    got, gold = normalized(answer), normalized(expected)
    if got != gold and (got in CLOSED or gold in CLOSED):
        return 0.0
    shared = sum((Counter(got.split()) & Counter(gold.split())).values())
    total = len(got.split()) + len(gold.split())
    return 2 * shared / total if total else float(got == gold)
