"""HotpotQA: search, summarize, write a query, search, summarize, answer. Four modules, seven passages a search."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from pydantic_evals import Case

from spanwright import optimizable
from spanwright_agents.paper.corpus import Abstracts, title_of
from spanwright_agents.paper.modules import chain_of_thought
from spanwright_agents.paper.sources import Row, Source, parsed
from spanwright_agents.paper.task import PaperTask, Sizes, Staged, cut, evals_of
from spanwright_evaluators.paper.hotpotqa import Facts, judge

PASSAGES: Final = 7

summarize1 = chain_of_thought("summarize1", ("question", "passages"), "summary")
create_query_hop2 = chain_of_thought("create_query_hop2", ("question", "summary_1"), "query")
summarize2 = chain_of_thought("summarize2", ("question", "context", "passages"), "summary")
final_answer = chain_of_thought("final_answer", ("question", "summary_1", "summary_2"), "answer")

MODULES: Final = (summarize1, create_query_hop2, summarize2, final_answer)

QUESTIONS: Final = Source(
    file="hotpot_train_v1.1.json",
    address="http://curtis.ml.cmu.edu/datasets/hotpot/hotpot_train_v1.1.json",
    licence="CC BY-SA 4.0",
    size="566 MB",
)
ABSTRACTS: Final = Source(
    file="wiki.abstracts.2017.jsonl",
    address="https://huggingface.co/dspy/cache/resolve/main/wiki.abstracts.2017.tar.gz",
    licence="CC BY-SA 4.0",
    size="5.2 million abstracts",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer, and the titles that each hop found."""

    answer: str
    found: tuple[tuple[str, ...], ...]
    query: str = ""
    summaries: tuple[str, ...] = ()


def answering(abstracts: Abstracts) -> Any:
    """Return the program over a collection of abstracts."""

    @optimizable(agents=[module.agent for module in MODULES])
    async def answer_question(question: str) -> Answered:
        """Answer a question from what two searches find."""
        first = await abstracts.search(question, most=PASSAGES)
        summary_1 = await summarize1(question=question, passages=first)
        query = await create_query_hop2(question=question, summary_1=summary_1)
        second = await abstracts.search(query, most=PASSAGES)
        summary_2 = await summarize2(question=question, context=summary_1, passages=second)
        answer = await final_answer(question=question, summary_1=summary_1, summary_2=summary_2)
        found = tuple(tuple(map(title_of, passages)) for passages in (first, second))
        return Answered(answer=answer, found=found, query=query, summaries=(summary_1, summary_2))

    return answer_question


def question_of(row: Row) -> Case[str, Facts, None]:
    """Return the case of a row, in the form of the official file or of its Hugging Face copy."""
    facts, context = _pairs(row["supporting_facts"], "sent_id"), dict(_pairs(row["context"], "sentences"))
    sentences = tuple(
        (title.strip(), context[title][number]) for title, number in facts if number < len(context[title])
    )
    texts = {title.strip(): "".join(context[title]) for title in dict.fromkeys(title for title, _ in facts)}
    return Case(
        name=str(row.get("_id") or row.get("id") or "") or None,
        inputs=str(row["question"]),
        expected_output=Facts(answer=str(row["answer"]), sentences=sentences, texts=texts),
    )


def _pairs(value: object, second: str) -> list[tuple[str, Any]]:
    """Return pairs that stand as pairs in the official file, and as two lists in the copy."""
    if isinstance(value, Mapping):
        lists = cast("Mapping[str, list[Any]]", value)
        return list(zip(lists["title"], lists[second], strict=True))
    return [(title, other) for title, other in cast("list[tuple[str, Any]]", value)]


def stage(folder: Path, sizes: Sizes) -> Staged:
    """Read questions and abstracts."""
    parts = [parsed(QUESTIONS.path(folder), rows, question_of) for rows in cut(QUESTIONS.rows(folder), sizes)]
    return Staged(program=answering(Abstracts.open(ABSTRACTS.path(folder))), evals=evals_of(parts, judge))


TASK: Final = PaperTask(
    name="hotpotqa",
    title="HotpotQA",
    modules=MODULES,
    sources=(QUESTIONS, ABSTRACTS),
    sizes=Sizes(train=150, validation=300, test=300),
    budget=6871,
    few=Sizes(train=12, validation=12, test=24),
    stage=stage,
)
