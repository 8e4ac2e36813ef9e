"""HotpotQA: exact match of the answer, and for each of the four modules what its part was worth.

The feedback has the facts of the paper's own: gold titles found and missed, and the gold sentences that a summary
should have had. What a module is for it reads in its text, so that is not repeated here.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic_evals import Case

from spanwright import Score, Trace
from spanwright_evaluators.paper.text import bare, expected, left_out, listed, normal, quoted

SUMMARIZE1 = "summarize1/instructions"
CREATE_QUERY_HOP2 = "create_query_hop2/instructions"
SUMMARIZE2 = "summarize2/instructions"
FINAL_ANSWER = "final_answer/instructions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a question."""

    answer: str
    sentences: tuple[tuple[str, str], ...]
    """The supporting facts, each with its title."""
    texts: Mapping[str, str]
    """The whole paragraph of each gold title."""

    @property
    def titles(self) -> tuple[str, ...]:
        """The gold titles, each once."""
        return tuple(dict.fromkeys(title for title, _ in self.sentences))


class Answered(Protocol):
    """An answer, and how it was come by."""

    @property
    def answer(self) -> str: ...
    @property
    def found(self) -> Sequence[Sequence[str]]:
        """The titles that each search found."""
        ...

    @property
    def query(self) -> str: ...
    @property
    def summaries(self) -> Sequence[str]: ...


def judge(case: Case[str, Any, Any], output: Answered, trace: Trace) -> Score:
    """Score one answer."""
    facts = expected(case, Facts)
    right = normal(output.answer) == normal(facts.answer)
    found = {title for titles in output.found for title in titles}
    return Score(
        value=float(right),
        feedback=_verdict(output.answer, facts, right=right),
        objectives={"exact match": float(right), "gold pages": _share(facts.titles, found)},
        blame=_told(facts, output, right=right),
    )


def _told(facts: Facts, output: Answered, *, right: bool) -> Mapping[str, str]:
    """Return what each module is told."""
    hops = _Hops.of(facts, output)
    return {
        SUMMARIZE1: _first_summary(facts, hops, output),
        CREATE_QUERY_HOP2: _second_query(facts, hops, output),
        SUMMARIZE2: _second_summary(facts, hops, output),
        FINAL_ANSWER: _verdict(output.answer, facts, right=right)
        + " Behind it:"
        + "".join(f"\n{title}: {text}" for title, text in facts.texts.items()),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hops:
    """The gold titles by when they were found."""

    first: tuple[str, ...]
    wanted: tuple[str, ...]
    """Those that the first search left to the second."""
    second: tuple[str, ...]
    missed: tuple[str, ...]

    @classmethod
    def of(cls, facts: Facts, output: Answered) -> "_Hops":
        first, second = (frozenset(titles) for titles in output.found)
        wanted = tuple(title for title in facts.titles if title not in first)
        return cls(
            first=tuple(title for title in facts.titles if title in first),
            wanted=wanted,
            second=tuple(title for title in wanted if title in second),
            missed=tuple(title for title in wanted if title not in second),
        )

    @property
    def opening(self) -> str:
        return f"Relevant documents that the first search retrieved: {listed(self.first)}"


def _first_summary(facts: Facts, hops: _Hops, output: Answered) -> str:
    read = [facts.texts[title] for title in hops.first]
    clues = left_out([bare(title) for title in hops.wanted], read, output.summaries[:1])
    return (
        f"{hops.opening}; still missing after it: {listed(hops.wanted)}. {_right(facts)}{clues} An ideal summary would"
        f" have these facts, and the clues that lead to what is missing:\n{_ideal(facts)}"
    )


def _second_query(facts: Facts, hops: _Hops, output: Answered) -> str:
    lost = f" The query {output.query!r} did not find {quoted(hops.missed)}." if hops.missed else ""
    return (
        f"{hops.opening}; still to be retrieved by the query: {listed(hops.wanted)}; retrieved by it:"
        f" {listed(hops.second)} ({len(hops.second)} of {len(hops.wanted)}). {_right(facts)}{lost}"
    ) + "".join(f"\n{title} | {facts.texts[title]}" for title in hops.missed)


def _second_summary(facts: Facts, hops: _Hops, output: Answered) -> str:
    read = [facts.texts[title] for title in (*hops.first, *hops.second)]
    return (
        f"{_right(facts)}{left_out([facts.answer], read, output.summaries)} An ideal summary would have these facts,"
        f" from both searches:\n{_ideal(facts)}"
    )


def _right(facts: Facts) -> str:
    return f"The correct answer is {facts.answer!r}."


def _ideal(facts: Facts) -> str:
    return "\n".join(f"{title} | {sentence.strip()}" for title, sentence in facts.sentences)


def _verdict(answer: str, facts: Facts, *, right: bool) -> str:
    return f"correct: {answer!r}" if right else f"expected {facts.answer!r}, got {answer!r}"


def _share(titles: Sequence[str], found: Collection[str]) -> float:
    return sum(title in found for title in titles) / len(titles) if titles else 1.0
