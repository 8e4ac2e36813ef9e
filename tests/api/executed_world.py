"""A world that workers can import: an agent that says yes where it is told to, and may take its process along once."""

import contextlib
import os
import signal
from pathlib import Path

from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.usage import RequestUsage
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import EqualsExpected

from spanwright import Proposal, Reflection, ReflectionContext, TextTask, Trial, optimizable

DIES = "EXECUTED_WORLD_DIES"
"""The variable with the file that is made by the one call of the tool that kills its process."""


async def reply(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    usage = RequestUsage(input_tokens=50, output_tokens=5)
    if len(messages) == 1:
        return ModelResponse(parts=[ToolCallPart("look", {})], usage=usage)
    return ModelResponse(parts=[TextPart("yes" if "yes" in (info.instructions or "") else "no")], usage=usage)


agent = optimizable(Agent(FunctionModel(reply, model_name="obedient"), name="sayer", instructions="Say no."))


@agent.tool_plain
def look() -> str:
    """Look."""
    marker = os.environ.get(DIES)
    if marker:
        with contextlib.suppress(FileExistsError):
            Path(marker).touch(exist_ok=False)  # of two workers that look at once, one makes it
            os.kill(os.getpid(), signal.SIGKILL)
    return "seen"


def questions() -> Dataset[str, str, None]:
    cases = [Case(name=f"c{n}", inputs=f"Question {n}?", expected_output="yes") for n in range(12)]
    return Dataset(name="questions", cases=cases, evaluators=[EqualsExpected()])


evals = questions()


class Teacher:
    """A reflector that knows what to write."""

    async def reflect(self, context: ReflectionContext) -> Reflection:
        return Reflection(result=Proposal(parents=(context.parent.id,), edits={"sayer/instructions": "Say yes."}))


def measure(text: str, case: str) -> float:
    print(f"process {os.getpid()}")  # noqa: T201  (it is to be heard)
    return float(case in text)


def with_earlier(text: str, earlier: object) -> float:
    return 0.0


task = TextTask(seed="a", evaluate=measure, cases=["a", "b"], trial=Trial(capture=True))
greedy_task = TextTask(seed="a", evaluate=with_earlier)
