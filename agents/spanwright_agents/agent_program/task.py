"""The task: a program that answers word problems with a model that slips, often right and with few calls.

The program runs in the sandbox. Its model is a function of ours that it may call: no network, and no more calls than
are allowed. The answers to the problems never enter the sandbox.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from importlib.resources import files

from anyio import from_thread, to_thread
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_ai.direct import model_request
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, SystemPromptPart, TextPart, UserPromptPart
from pydantic_ai.models import Model

from spanwright import CandidateFailed, Evaluated, TextTask
from spanwright.sandbox import Limits, Refused, Sandbox
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.transport import in_process, simulated_model
from spanwright_agents.agent_program.problems import Problem, problems
from spanwright_agents.agent_program.solver import SOLVER, Solver

PROBLEMS = problems("to learn from", 40)
PRICE = 0.01
"""What a call costs, in right answers."""
CALLS = 10
"""The most calls a question, on average."""
LIMITS = Limits(seconds=90.0, processor=15.0, calls=CALLS * len(PROBLEMS))
BEST_KNOWN = 0.9525
"""The best of 26 programs, a grid: `python -m spanwright_agents.agent_program.exhaust`."""

GOAL = f"""\
Write a Python program with pydantic-ai that answers word problems. The score is the share of right answers, minus \
{PRICE} for every call of the model that it makes for a question.

`answer(question, model)` is an async function that returns the number as text; it is called for {len(PROBLEMS)} \
questions. `model` is a model of pydantic-ai for `Agent(model, instructions=...)`. It is small: it slips in steps, \
more often in its head than on paper, and answers differently when it is asked again. It reads and writes texts alone, \
so no tools and no output types. All questions together have {LIMITS.calls} calls and {LIMITS.processor:g} seconds."""

_FOLDER = files("spanwright_agents.agent_program")
_BRIDGE = """


def __ask_all__(questions):
    import sys

    sys.path.insert(0, "/inputs")
    from house import run

    return run(answer, complete, questions)
"""


class Turn(BaseModel):
    """A turn of a chat, as the program sends it."""

    role: str
    content: str


class Given(BaseModel):
    """What a program made of a question."""

    said: str = ""
    raised: str = ""


_CHAT: TypeAdapter[list[Turn]] = TypeAdapter(list[Turn])
_ANSWERS: TypeAdapter[list[Given]] = TypeAdapter(list[Given])


def solver(salt: str = "") -> Model:
    """Return the simulated model, behind the wire that a real one has; the same answers for the same salt."""
    return simulated_model(SOLVER, in_process(simulated_app({SOLVER: Solver()}, salt=salt)))


def task_for(model: Model | str | None = None) -> TextTask:
    """Return the task with a model of your own; without one it is the simulated solver."""
    return TextTask(
        seed=_FOLDER.joinpath("seed.py").read_text(encoding="utf-8"),
        evaluate=evaluate if model is None else partial(evaluate, model=model),
        objective=GOAL,
    )


async def evaluate(program: str, *, model: Model | str | None = None) -> Evaluated:
    """Run a program on all problems and return how many it got right, less what it spent."""
    given, calls = await answers(program, PROBLEMS, solver() if model is None else model)
    wrong = [
        {"question": problem.question, "right": problem.answer, "program": each.said[:200] or each.raised[:300]}
        for problem, each in zip(PROBLEMS, given, strict=True)
        if not is_right(each.said, problem)
    ]
    if all(each.raised for each in given):
        raise CandidateFailed("program", f"every question failed, the first with {given[0].raised}")
    right = len(PROBLEMS) - len(wrong)
    each = calls / len(PROBLEMS)
    info: Mapping[str, object] = {
        "right": f"{right} of {len(PROBLEMS)}",
        "calls a question": round(each, 2),
        "some that were wrong": wrong[:3],
    }
    return Evaluated(score=right / len(PROBLEMS) - PRICE * each, info=info)


async def answers(
    program: str, asked: Sequence[Problem], model: Model | str, limits: Limits = LIMITS
) -> tuple[Sequence[Given], int]:
    """Run a program in the sandbox; return what it made of each question, and how often it called the model."""
    place = Sandbox(
        limits=limits,
        files={"house.py": _FOLDER.joinpath("house.py").read_text(encoding="utf-8")},
        functions={"complete": lambda chat: from_thread.run(complete, model, chat)},
    )
    questions = [problem.question for problem in asked]
    ran = await to_thread.run_sync(lambda: place.run(program + _BRIDGE, call="__ask_all__", arguments=[questions]))
    try:
        return _ANSWERS.validate_python(ran.unwrap()), ran.calls
    except ValidationError as error:
        raise CandidateFailed("program", "it returned no answers") from error


def is_right(said: str, problem: Problem) -> bool:
    """Return whether a text is the number."""
    return said.strip().removesuffix(".") == str(problem.answer)


async def complete(model: Model | str, chat: object) -> str:
    """Ask the model for one text. Raises Refused for what is no chat of texts, so that the program is told."""
    try:
        turns = _CHAT.validate_python(chat)
    except ValidationError as error:
        raise Refused("a chat is a list of turns with a role and a text") from error
    messages: list[ModelMessage] = [_message(turn) for turn in turns]
    if not messages or not isinstance(messages[-1], ModelRequest):
        raise Refused("the last turn of a chat is the user's")
    response = await model_request(model, messages, instrument=True)
    return "".join(part.content for part in response.parts if isinstance(part, TextPart))


def _message(turn: Turn) -> ModelMessage:
    if turn.role == "assistant":
        return ModelResponse(parts=[TextPart(turn.content)])
    part = SystemPromptPart(turn.content) if turn.role == "system" else UserPromptPart(turn.content)
    return ModelRequest(parts=[part])


task = task_for()
