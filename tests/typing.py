"""What a type checker knows of the public door. `make check` runs pyright on this file; nothing here is executed.

An error that should be one is marked with its rule: pyright fails where it no longer occurs
(reportUnnecessaryTypeIgnoreComment).
"""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import assert_type

from pydantic_ai import Agent, RunContext
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import EqualsExpected, Evaluator, EvaluatorContext

from spanwright import (
    Budget,
    Candidate,
    ComponentId,
    Evals,
    Policy,
    Reflection,
    ReflectionContext,
    Result,
    Run,
    Score,
    Stop,
    Trace,
    optimizable,
    optimize,
    optimize_sync,
    wearing,
)


@dataclass
class Shop:
    """Dependencies."""

    name: str


@dataclass
class Ended:
    """An output."""

    answer: str


@dataclass
class Right(Evaluator[str, Ended, None]):
    """An evaluator of a program's output."""

    def evaluate(self, ctx: EvaluatorContext[str, Ended, None]) -> bool:
        return ctx.output.answer == ctx.inputs


@asynccontextmanager
async def shop_of(case: Case[str, str, None]) -> AsyncGenerator[Shop]:
    """Give a rollout its shop."""
    yield Shop(case.inputs)


@asynccontextmanager
async def number_of(case: Case[str, str, None]) -> AsyncGenerator[int]:
    """Give a rollout something that no agent here wants."""
    yield len(case.inputs)


texts = Dataset[str, str, None](name="texts", cases=[Case(inputs="a")], evaluators=[EqualsExpected()])
numbers = Dataset[int, str, None](name="numbers", cases=[Case(inputs=1)], evaluators=[EqualsExpected()])
endings = Dataset[str, Ended, None](name="endings", cases=[Case(inputs="a")], evaluators=[Right()])

# An agent comes back as what it was

plain = optimizable(Agent("test", name="plain"))
assert_type(plain, Agent[object, str])

support = optimizable(Agent("test", name="support", deps_type=Shop))
assert_type(support, Agent[Shop, str])

listing = optimizable(Agent("test", name="listing", output_type=list[int]), champion=Path("champion.json"))
assert_type(listing, Agent[object, list[int]])


@support.tool
async def refund(ctx: RunContext[Shop], ref: str) -> str:
    """Refund."""
    return ctx.deps.name + ref


# So do factories and programs


@optimizable
def make() -> Agent[Shop, str]:
    """Build an agent."""
    return Agent("test", name="made", deps_type=Shop)


assert_type(make(), Agent[Shop, str])


@optimizable(champion="champion.json")
def make_plain() -> Agent[object, str]:
    """Build an agent without dependencies."""
    return Agent("test", name="made")


assert_type(make_plain(), Agent[object, str])


@optimizable(agents=[plain, support, listing])
async def handle(ticket: str) -> Ended:
    """Answer a ticket."""
    return Ended((await support.run(ticket, deps=Shop("a"))).output)


optimizable(agents=["support"])  # pyright: ignore[reportArgumentType]
optimizable(42)  # pyright: ignore[reportCallIssue, reportArgumentType]


async def what_can_be_optimized() -> None:
    """Everything that shall be accepted, with what comes back."""
    assert_type(await optimize(plain, texts), Result)
    assert_type(await optimize(support, texts, deps=shop_of), Result)
    assert_type(await optimize(handle, endings), Result)
    assert_type(await optimize(make, texts, deps=shop_of), Result)
    assert_type(await optimize(make_plain, texts), Result)
    await optimize(plain, Evals(cases=texts, group=lambda case: case.inputs))
    await optimize(plain, Evals(cases=[Case[str, str, None](inputs="a")], metric=rated))
    await optimize(handle, Evals(cases=endings, metric=judged))
    await optimize(
        plain,
        texts,
        budget=Budget(rollouts=100, usd=5),
        reflection_model="openai:gpt-5",
        components=["plain/*"],
        objective=lambda figures: figures["a"] - figures["b"],
        policy=Policy.gepa(seed=1),
        store=Path("store.sqlite"),
        run=Run(concurrency=8, name="first", progress=False),
        stop=Stop(),
    )
    await optimize(plain, texts, reflection_model=Echo(), components="all", objective="EqualsExpected", run="first")
    await optimize(plain, texts, components=lambda component: component.agent == "plain")


def what_can_be_optimized_without_async() -> None:
    """The shim accepts the same."""
    assert_type(optimize_sync(plain, texts), Result)
    assert_type(optimize_sync(support, texts, deps=shop_of), Result)
    assert_type(optimize_sync(handle, endings, budget=Budget(rollouts=100)), Result)
    assert_type(optimize_sync(make, texts, deps=shop_of), Result)


async def what_is_refused() -> None:
    """Everything that a type checker should refuse before it is run."""
    await optimize(support, texts)  # pyright: ignore[reportCallIssue, reportArgumentType]
    await optimize(make, texts)  # pyright: ignore[reportCallIssue, reportArgumentType]
    await optimize(support, texts, deps=number_of)  # pyright: ignore[reportCallIssue, reportArgumentType]
    await optimize(support, texts, deps=Shop("a"))  # pyright: ignore[reportCallIssue, reportArgumentType]
    await optimize(plain, numbers)  # pyright: ignore[reportCallIssue, reportArgumentType]
    await optimize(listing, texts)  # pyright: ignore[reportCallIssue, reportArgumentType]
    await optimize(handle, texts)  # pyright: ignore[reportCallIssue, reportArgumentType]
    await optimize(handle, endings, deps=shop_of)  # pyright: ignore[reportCallIssue, reportArgumentType]
    await optimize(plain, texts, patience=3)  # pyright: ignore[reportCallIssue]
    await optimize(plain, Evals(cases=texts, metric=judged))  # pyright: ignore[reportArgumentType]
    optimize_sync(support, texts)  # pyright: ignore[reportCallIssue, reportArgumentType]
    optimize_sync(plain, numbers)  # pyright: ignore[reportCallIssue, reportArgumentType]


async def judged(case: Case[str, Ended, None], output: Ended, trace: Trace) -> Score:
    """Judge a program."""
    return Score(value=float(output.answer == case.inputs), feedback=f"{len(trace.tool_calls)} calls")


def rated(case: Case[str, str, None], output: str, trace: Trace) -> float:
    """Rate an agent."""
    return float(output == case.expected_output)


class Echo:
    """A reflector."""

    async def reflect(self, context: ReflectionContext) -> Reflection:
        raise NotImplementedError


def what_a_result_holds(result: Result) -> None:
    """What is read of a result."""
    assert_type(result.best, Candidate)
    assert_type(result.seed_test, float | None)
    assert_type(result.best_validation, float | None)
    assert_type(result.improved, bool)
    assert_type(result.components_changed, tuple[ComponentId, ...])
    assert_type(result.diff(), str)
    assert_type(result.worn(), AbstractContextManager[None])
    assert_type(result.wear(), None)
    assert_type(result.save("champion.json"), None)
    with wearing(result.best) as nothing:
        assert_type(nothing, None)


async def the_program_stays_a_task(task: Callable[[str], Awaitable[Ended]]) -> None:
    """A program is what it was, and `Dataset.evaluate(handle)` works unchanged."""
    assert_type(await handle("a"), Ended)
    await endings.evaluate(handle)
    await endings.evaluate(task)


def deps_are_context_managers(make_shop: Callable[[Case[str, str, None]], AbstractAsyncContextManager[Shop]]) -> None:
    """Any callable that returns an async context manager will do."""
    optimize_sync(support, texts, deps=make_shop)
    optimize_sync(support, texts, deps=lambda case: make_shop(case))  # noqa: PLW0108  (users write it like this)
