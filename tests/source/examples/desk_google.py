"""A help desk, with Google docstrings: decorators of both kinds, async tools, stacked decorators, a returns section."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

from pydantic import BaseModel, Field
from pydantic_ai import Agent, RunContext
from pydantic_ai.models.test import TestModel

ORDERS = {"A-1": 1250}  # type: dict[str, int]


@dataclass
class Shop:
    name: str = "Ulm"


class Verdict(BaseModel):
    """What was decided."""

    refunded: bool = Field(description="Whether money went back.")
    cents: int = Field(0, ge=0, description='How many "cents" it was.')  # not dollars
    note: str | None = Field(
        default=None,
        description=(
            "What the customer should know, in words that are long enough that the line has to "
            "break somewhere."
        ),
    )


def logged(function: Callable[..., Any]) -> Callable[..., Any]:
    """Log a call.

    Args:
        function: What is called.
    """

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


desk = Agent(
    TestModel(),
    name="desk",
    deps_type=Shop,
    output_type=Verdict,
    instructions=dedent("""
        Help the customer.
          - Be kind.
        """),
)


@desk.instructions
def place(ctx: RunContext[Shop]) -> str:
    return f"The shop is in {ctx.deps.name}."


@desk.tool
async def refund(
    ctx: RunContext[Shop], order: str, cents: int, reason: str = ""
) -> bool:
    """Refund an order.

    Only once.

    Args:
        order (str): Its reference.
        cents: How much. It takes
            two lines to say so.
        reason: Why.

    Raises:
        LookupError: If there is no such order.
    """
    # A comment that stays.
    return ORDERS[order] >= cents


@desk.tool_plain(retries=2)
@logged
def look_up(order: str, *, full: bool = False) -> str:
    """Look an order up.

    Returns:
        The order, as it is stored.
    """
    return str(ORDERS.get(order))


@desk.tool_plain
def bare(query: str) -> str:
    return query


@desk.tool_plain(description="Close the ticket.")
def close(why: str) -> str:
    """For programmers only."""
    return why


@desk.tool_plain
def one_line(x: int) -> int: return x  # fmt: skip
