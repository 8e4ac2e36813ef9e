"""HoVer: find the three pages for a claim. Four modules between three searches, which give 7, 7 and 10 passages."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic_evals import Case

from spanwright import optimizable
from spanwright_agents.paper.corpus import Abstracts, title_of
from spanwright_agents.paper.hotpotqa import ABSTRACTS
from spanwright_agents.paper.modules import chain_of_thought
from spanwright_agents.paper.sources import Row, Source, parsed
from spanwright_agents.paper.task import PaperTask, Sizes, Staged, cut, evals_of, shuffled
from spanwright_evaluators.paper.hover import Evidence, judge

PASSAGES: Final = 7
PASSAGES_AT_LAST: Final = 10
PAGES: Final = 3
"""Only claims with so many gold pages are taken."""

summarize1 = chain_of_thought("summarize1", ("claim", "passages"), "summary")
create_query_hop2 = chain_of_thought("create_query_hop2", ("claim", "summary_1"), "query")
summarize2 = chain_of_thought("summarize2", ("claim", "context", "passages"), "summary")
create_query_hop3 = chain_of_thought("create_query_hop3", ("claim", "summary_1", "summary_2"), "query")

MODULES: Final = (summarize1, create_query_hop2, summarize2, create_query_hop3)

CLAIMS: Final = Source(
    file="hover_train_release_v1.1.json",
    address="https://raw.githubusercontent.com/hover-nlp/hover/main/data/hover/hover_train_release_v1.1.json",
    licence="CC BY-SA 4.0",
    size="about 10 MB",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """What three searches found, the queries of the last two, and what was summed up for them."""

    found: tuple[tuple[str, ...], ...]
    texts: Mapping[str, str]
    queries: tuple[str, ...]
    summaries: tuple[str, ...]


def tracing(abstracts: Abstracts) -> Any:
    """Return the program over a collection of abstracts."""

    @optimizable(agents=[module.agent for module in MODULES])
    async def trace_claim(claim: str) -> Trail:
        """Find the pages for a claim."""
        first = await abstracts.search(claim, most=PASSAGES)
        summary_1 = await summarize1(claim=claim, passages=first)
        query_2 = await create_query_hop2(claim=claim, summary_1=summary_1)
        second = await abstracts.search(query_2, most=PASSAGES)
        summary_2 = await summarize2(claim=claim, context=summary_1, passages=second)
        query_3 = await create_query_hop3(claim=claim, summary_1=summary_1, summary_2=summary_2)
        third = await abstracts.search(query_3, most=PASSAGES_AT_LAST)
        hops = (first, second, third)
        return Trail(
            found=tuple(tuple(map(title_of, passages)) for passages in hops),
            texts={title_of(each): each.partition(" | ")[2] for passages in hops for each in passages},
            queries=(query_2, query_3),
            summaries=(summary_1, summary_2),
        )

    return trace_claim


def claim_of(row: Row) -> Case[str, Evidence, None]:
    """Return the case of a row, in the form of the official file or of its Hugging Face copy."""
    facts = (fact["key"] if isinstance(fact, Mapping) else fact[0] for fact in row["supporting_facts"])
    return Case(
        name=str(row.get("uid") or "") or None,
        inputs=str(row["claim"]),
        expected_output=Evidence(titles=tuple(dict.fromkeys(map(str, facts)))),
    )


def stage(folder: Path, sizes: Sizes) -> Staged:
    """Read claims and abstracts."""
    claims = parsed(CLAIMS.path(folder), CLAIMS.rows(folder), claim_of)
    wanted = [case for case in claims if case.expected_output and len(case.expected_output.titles) == PAGES]
    parts = cut(shuffled(wanted), sizes)
    return Staged(program=tracing(Abstracts.open(ABSTRACTS.path(folder))), evals=evals_of(parts, judge))


TASK: Final = PaperTask(
    name="hover",
    title="HoVer",
    modules=MODULES,
    sources=(CLAIMS, ABSTRACTS),
    sizes=Sizes(train=150, validation=300, test=300),
    budget=7051,
    few=Sizes(train=12, validation=12, test=24),
    stage=stage,
)
