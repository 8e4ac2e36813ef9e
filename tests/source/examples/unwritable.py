"""What cannot be written back: values in texts, texts twice, code that makes functions, prepared tools."""

import os
from dataclasses import replace

from pydantic_ai import Agent, RunContext, Tool, ToolDefinition
from pydantic_ai.models.test import TestModel

CITY = os.environ.get("CITY_OF_THE_SHOP", "Ulm")
SHARED = "Answer in English."


async def prepared(ctx: RunContext[None], tool: ToolDefinition) -> ToolDefinition:
    return replace(tool, description=f"{tool.description} In {CITY}.")


def weigh(grams: float) -> str:
    """Weigh something."""
    return str(grams)


def maker(unit: str):
    def convert(value: float) -> str:
        return f"{value} {unit}"

    convert.__doc__ = f"Convert to {unit}."
    return convert


namespace: dict[str, object] = {}
exec("def ran(x: int) -> int:\n    'Run.'\n    return x", namespace)

scales = Agent(
    TestModel(),
    name="scales",
    instructions=f"You work in {CITY}.",
    tools=[
        Tool(weigh, prepare=prepared),
        Tool(maker("grams"), name="to_grams"),
        Tool(namespace["ran"], takes_ctx=False),
        Tool(lambda x: x, name="echo", description="Say it again."),
    ],
)
twin = Agent(TestModel(), name="twin", instructions=SHARED)
other = Agent(TestModel(), name="other", instructions=SHARED)
