"""A refiner that reads its prompt, and a problem that it can mend: prompt in, tool call out."""

import re
from collections.abc import Callable
from pathlib import Path

from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, UserPromptPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from spanwright import Budget, Evaluated, Policy, Refiner, Result, Run, TextTask, Trial, optimize_text
from spanwright.core.refiner import REFINER_PROMPT

QUIET = Run(progress=False)
WHOLE_WAY = "Go the whole way."
_OFF = re.compile(r"off by: (-?\d+)")
_NUMBER = re.compile(r"^x = (-?\d+)$", re.MULTILINE)


def number(text: str) -> int:
    return int(text.split("=")[1])


def off(text: str, goal: int = 20) -> Evaluated:
    """Say how far `x = <number>` is from the goal, and which way."""
    by = goal - number(text)
    return Evaluated(score=-abs(by), info={"off by": by})


def prompt_of(messages: list[ModelMessage], info: AgentInfo) -> str:
    said = [str(part.content) for each in messages for part in each.parts if isinstance(part, UserPromptPart)]
    return "\n\n".join([info.instructions or "", *said])


def handed_in(**texts: str) -> ModelResponse:
    edits = [{"component": name, "why": "", "text": text} for name, text in texts.items()]
    return ModelResponse(parts=[ToolCallPart("propose", {"diagnosis": "", "edits": edits, "lessons": []})])


class Mender:
    """Goes a step towards where the evaluation points, or all of the way if it is told so."""

    def __init__(self, answer: Callable[[str], ModelResponse] | None = None) -> None:
        self.prompts: list[str] = []
        self._answer = answer or self._mended

    @property
    def model(self) -> FunctionModel:
        return FunctionModel(self, model_name="mender")

    def __call__(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        self.prompts.append(prompt_of(messages, info))
        return self._answer(self.prompts[-1])

    def _mended(self, prompt: str) -> ModelResponse:
        by, x = _OFF.search(prompt), _NUMBER.search(prompt)
        assert by is not None
        assert x is not None
        step = int(by[1]) if WHOLE_WAY in prompt.partition("\n# ")[0] else 1 if int(by[1]) > 0 else -1
        return handed_in(text=f"x = {int(x[1]) + step}")


def saying(text: str) -> Callable[[str], ModelResponse]:
    return lambda prompt: ModelResponse(parts=[TextPart(text)])


def reflecting(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Reflect: count the text up; where the refiner's prompt is on offer, have it go further."""
    prompt = prompt_of(messages, info)
    x = _NUMBER.search(prompt)
    assert x is not None
    advised = {REFINER_PROMPT: f"Mend what is off. {WHOLE_WAY}"} if f"## `{REFINER_PROMPT}`" in prompt else {}
    return handed_in(text=f"x = {int(x[1]) + 1}", **advised)


def slow_off(text: str) -> Evaluated:
    return off(text)


task = TextTask(seed="x = 0", evaluate=slow_off, trial=Trial(refiner=Refiner(model=Mender().model, prompt=WHOLE_WAY)))
unmodelled = TextTask(seed="x = 0", evaluate=slow_off, trial=Trial(refiner=Refiner()))


async def logged(store: Path, log: Path) -> Result:
    """Optimize in a process that may be killed; every evaluation leaves a line in `log`."""

    def evaluate(text: str) -> Evaluated:
        with log.open("a") as file:
            file.write(f"{number(text)}\n")
        return off(text)

    return await optimize_text(
        "x = 0",
        evaluate,
        trial=Trial(refiner=Refiner(model=Mender().model)),
        budget=Budget(rollouts=14, reflections=40),
        reflection_model=FunctionModel(reflecting),
        policy=Policy.default(schedule="ordered"),
        store=store,
        run=Run(name="killed", progress=False),
    )
