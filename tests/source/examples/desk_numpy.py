r"""Numpy docstrings, tools handed to `Tool` and to a toolset, one of them prefixed; models in models."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field
from pydantic_ai import Agent, Tool
from pydantic_ai.models.test import TestModel
from pydantic_ai.toolsets import FunctionToolset
from typing_extensions import TypedDict


class Point(TypedDict):
    """A place on a map."""

    x: Annotated[float, Field(description="To the east.")]
    y: Annotated[float, Field(description='To the "north".')]


class Address(BaseModel):
    """Where somebody lives."""

    model_config = {"use_attribute_docstrings": True}

    city: str
    """The city's name."""
    at: Point | None = Field(None, description="Where on the map.")


class Customer(BaseModel):
    name: str = Field(description="Full name.")
    home: Address
    kind: Literal["new", "old"] = "new"


def search(query: str, limit: int = 10) -> list[str]:
    r"""Search the \d archive.

    Parameters
    ----------
    query : str
        What to look for.
    limit
        How many hits.
        Ten at most.

    Returns
    -------
    list of str
        The hits.
    """
    return [query] * limit


def register(customer: Customer) -> str:
    """Register a customer."""
    return customer.name


async def move(
    customer: str,
    to: Address,
    via: Annotated[Point, Field(description="Through here.")],
) -> str:
    """
    Move a customer.

    Parameters
    ----------
    customer : str
        Who moves.
    """
    return f"{customer} moved"


maps = FunctionToolset(id="maps", instructions="Maps are up to date.")


@maps.tool_plain
def nearest(places: list[Point]) -> str:
    """Find the nearest place."""
    return str(places[0])


maps.add_function(move, name="relocate")

archive = Agent(
    TestModel(),
    name="archive",
    system_prompt=("You keep the archive.", "Answer in one sentence."),
    tools=[Tool(search, docstring_format="numpy"), register],
    toolsets=[maps.prefixed("map")],
)
