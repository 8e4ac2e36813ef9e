"""What an agent shows a model and no candidate can change, and why: `spanwright components` tells it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from pydantic_ai.models import ModelRequestParameters

_EXCERPT = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfReach:
    """One such text."""

    agent: str
    what: str
    why: str


def out_of_reach(agent: str, parameters: ModelRequestParameters, reached: Collection[int]) -> Iterator[OutOfReach]:
    """Yield what is out of reach in a request; `reached` are the places of instructions that templates make."""
    for place, part in enumerate(parameters.instruction_parts or ()):
        if part.id is None and place not in reached:
            words = " ".join(part.content.split())
            shown = words if len(words) <= _EXCERPT else f"{words[: _EXCERPT - 1]}…"
            yield OutOfReach(agent=agent, what=f"instructions {shown!r}", why=_COMPUTED if part.dynamic else _UNNAMED)
    for tool in parameters.native_tools:
        yield OutOfReach(agent=agent, what=f"tool {tool.kind}", why="it runs at the model's provider, who describes it")


_COMPUTED = "a function makes them while the agent runs"
_UNNAMED = "they come from a server or toolset without an id: give it one, as in MCPToolset(..., id='crm')"
