"""Programs with sub-agents in tools, loops and branches: evidence, blame and edits belong to the module that ran."""

from dataclasses import dataclass, field

import pytest
from pydantic_ai import Agent, ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_evals import Case

from spanwright import (
    Budget,
    Evals,
    MemoryStore,
    Proposal,
    Reflection,
    ReflectionContext,
    Run,
    Score,
    optimizable,
    optimize,
)


def model(name: str, heard: list[tuple[str, str]]) -> FunctionModel:
    """Return a model that notes what its agent is told; the planner's asks the expert first."""

    def reply(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        heard.append((name, info.instructions or ""))
        if name == "planner" and len(messages) == 1:
            return ModelResponse(parts=[ToolCallPart("ask_expert", {"question": "how?"})])
        return ModelResponse(parts=[TextPart(f"{name} is done")])

    return FunctionModel(reply)


@dataclass
class Program:
    """A planner whose tool asks an expert, a writer that goes round three times, a shortener for long tasks only."""

    heard: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        names = ("planner", "expert", "writer", "shortener")
        self.planner, self.expert, self.writer, self.shortener = (
            Agent(model(name, self.heard), name=name, instructions=f"You are the {name}.") for name in names
        )

        @self.planner.tool_plain
        async def ask_expert(question: str) -> str:
            """Ask the expert."""
            return (await self.expert.run(question)).output

        @optimizable(agents=[self.planner, self.expert, self.writer, self.shortener])
        async def run(task: str) -> str:
            text = (await self.planner.run(task)).output
            for _ in range(3):
                text = (await self.writer.run(text)).output
            return (await self.shortener.run(text)).output if task.startswith("long") else text

        self.run = run


@dataclass
class Teacher:
    """A reflector that keeps what it was asked, and edits one module."""

    edits: str
    contexts: list[ReflectionContext] = field(default_factory=list)

    async def reflect(self, context: ReflectionContext) -> Reflection:
        self.contexts.append(context)
        edits = {self.edits: f"Edited {context.attempt}."}
        return Reflection(result=Proposal(parents=(context.parent.id,), edits=edits))


async def taught(program: Program, blamed: str, *, edits: str = "expert/instructions") -> Teacher:
    """Optimize the program with an evaluator that points at one module."""
    teacher = Teacher(edits=edits)
    cases = [Case(name=f"{kind} {n}", inputs=f"{kind} {n}") for kind in ("long", "short") for n in range(4)]
    await optimize(
        program.run,
        Evals(cases=cases, metric=lambda *_: Score(value=0.0, blame={blamed: "it lost the thread"} if blamed else {})),
        reflection_model=teacher,
        store=MemoryStore(),
        run=Run(progress=False),
        budget=Budget(rollouts=16),
        components=lambda component: component.id.endswith("instructions"),
    )
    assert teacher.contexts
    return teacher


def examples(teacher: Teacher):
    return [each for context in teacher.contexts for each in context.examples]


async def test_a_sub_agent_in_a_tool_and_every_turn_of_a_loop_are_told_apart_in_the_trace():
    for each in examples(await taught(Program(), "")):
        ran = [(run.parent_agent, run.name) for run in each.observed.trace.agents]
        branch = [("", "shortener")] if each.case.id.startswith("long") else []

        assert [("", "planner"), ("planner", "expert"), *[("", "writer")] * 3, *branch] == ran


async def test_each_model_call_carries_the_texts_of_its_own_agent_and_no_others():
    for each in examples(await taught(Program(), "")):
        for call in each.observed.trace.model_calls:
            assert {f"{call.agent}/instructions"} == set(call.components)


async def test_a_branch_that_was_not_taken_is_not_suspected():
    for each in examples(await taught(Program(), "")):
        assert ("shortener/instructions" in each.blamed) <= each.case.id.startswith("long")


@pytest.mark.parametrize("blamed", ["expert/instructions", "writer/instructions"])
async def test_an_evaluator_that_points_at_a_module_makes_it_the_prime_suspect(blamed):
    teacher = await taught(Program(), blamed)

    assert {blamed} == {each.blamed[0] for each in examples(teacher)}
    assert {blamed} == {context.components[0].id for context in teacher.contexts}


@pytest.mark.parametrize("edits", ["expert/instructions", "writer/instructions"])
async def test_an_edit_of_one_module_is_heard_by_that_module_alone_wherever_it_runs(edits):
    program = Program()
    await taught(program, edits, edits=edits)

    edited = {agent for agent, instructions in program.heard if instructions.startswith("Edited")}
    assert {edits.partition("/")[0]} == edited
