"""HoVer: were all gold pages found? For each of the four modules, what its summary or query helped to find, and missed.

The score is all or nothing; feedback has the facts of the paper's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pydantic_evals import Case

from spanwright import Score, Trace
from spanwright_evaluators.paper.text import bare, expected, left_out, listed, normal, quoted

SUMMARIZE1: Final = "summarize1/instructions"
CREATE_QUERY_HOP2: Final = "create_query_hop2/instructions"
SUMMARIZE2: Final = "summarize2/instructions"
CREATE_QUERY_HOP3: Final = "create_query_hop3/instructions"

RIGHT_SUMMARIES: Final = (
    "Your summaries are correct and useful in guiding query generation to retrieve relevant evidence documents."
)
RIGHT_QUERIES: Final = "Your queries are correct and useful in retrieving relevant evidence documents."


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The pages that it takes to check a claim."""

    titles: tuple[str, ...]


class Trail(Protocol):
    """The titles that each of three searches found, the queries of the last two, and what was summed up for them."""

    @property
    def found(self) -> Sequence[Sequence[str]]: ...
    @property
    def texts(self) -> Mapping[str, str]:
        """What was found, by title."""
        ...

    @property
    def queries(self) -> Sequence[str]: ...
    @property
    def summaries(self) -> Sequence[str]: ...


def judge(case: Case[str, Any, Any], output: Trail, trace: Trace) -> Score:
    """Score one trail."""
    gold = {normal(title): title for title in expected(case, Evidence).titles}
    hops = [frozenset(map(normal, titles)) for titles in output.found]
    missed = gold.keys() - frozenset[str]().union(*hops)
    return Score(
        value=float(not missed),
        feedback=f"{len(gold) - len(missed)} of {len(gold)} pages found"
        + (f"; not {quoted(sorted(gold[each] for each in missed))}" if missed else ""),
        objectives={"all found": float(not missed), "recall": (len(gold) - len(missed)) / len(gold)},
        blame=_told(gold, hops, output) if missed else _RIGHT,
    )


_RIGHT: Final[Mapping[str, str]] = {
    SUMMARIZE1: RIGHT_SUMMARIES,
    CREATE_QUERY_HOP2: RIGHT_QUERIES,
    SUMMARIZE2: RIGHT_SUMMARIES,
    CREATE_QUERY_HOP3: RIGHT_QUERIES,
}


def _told(gold: Mapping[str, str], hops: Sequence[frozenset[str]], output: Trail) -> Mapping[str, str]:
    """Return what each module is told: a summary answers for all later searches, a query for the next one."""
    first, second, third = hops
    after1, after2 = first, first | second
    whole = after2 | third
    read = [text for title, text in output.texts.items() if normal(title) in gold and normal(title) in first]
    more = [text for title, text in output.texts.items() if normal(title) in gold and normal(title) in after2]
    return {
        SUMMARIZE1: _part("summary", gold, after1, whole) + _clues(gold, after1, read, output.summaries[:1]),
        CREATE_QUERY_HOP2: _part("query", gold, after1, after2) + _astray(gold, after2, output.queries[0]),
        SUMMARIZE2: _part("summary", gold, after2, whole) + _clues(gold, after2, more, output.summaries),
        CREATE_QUERY_HOP3: _part("query", gold, after2, whole) + _astray(gold, whole, output.queries[1]),
    }


def _part(what: str, gold: Mapping[str, str], before: frozenset[str], after: frozenset[str]) -> str:
    """Return which pages were wanted where a module came in, and which of them were found."""
    wanted = [key for key in gold if key not in before]
    helped = listed(gold[key] for key in wanted if key in after)
    missing = listed(gold[key] for key in wanted if key not in after)
    return f"Evidence that the {what} helped to retrieve: {helped}; evidence still missing: {missing}."


def _clues(gold: Mapping[str, str], known: frozenset[str], read: Sequence[str], told: Sequence[str]) -> str:
    return left_out([bare(title) for key, title in gold.items() if key not in known], read, told)


def _astray(gold: Mapping[str, str], found: frozenset[str], query: str) -> str:
    missed = [title for key, title in gold.items() if key not in found]
    return f" The query {query!r} did not find {quoted(missed)}." if missed else ""
