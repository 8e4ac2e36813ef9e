"""LiveBench-Math: one module that reasons, on questions of four kinds."""

from pathlib import Path
from typing import Final

from pydantic_evals import Case

from spanwright import optimizable
from spanwright_agents.paper.modules import chain_of_thought
from spanwright_agents.paper.sources import Row, Source, parsed
from spanwright_agents.paper.task import PaperTask, Sizes, Staged, evals_of, sampled, shuffled
from spanwright_evaluators.paper.livebench import Question, judge

respond = chain_of_thought(
    "respond", ("question",), "answer", "Solve the question and provide the answer in the correct format."
)

QUESTIONS: Final = Source(
    file="livebench_math.jsonl",
    dataset="livebench/math",
    split="test",
    licence="Apache 2.0; problems of competitions: their owners'",
    size="368 questions on 2025-07-30",
)


@optimizable(agents=[respond.agent])
async def answer_question(question: str) -> str:
    """Answer a question."""
    return await respond(question=question)


def question_of(row: Row) -> Case[str, Question, None]:
    """Return the case of a row."""
    text = str(row["turns"][0])
    truth = row["ground_truth"]
    task = str(row["task"]).lower()
    kind = task if "amps_hard" in task else str(row.get("subtask") or task).lower()
    question = Question(kind=kind, text=text, truth=str(truth[-1] if isinstance(truth, list) else truth))
    return Case(name=str(row.get("question_id") or "")[:12] or None, inputs=text, expected_output=question)


def stage(folder: Path, sizes: Sizes) -> Staged:
    """Read the questions, shuffled and cut into three."""
    rows = shuffled(QUESTIONS.rows(folder))
    one, two = int(len(rows) * 0.33), int(len(rows) * 0.66)
    splits = zip((rows[:one], rows[one:two], rows[two:]), (sizes.train, sizes.validation, sizes.test), strict=True)
    parts = [parsed(QUESTIONS.path(folder), sampled(each, most), question_of) for each, most in splits]
    return Staged(program=answer_question, evals=evals_of(parts, judge))


TASK: Final = PaperTask(
    name="livebench",
    title="LiveBench-Math",
    modules=(respond,),
    sources=(QUESTIONS,),
    sizes=Sizes(train=121, validation=121, test=126),
    budget=1839,
    few=Sizes(train=12, validation=12, test=16),
    stage=stage,
)
