"""Each error of ours says what is wrong, with which thing, and what to do, and has a section in the reference."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from spanwright import errors
from spanwright.errors import (
    CandidateFailed,
    MalformedOtlp,
    RunMismatch,
    SpanwrightError,
    StoreError,
    UsageError,
    UserBug,
    WorldFailed,
)

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "src" / "spanwright").rglob("*.py"))
CURED = {"UsageError", "StoreError"}
"""Errors whose last argument says what to do; the others have a remedy that is always the same."""

TEXTS = {
    UsageError("two agents are named 'shop'.", "Give each its own name"): (
        "two agents are named 'shop'. Give each its own name"
    ),
    UserBug("tool refund", "KeyError: 'A-1'", case="ticket 3", trace="evening 12"): (
        "tool refund failed: KeyError: 'A-1' on case 'ticket 3' (rollout trace evening 12). "
        "Fix it and resume the run: finished rollouts are kept."
    ),
    StoreError("opening the store runs.db failed: it is a database, but not ours", "Name another file"): (
        "opening the store runs.db failed: it is a database, but not ours. Name another file"
    ),
    RunMismatch("evening", ["cases: 40, was 39", "policy: gepa, was default"]): (
        "run 'evening' cannot be resumed, it was made with other settings: cases: 40, was 39; policy: gepa, was default"
        ". Restore them, or give another run name"
    ),
    MalformedOtlp("line 3 of spans.jsonl is no JSON"): (
        "line 3 of spans.jsonl is no JSON. Send what an OpenTelemetry exporter writes, unchanged"
    ),
}
WITHIN_A_ROLLOUT = {CandidateFailed, WorldFailed}
"""Never leave `optimize`: what they say is for reports, and nobody has to do anything."""


def tree(root: type[SpanwrightError] = SpanwrightError) -> Iterator[type[SpanwrightError]]:
    yield root
    for each in root.__subclasses__():
        if each.__module__ == errors.__name__:
            yield from tree(each)


def made(names: set[str]) -> Iterator[tuple[str, ast.Call]]:
    """Yield each place where one of these errors is made."""
    for module in SOURCES:
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                yield f"{module.relative_to(ROOT)}:{node.lineno}", node


def words(node: ast.expr) -> str:
    """Return the fixed words of a message, with … for what is filled in."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr():
            return "".join(words(part) for part in node.values)
        case _:
            return "…"


@pytest.mark.parametrize("error", list(tree()), ids=lambda error: error.__name__)
def test_each_error_has_a_section_that_it_names(error: type[SpanwrightError]) -> None:
    page, _, anchor = error.page().partition("#")
    headings = re.findall(r"^## (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)

    assert anchor in [heading.lower() for heading in headings]
    assert error.__name__ in (errors.__doc__ or ""), "the tree at the top of errors.py is complete"


@pytest.mark.parametrize(("error", "text"), TEXTS.items(), ids=lambda of: type(of).__name__)
def test_each_error_says_what_which_and_what_to_do(error: SpanwrightError, text: str) -> None:
    assert text == str(error)
    assert [f"More about it: {error.page()}"] == error.__notes__


def test_no_error_that_leaves_us_is_without_a_text_of_its_own() -> None:
    assert {type(error) for error in TEXTS} | WITHIN_A_ROLLOUT | {SpanwrightError} >= {
        error for error in tree() if not issubclass(error, (CandidateFailed, WorldFailed))
    }


def test_wherever_an_error_is_made_it_says_what_to_do() -> None:
    faults = {place: fault for place, call in made(CURED) for fault in faults_of(call)}

    assert {} == faults


def faults_of(call: ast.Call) -> Iterator[str]:
    what, remedy = (*(words(argument) for argument in call.args), "…")[:2]  # a StoreError has one of its own
    if len(what) < 2 and what != "…":
        yield "it does not say what is wrong"
    if remedy != "…" and len(remedy.split()) < 2:
        yield f"it does not say what to do: {remedy!r}"
    if not re.match(r"[A-Z…`\"']", remedy):
        yield f"a remedy is a sentence: {remedy!r}"
    if remedy.endswith("."):
        yield f"a remedy ends without a full stop: {remedy!r}"


@pytest.mark.parametrize("error", [CandidateFailed, WorldFailed])
def test_who_raises_a_failure_with_a_message_alone_is_understood(error: type[CandidateFailed | WorldFailed]) -> None:
    raised = error("the database is down")

    assert ("program", "the database is down") == (raised.boundary, raised.message)
    assert "the database is down" in str(raised)
