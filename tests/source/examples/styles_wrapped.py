from functools import wraps
from typing import overload

from pydantic_ai import Agent
from pydantic_ai.models.test import TestModel


def logged(function):
    @wraps(function)
    def inner(*args, **kwargs):
        return function(*args, **kwargs)

    return inner


@overload
def find(query: str) -> str: ...
@overload
def find(query: int) -> int: ...
def find(query: str | int) -> str | int:
    r"""Look \d up.

    Args:
        query: What \w.
    """
    return query


agent = Agent(TestModel(), name="wrapped", instructions="Be kind.", tools=[find])


@agent.tool_plain
@logged
@logged
def look(query: str) -> str:
    """Look up.

    Args:
        query: What.
    """
    return query


@agent.tool_plain(description="Described.")
@logged
async def later(query: str) -> str:
    return query


if __debug__:

    @agent.tool_plain
    def weigh(grams: float) -> str:
        """Weigh it.

        Args:
            grams: How heavy.
        """
        return str(grams)

else:

    @agent.tool_plain
    def weigh(grams: float) -> str:
        """Never."""
        return str(grams)
