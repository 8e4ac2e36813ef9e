"""Texts as DSPy's metrics compare them, and lists as feedback shows them."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from pydantic_evals import Case

from spanwright_evaluators.answer import normalized

Expected = TypeVar("Expected")


def expected(case: Case[Any, Any, Any], kind: type[Expected]) -> Expected:
    """Return what a case expects. Raises ValueError where it expects nothing of the kind."""
    if not isinstance(case.expected_output, kind):
        raise ValueError(  # noqa: TRY004  (a case without an answer is no wrong type)
            f"case {case.name!r} has no {kind.__name__} to compare with: give it one as expected output"
        )
    return case.expected_output


def normal(text: str) -> str:
    """Return a text without case, punctuation, articles and superfluous blanks; accents are parted from their letters.

    It is `dspy.evaluate.normalize_text`: SQuAD's rules on the canonical decomposition of Unicode.
    """
    return normalized(unicodedata.normalize("NFD", text))


def listed(items: Iterable[str]) -> str:
    """Return items as a sentence has them, "none" where there are none."""
    return "; ".join(items) or "none"


def quoted(items: Iterable[str]) -> str:
    """Return items in quotes."""
    return " and ".join(map(repr, items))


def bare(title: str) -> str:
    """Return a title without what stands in brackets behind it."""
    return title.partition(" (")[0]


def left_out(wanted: Sequence[str], texts: Sequence[str], told: Sequence[str]) -> str:
    """Return which words stand in texts that were read and not in what was told of them; empty where there are none."""
    missing = [each for each in wanted if any(each in text for text in texts) and not any(each in one for one in told)]
    return f" The summary leaves out {quoted(missing)}, which the documents have." if missing else ""
