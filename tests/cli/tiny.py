"""What the tests of the command line optimize: an agent that says yes where its instructions say so.

Its model is a function, which also reflects. The environment slows it down, and makes its proposals useless.
"""

import asyncio
import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count

from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import EqualsExpected, Evaluator, EvaluatorContext

from spanwright import Evals, optimizable

SECONDS = float(os.environ.get("TINY_SECONDS", "0"))
PROPOSED = os.environ.get("TINY_PROPOSED", "Say yes, variant")
variants = count(1)
flips = count()


async def say(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    await asyncio.sleep(SECONDS)
    if "Texts that you may edit" in str(messages):
        edit = {"component": "tiny/instructions", "text": f"{PROPOSED} {next(variants)}."}
        return ModelResponse(parts=[TextPart(json.dumps({"diagnosis": "It says no.", "edits": [edit]}))])
    return ModelResponse(parts=[TextPart("yes" if "yes" in (info.instructions or "") else "no")])


def _made(name: str) -> Agent[None, str]:
    return Agent(FunctionModel(say), name=name, instructions="Say no.")


agent = optimizable(_made("tiny"))


@optimizable
def factory() -> Agent[None, str]:
    return _made("tiny")


@optimizable(agents=[agent])
async def program(question: str) -> str:
    return (await agent.run(question)).output


needy = optimizable(Agent(FunctionModel(say), name="tiny", deps_type=int, instructions="Say no."))


@asynccontextmanager
async def number(_case: Case[str, str, None]) -> AsyncGenerator[int]:
    yield 7


@needy.tool_plain
def ask(question: str) -> str:
    """Ask."""
    return question


@dataclass
class SaysYes(Evaluator[str, str, None]):
    def evaluate(self, ctx: EvaluatorContext[str, str, None]) -> bool:
        return ctx.output == "yes"


@dataclass
class Broken(Evaluator[str, str, None]):
    def evaluate(self, ctx: EvaluatorContext[str, str, None]) -> bool:
        raise RuntimeError("the evaluator is broken")


def questions(evaluator: Evaluator[str, str, None]) -> Dataset[str, str, None]:
    cases = [Case(name=f"c{place}", inputs=f"Question {place}?", expected_output="yes") for place in range(40)]
    return Dataset(name="questions", cases=cases, evaluators=[evaluator])


cases = questions(EqualsExpected())
broken = questions(Broken())
split = Evals(cases=cases.cases[:20], validation=cases.cases[20:30], metric=lambda case, output, _: output == "yes")
noisy = Evals(cases=cases.cases[:20], validation=cases.cases[20:30], metric=lambda *_: next(flips) % 3 != 0)
silent = Evals(cases=cases.cases[:20], validation=cases.cases[20:30], metric=lambda *_: 0.5)


def build() -> Dataset[str, str, None]:
    return cases
