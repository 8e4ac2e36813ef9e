"""The program: search, summarize, write a query, search, summarize, write a query, search. Plain Python, four agents.

Each agent has one text, which is as vague as people write it: to make the four better, each at its own fault, is the
optimizer's task. The pages are those of `multihop`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic_ai import Agent

from spanwright import optimizable
from spanwright_agents.multihop.library import Passage, library
from spanwright_agents.multihop.program import printed

MODEL = "openai:gpt-5-mini"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """A search: the query that was written, and what it found."""

    query: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """The titles of all pages found, and how they were; of an expected trail the gold titles, in order, are enough."""

    titles: tuple[str, ...]
    hops: tuple[Hop, ...] = ()
    summaries: tuple[str, ...] = ()
    """Each tells what the hop of the same place found."""


first_summary = Agent(MODEL, name="first_summary", instructions="Summarize the passages.", defer_model_check=True)
second_query = Agent(MODEL, name="second_query", instructions="Write a search query.", defer_model_check=True)
second_summary = Agent(MODEL, name="second_summary", instructions="Summarize the passages.", defer_model_check=True)
third_query = Agent(MODEL, name="third_query", instructions="Write a search query.", defer_model_check=True)


@optimizable(agents=[first_summary, second_query, second_summary, third_query])
async def trace_claim(claim: str) -> Trail:
    """Find the pages that it takes to check a claim."""
    hops = [Hop(query=claim, passages=library().best(claim))]
    summaries: list[str] = []
    for summarizer, writer in ((first_summary, second_query), (second_summary, third_query)):
        told = await summarizer.run(_asked(claim, summaries, f"Passages:\n\n{printed(hops[-1].passages)}"))
        summaries.append(told.output)
        written = await writer.run(_asked(claim, summaries))
        hops.append(Hop(query=written.output, passages=library().search(written.output).passages))
    found = dict.fromkeys(passage.title for hop in hops for passage in hop.passages)
    return Trail(titles=tuple(found), hops=tuple(hops), summaries=tuple(summaries))


def _asked(claim: str, summaries: Sequence[str], *more: str) -> str:
    """Return what an agent is asked: the claim, what was summarized so far, and what else it is to read."""
    told = (f"Summary {number}: {summary}" for number, summary in enumerate(summaries, 1))
    return "\n\n".join((f"Claim: {claim}", *told, *more))
