"""What is written of a harvest: a pydantic_evals Dataset, and a page of the clusters for a person to read.

A case has an expected output where somebody recorded one with a trace. Else none is known, and the file says so: what a
failed trace said is not what it should have said. Who adds it knows the answer.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import JsonValue
from pydantic_evals import Case, Dataset

from spanwright.errors import StoreError
from spanwright.mining.failing import Failure
from spanwright.mining.harvesting import Harvest, Mined

Metadata: TypeAlias = dict[str, JsonValue]
MinedSet: TypeAlias = Dataset[str, Any, Metadata]

UNKNOWN = "none is known: add expected_output, or evaluators that need none"
_EXAMPLES = 5
_LONGEST = 160


def dataset_of(harvest: Harvest, name: str = "mined") -> MinedSet:
    """Return the cases, each named by its trace, which its metadata tells, too, with what went wrong."""
    cases: list[Case[str, Any, Metadata]] = [
        Case(
            name=mined.trace,
            inputs=mined.question,
            expected_output=mined.wanted.text if mined.wanted else None,
            metadata=_metadata(mined),
        )
        for mined in harvest.cases
    ]
    return Dataset[str, Any, Metadata](name=name, cases=cases)


def write_dataset(harvest: Harvest, path: Path) -> None:
    """Write the cases as YAML with their schema beside it. Raises StoreError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        dataset_of(harvest, path.stem).to_file(path, fmt="yaml")
    except OSError as error:
        raise StoreError.of_writing(path, error) from error


def write_page(harvest: Harvest, path: Path) -> None:
    """Write the page of clusters. Raises StoreError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)  # what customers said is no one else's business
        path.write_text(page_of(harvest), encoding="utf-8")
    except OSError as error:
        raise StoreError.of_writing(path, error) from error


def page_of(harvest: Harvest) -> str:
    """Return the clusters of failures as markdown, the largest first."""
    asked = harvest.questions
    return "\n".join(
        [*_head(harvest), *(line for name, some in harvest.clusters for line in _cluster(name, some, asked))]
    )


def _metadata(mined: Mined) -> Metadata:
    worst = mined.failures[0]
    told: Metadata = {
        "trace": mined.trace,
        "kind": worst.kind.value,
        "place": worst.place,
        "message": worst.message,
        "expected": f"recorded as {mined.wanted.name!r}" if mined.wanted else UNKNOWN,
        "kinds": [kind.value for kind in mined.kinds],
        "answer": mined.answer,
        "turns_before": mined.turns_before,
        "alike": [other.trace for other in mined.alike],
    }
    return {key: value for key, value in told.items() if value}


def _head(harvest: Harvest) -> Iterator[str]:
    yield "# Failures\n"
    yield f"{harvest.failed} of {harvest.traces} traces failed; they make {len(harvest.cases)} cases."
    if harvest.silent:
        yield f"{harvest.silent} of them do not tell what was asked: `spanwright traces check` names the switch."
    known = sum(mined.wanted is not None for mined in harvest.cases)
    if harvest.cases:
        yield f"{known} of the cases have an expected output, which somebody recorded with a trace."
    if known < len(harvest.cases):
        yield f"Of {len(harvest.cases) - known} none is known: add `expected_output`, or evaluators that need none."
    yield "\n| traces | failure |\n|---:|---|"
    for name, some in harvest.clusters:
        yield f"| {_count(some)} | {_cell(name)} |"


def _cluster(name: str, some: tuple[Failure, ...], asked: Mapping[str, str]) -> Iterator[str]:
    yield f"\n## {_cell(name)}\n"
    yield "1 trace." if _count(some) == 1 else f"{_count(some)} traces."
    if some[0].message:
        yield f"The first says: {_code(some[0].message)}"
    yield ""
    traces = [*dict.fromkeys(failure.trace for failure in some)]
    shown = traces[:_EXAMPLES]
    yield from (f"- `{trace}`" + (f": {_code(asked[trace])}" if trace in asked else "") for trace in shown)
    if len(traces) > len(shown):
        yield f"- and {len(traces) - len(shown)} more"


def _count(some: tuple[Failure, ...]) -> int:
    return len({failure.trace for failure in some})


def _cell(text: str) -> str:
    """Return a line that a table of markdown takes: what traces say is data, never markup."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>#|!" else letter for letter in _line(text))


def _code(text: str) -> str:
    return f"`{_line(text).replace('`', 'ˋ')}`"


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
