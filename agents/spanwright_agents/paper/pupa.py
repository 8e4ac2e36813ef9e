"""PUPA, the program PAPILLON: a request without what is private, an untrusted model's answer, a response from both."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from pydantic_ai import Agent
from pydantic_evals import Case

from spanwright import optimizable
from spanwright_agents.paper.modules import MODEL, chain_of_thought
from spanwright_agents.paper.sources import Row, Source, parsed
from spanwright_agents.paper.task import PaperTask, Sizes, Staged, evals_of
from spanwright_evaluators.paper.pupa import Judged, Private

craft_redacted_request = chain_of_thought(
    "craft_redacted_request",
    ("user_query",),
    "llm_request",
    "Given a private user query, create a privacy-preserving request for a powerful external LLM.\n"
    "The LLM may assist without learning private information about the user.",
)
respond_to_query = chain_of_thought(
    "respond_to_query",
    ("related_llm_request", "related_llm_response", "user_query"),
    "response",
    "Respond to a user query.\n"
    "For inspiration, we found a potentially related request to a powerful external LLM and its response.",
    reasons=False,
    hints={
        "related_llm_response": "information from a powerful LLM responding to a related request",
        "user_query": "the user's request you need to fulfill",
        "response": "your final response to the user's request",
    },
)
untrusted = Agent(MODEL, name="untrusted_model", defer_model_check=True)

_PROMPTS: Final = files("spanwright_evaluators.paper")
judge_quality = chain_of_thought(
    "judge_quality",
    ("user_query", "response_A", "response_B"),
    "judgment",
    _PROMPTS.joinpath("judge_quality.md").read_text("utf-8").strip(),
    hints={"user_query": "The user's request to be fulfilled.", "judgment": "must be True or False"},
)
judge_leakage = chain_of_thought(
    "judge_leakage",
    ("pii", "prompt"),
    "num_pii_leaked",
    _PROMPTS.joinpath("judge_leakage.md").read_text("utf-8").strip(),
    hints={"num_pii_leaked": "must be a single int value"},
)

MODULES: Final = (craft_redacted_request, respond_to_query)
HELPERS: Final = (untrusted, judge_quality.agent, judge_leakage.agent)
for each in HELPERS:  # not evolved: decorated, so that their requests count for the budget
    optimizable(each)

QUERIES: Final = Source(
    file="PUPA_New.csv",
    address="https://raw.githubusercontent.com/Columbia-NLP-Lab/PAPILLON/main/pupa/PUPA_New.csv",
    licence="MIT",
    size="2.9 MB",
    checksum="72d7659c717706bc987f0d296d9714f63db5e75c6645376ec75380e6638b8f91",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegated:
    """What the untrusted model was asked and answered, and the response that the user gets."""

    llm_request: str
    llm_response: str
    response: str


@optimizable(agents=[module.agent for module in MODULES])
async def respond_privately(user_query: str) -> Delegated:
    """Respond to a query with the help of a model that must not learn what is private."""
    request = await craft_redacted_request(user_query=user_query)
    answer = (await untrusted.run(request)).output
    response = await respond_to_query(related_llm_request=request, related_llm_response=answer, user_query=user_query)
    return Delegated(llm_request=request, llm_response=answer, response=response)


async def is_as_good(query: str, response_a: str, response_b: str) -> bool:
    """Ask the judge of quality."""
    said = await judge_quality(user_query=query, response_A=response_a, response_B=response_b)
    return said.strip(" .*`\"'").lower().startswith(("true", "yes"))


async def leaks(pieces: tuple[str, ...], prompt: str) -> int:
    """Ask the judge of leakage. An answer without a number counts as none: DSPy, too, goes on."""
    said = await judge_leakage(pii=pieces, prompt=prompt)
    digits = "".join(sign for sign in said.split(".")[0] if sign.isdecimal())
    return int(digits) if digits else 0


def query_of(row: Row) -> Case[str, Private, None]:
    """Return the case of a row."""
    pieces = tuple(sorted({piece for piece in str(row["pii_units"] or "").split("||") if piece.strip()}))
    private = Private(response=str(row["target_response"]), pieces=pieces)
    return Case(inputs=str(row["user_query"]), expected_output=private)


def stage(folder: Path, sizes: Sizes) -> Staged:
    """Read the queries in the order of the file: train, validation, test."""
    one, two = sizes.train, sizes.train + sizes.validation
    cases = parsed(QUERIES.path(folder), QUERIES.rows(folder)[: two + sizes.test], query_of)
    parts = (cases[:one], cases[one:two], cases[two:])
    return Staged(program=respond_privately, evals=evals_of(parts, Judged(quality=is_as_good, leakage=leaks)))


TASK: Final = PaperTask(
    name="pupa",
    title="PUPA",
    modules=MODULES,
    sources=(QUERIES,),
    sizes=Sizes(train=111, validation=111, test=221),
    budget=2426,
    few=Sizes(train=8, validation=8, test=12),
    stage=stage,
    helpers=HELPERS,
)
