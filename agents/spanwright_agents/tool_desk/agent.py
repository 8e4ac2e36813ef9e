"""What is optimized: the agent `desk` with its thirty tools, and the program `handle` that runs it on one request.

spanwright optimize spanwright_agents.tool_desk.agent:handle --evals spanwright_agents.tool_desk.evals:requests
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic_ai import Agent, UsageLimits

from spanwright import optimizable
from spanwright_agents.tool_desk.house import Books, House
from spanwright_agents.tool_desk.seeds import WILD, tools_at

MODEL = "openai:gpt-5-mini"
MOST_REQUESTS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a request ended: what the colleague was told, what was done, and what was looked at."""

    reply: str
    books: Books
    reads: Books


def build(level: str = WILD) -> Agent[House, str]:
    """Return the agent with the docs of a level: by default as it was before anybody optimized it."""
    return Agent(
        MODEL,
        name="desk",
        deps_type=House,
        instructions="Do what colleagues ask.",
        tools=tools_at(level),
        retries=6,
        defer_model_check=True,
    )


def program(agent: Agent[House, str]) -> Callable[[str], Awaitable[Ended]]:
    """Return the program that lets an agent do what one request asks, in a house of its own."""

    @optimizable(agents=[agent])
    async def handle(request: str) -> Ended:
        """Do what a request asks, and show what came of it."""
        async with House.copy() as house:
            answer = await agent.run(request, deps=house, usage_limits=UsageLimits(request_limit=MOST_REQUESTS))
            return Ended(reply=answer.output, books=house.books(), reads=house.reads())

    return handle


desk = optimizable(build())
handle = program(desk)
