"""IFBench: a response, and a second look at it. Two modules; the test has other instructions than the training."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic_evals import Case

from spanwright import optimizable
from spanwright_agents.paper.modules import chain_of_thought
from spanwright_agents.paper.sources import Row, Source, parsed
from spanwright_agents.paper.task import PaperTask, Sizes, Staged, evals_of, sampled
from spanwright_evaluators.paper.ifbench import Bound, judge
from spanwright_evaluators.paper.instructions import Instruction, check, demand

generate_response = chain_of_thought("generate_response", ("query",), "response", "Respond to the query")
ensure_correct_response = chain_of_thought(
    "ensure_correct_response",
    ("query", "response"),
    "final_response",
    "Ensure the response is correct and adheres to the given constraints. Your response will be used as the final"
    " response.",
)

MODULES: Final = (generate_response, ensure_correct_response)
_HOME: Final = "https://github.com/gepa-ai/gepa-artifact/raw/main/gepa_artifact/benchmarks/IFBench/data"

TRAIN: Final = Source(
    file="IFBench_train.jsonl",
    address=f"{_HOME}/IFBench_train.jsonl",
    licence="ODC-BY 1.0",
    size="its first 600 prompts are used",
)
TEST: Final = Source(
    file="IFBench_test.jsonl", address=f"{_HOME}/IFBench_test.jsonl", licence="ODC-BY 1.0", size="294 prompts, 0.4 MB"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Responded:
    """The response of each stage."""

    first: str
    final: str


@optimizable(agents=[module.agent for module in MODULES])
async def respond_twice(query: str) -> Responded:
    """Respond, and look at the response again."""
    first = await generate_response(query=query)
    return Responded(first=first, final=await ensure_correct_response(query=query, response=first))


def prompt_of(row: Row) -> Case[str, Bound, None]:
    """Return the case of a row. Each instruction is tried once, so that a row which lacks something is told of here."""
    given = ({key: value for key, value in each.items() if value is not None} for each in row["kwargs"])
    instructions = tuple(
        Instruction(id=str(id), given=values) for id, values in zip(row["instruction_id_list"], given, strict=True)
    )
    demand([each.id for each in instructions])
    check("Here is a try.", instructions)
    return Case(inputs=str(row["prompt"]), expected_output=Bound(instructions=instructions))


def stage(folder: Path, sizes: Sizes) -> Staged:
    """Read the prompts: of the training file the first half of what is used validates, of the rest a sample teaches."""
    rows = TRAIN.rows(folder)
    validation = rows[: sizes.validation]
    train = sampled(rows[sizes.validation : 2 * sizes.validation], sizes.train)
    parts = (
        parsed(TRAIN.path(folder), train, prompt_of),
        parsed(TRAIN.path(folder), validation, prompt_of),
        parsed(TEST.path(folder), TEST.rows(folder)[: sizes.test], prompt_of),
    )
    return Staged(program=respond_twice, evals=evals_of(parts, judge))


TASK: Final = PaperTask(
    name="ifbench",
    title="IFBench",
    modules=MODULES,
    sources=(TRAIN, TEST),
    sizes=Sizes(train=150, validation=300, test=294),
    budget=3593,
    few=Sizes(train=10, validation=10, test=12),
    stage=stage,
)
