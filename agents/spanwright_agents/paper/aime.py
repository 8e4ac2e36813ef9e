"""AIME-2025: one module that reasons. It learns from 2022 to 2024 and is tested on 2025, each problem five times."""

from pathlib import Path
from typing import Final

from pydantic_evals import Case

from spanwright import optimizable
from spanwright_agents.paper.modules import chain_of_thought
from spanwright_agents.paper.sources import Row, Source, parsed
from spanwright_agents.paper.task import PaperTask, Sizes, Staged, evals_of, sampled, shuffled
from spanwright_evaluators.paper.aime import Solved, judge

TIMES: Final = 5
"""How often each test problem is tried."""

solve = chain_of_thought(
    "solve", ("problem",), "answer", "Solve the problem and provide the answer in the correct format."
)

EARLIER: Final = Source(
    file="aimo-validation-aime.jsonl",
    dataset="AI-MO/aimo-validation-aime",
    licence="problems: Mathematical Association of America",
    size="90 problems",
)
OF_2025: Final = Source(
    file="aime_2025.jsonl",
    dataset="MathArena/aime_2025",
    licence="CC BY-NC-SA 4.0; problems: Mathematical Association of America",
    size="30 problems",
)


@optimizable(agents=[solve.agent])
async def solve_problem(problem: str) -> str:
    """Solve a problem."""
    return await solve(problem=problem)


def problem_of(row: Row) -> Case[str, Solved, None]:
    """Return the case of a row. Test problems come without a solution."""
    solved = Solved(answer=int(row["answer"]), solution=str(row.get("solution") or ""))
    return Case(inputs=str(row["problem"]), expected_output=solved)


def stage(folder: Path, sizes: Sizes) -> Staged:
    """Read the problems: those of earlier years shuffled and halved, those of 2025 five times over."""
    earlier = shuffled(EARLIER.rows(folder))
    half = int(0.5 * len(earlier))
    test = OF_2025.rows(folder) * TIMES
    rows = (earlier[:half], earlier[half:], test)
    most = (sizes.train, sizes.validation, sizes.test)
    files = (EARLIER, EARLIER, OF_2025)
    parts = [
        parsed(file.path(folder), sampled(each, at), problem_of)
        for file, each, at in zip(files, rows, most, strict=True)
    ]
    return Staged(program=solve_problem, evals=evals_of(parts, judge))


TASK: Final = PaperTask(
    name="aime",
    title="AIME-2025",
    modules=(solve,),
    sources=(EARLIER, OF_2025),
    sizes=Sizes(train=45, validation=45, test=150),
    budget=1839,
    few=Sizes(train=12, validation=12, test=20),
    stage=stage,
)
