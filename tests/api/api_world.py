"""A small world: an agent whose model does what it is told, evals that want two things, and a reflector that knows."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, ToolCallPart, UserPromptPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import EvaluationReason, Evaluator, EvaluatorContext

from spanwright import Budget, Proposal, Reflection, ReflectionContext, Run, optimizable

CAPITALS = "Answer in capital letters."
ALWAYS = "Call it always."


def last_prompt(messages: list[ModelMessage]) -> str:
    prompts = [
        part.content
        for message in messages
        if isinstance(message, ModelRequest)
        for part in message.parts
        if isinstance(part, UserPromptPart)
    ]
    return str(prompts[-1])


@dataclass
class Task:
    """The task model. It counts what it is asked."""

    requests: int = 0
    running: int = 0
    most_running: int = 0

    @property
    def model(self) -> FunctionModel:
        return FunctionModel(self.reply, model_name="obedient")

    async def reply(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        self.requests += 1
        word = last_prompt(messages)
        told = {tool.name: tool.description or "" for tool in info.function_tools}
        if len(messages) == 1 and "always" in told.get("punctuate", ""):
            return ModelResponse(parts=[ToolCallPart("punctuate", {"word": word})])
        returned = messages[-1].parts[0] if len(messages) > 1 else None
        answer = str(returned.content) if returned is not None and hasattr(returned, "content") else word
        return ModelResponse(parts=[TextPart(answer.upper() if "capital" in (info.instructions or "") else answer)])


@dataclass
class Right(Evaluator[str, str, None]):
    """Half for the letters, half for the sign."""

    def evaluate(self, ctx: EvaluatorContext[str, str, None]) -> dict[str, EvaluationReason]:
        wanted = ctx.expected_output or ""
        return {
            "letters": EvaluationReason(ctx.output[:4] == wanted[:4], reason=f"should be {wanted}, was {ctx.output}"),
            "sign": EvaluationReason(ctx.output[-1] == wanted[-1], reason=f"should be {wanted}, was {ctx.output}"),
        }


@dataclass
class Teacher:
    """A reflector that knows what to write."""

    contexts: list[ReflectionContext] = field(default_factory=list)

    async def reflect(self, context: ReflectionContext) -> Reflection:
        self.contexts.append(context)
        edits = {
            component.id: CAPITALS if component.id.endswith("instructions") else ALWAYS
            for component in context.components
        }
        return Reflection(result=Proposal(parents=(context.parent.id,), edits=edits))


def words(count: int) -> Dataset[str, str, None]:
    cases = [Case(name=f"w{n}", inputs=f"word{n}", expected_output=f"WORD{n}!") for n in range(count)]
    return Dataset(name="words", cases=cases, evaluators=[Right()])


def speaker(task: Task) -> Agent[object, str]:
    agent = optimizable(Agent(task.model, name="speaker", instructions="Say the word."))

    @agent.tool_plain
    async def punctuate(word: str) -> str:
        """Punctuate."""
        return f"{word}!"

    return agent


class Common(TypedDict):
    """What nearly every test says."""

    reflection_model: Teacher
    store: Path
    run: Run
    budget: Budget


@dataclass
class World:
    """All of it."""

    folder: Path
    task: Task = field(default_factory=Task)
    teacher: Teacher = field(default_factory=Teacher)

    @property
    def agent(self) -> Agent[object, str]:
        return speaker(self.task)

    @property
    def store(self) -> Path:
        return self.folder / "store.sqlite"

    def options(self, *, run: str = "first", rollouts: int = 80) -> Common:
        return Common(
            reflection_model=self.teacher,
            store=self.store,
            run=Run(name=run, progress=False),
            budget=Budget(rollouts=rollouts),
        )
