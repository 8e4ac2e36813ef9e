"""Judges of agents that act on a system of record: what do the books say afterwards, and what was the customer told?

Reasons state facts, expected and got, table by table; never which rule was broken, nor what to write about it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic_evals.evaluators import EvaluationReason, Evaluator, EvaluatorContext


class Ended(Protocol):
    """How a case ended. Of an expected ending, `reply` lists what the reply has to contain, parted by ", "."""

    @property
    def reply(self) -> str: ...

    @property
    def books(self) -> Mapping[str, Sequence[str]]: ...


@dataclass
class EndState(Evaluator[object, Ended, object]):
    """Assert that the books are as expected, and that the reply contains what it has to."""

    replies: bool = True
    """Whether the reply counts."""

    def evaluate(self, ctx: EvaluatorContext[object, Ended, object]) -> Mapping[str, EvaluationReason]:
        if ctx.expected_output is None:
            raise ValueError(f"case {ctx.name!r} has no expected output to compare with: give it one")
        judgements = judged(ctx.output, ctx.expected_output)
        return judgements if self.replies else {"end_state": judgements["end_state"]}


def judged(output: Ended, expected: Ended) -> Mapping[str, EvaluationReason]:
    """Return both assertions with their reasons."""
    differing = [
        f"{table} were {_row(output.books.get(table))}, should be {_row(expected.books.get(table))}"
        for table in sorted({*output.books, *expected.books})
        if sorted(output.books.get(table, ())) != sorted(expected.books.get(table, ()))
    ]
    missing = [words for words in expected.reply.split(", ") if words.lower() not in output.reply.lower()]
    said = f"the reply should contain {', '.join(map(repr, missing))}; it was {output.reply!r}"
    return {
        "end_state": EvaluationReason(value=not differing, reason="; ".join(differing) or "the books are as expected"),
        "reply": EvaluationReason(value=not missing, reason=said if missing else "the reply says what it has to"),
    }


def _row(rows: Sequence[str] | None) -> str:
    return f"[{', '.join(sorted(rows or ()))}]"


class Looked(Ended, Protocol):
    """How a case ended whose reads count, too."""

    @property
    def reads(self) -> Mapping[str, Sequence[str]]: ...


@dataclass
class Served(Evaluator[object, Looked, object]):
    """Assert in one that the books are as expected and that all was read that had to be; more reads do no harm."""

    def evaluate(self, ctx: EvaluatorContext[object, Looked, object]) -> Mapping[str, EvaluationReason]:
        if ctx.expected_output is None:
            raise ValueError(f"case {ctx.name!r} has no expected output to compare with: give it one")
        return {"served": served(ctx.output, ctx.expected_output)}


def served(output: Looked, expected: Looked) -> EvaluationReason:
    """Return the assertion with its reason."""
    books = judged(output, expected)["end_state"]
    unread = [
        f"{what} should have been read: {_row([row for row in rows if row not in output.reads.get(what, ())])}"
        for what, rows in sorted(expected.reads.items())
        if not set(rows) <= set(output.reads.get(what, ()))
    ]
    reasons = [*([str(books.reason)] if not books.value else []), *unread]
    return EvaluationReason(value=not reasons, reason="; ".join(reasons) or "the books and reads are as expected")
