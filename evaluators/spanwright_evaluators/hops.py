"""A judge of retrieval in several hops: were all pages found, and if not, which module lost the trail?

The score is all or nothing, as HoVer has it. Feedback is for each module: a summary that leaves out what leads on, a
query that misses a page that its summaries name. A module that could not know is not blamed. It states facts, never
what to do about them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic_evals import Case

from spanwright import Score, Trace


class Page(Protocol):
    """A page that a search found."""

    @property
    def title(self) -> str: ...
    @property
    def text(self) -> str: ...


class Hop(Protocol):
    """A search: the query, and what it found."""

    @property
    def query(self) -> str: ...
    @property
    def passages(self) -> Sequence[Page]: ...


class Trail(Protocol):
    """All titles found, and how; of an expected trail, the gold titles in the order in which they lead on."""

    @property
    def titles(self) -> Sequence[str]: ...
    @property
    def hops(self) -> Sequence[Hop]: ...
    @property
    def summaries(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hops:
    """A metric for programs that search, summarize and write the next query, in turn."""

    summaries: tuple[str, ...]
    """The components that summaries come from, in order: the first tells what the first search found."""
    queries: tuple[str, ...]
    """The components that queries come from, in order, from the second search on."""

    def __call__(self, case: Case[Any, Any, Any], output: Trail, trace: Trace) -> Score:
        """Judge one trail. Raises ValueError for a case that names no gold titles."""
        if case.expected_output is None:
            raise ValueError(f"case {case.name!r} has no expected output to compare with: give it one")
        gold: Sequence[str] = case.expected_output.titles
        missed = [title for title in gold if title not in output.titles]
        found = len(gold) - len(missed)
        return Score(
            value=float(not missed),
            feedback=f"{found} of {len(gold)} pages found" + (f"; not {_quoted(missed)}" if missed else ""),
            objectives={"all found": float(not missed), "recall": found / len(gold)},
            blame=self._blame(gold, output) if missed else {},
        )

    def _blame(self, gold: Sequence[str], output: Trail) -> Mapping[str, str]:
        """Return what each module did that lost the trail, for the modules that did."""
        blame: dict[str, str] = {}
        read: list[Page] = []
        for place, (summary, query) in enumerate(zip(self.summaries, self.queries, strict=True)):
            if place + 1 >= len(output.hops):
                break
            read.extend(output.hops[place].passages)
            known = {page.title for page in read}
            open_titles = [title for title in gold if title not in known]
            if len(open_titles) > len(self.queries) - place:  # lost before: nothing here could have found all
                break
            told = "\n".join(output.summaries[: place + 1])
            if said := "; ".join(_left_out(gold, open_titles, output.hops[place].passages, told)):
                blame[summary] = said
            if said := _astray(open_titles, output.hops[place + 1], told):
                blame[query] = said
        return blame


def _left_out(gold: Sequence[str], wanted: Sequence[str], read: Sequence[Page], told: str) -> Iterator[str]:
    """Yield the wanted pages whose names stand in a gold page that was read, and not in what was told of it."""
    for page in read:
        for title in wanted:
            if page.title in gold and name_of(title) in page.text and name_of(title) not in told:
                yield f"the summary leaves out {name_of(title)!r}, which the passage {page.title!r} names"


def _astray(wanted: Sequence[str], hop: Hop, told: str) -> str:
    """Return what a query missed of the wanted pages that the summaries name; empty where it found one, or none is."""
    known = [title for title in wanted if name_of(title) in told]
    found = [page.title for page in hop.passages]
    if not known or any(title in found for title in wanted):
        return ""
    came = f"it found {_quoted(found)}" if found else "it found nothing"
    return f"the query {hop.query!r} did not find {_quoted(known)}, which the summaries name; {came}"


def name_of(title: str) -> str:
    """Return a title without what stands in brackets behind it."""
    return title.partition(" (")[0]


def _quoted(titles: Sequence[str]) -> str:
    return " and ".join(map(repr, titles))
