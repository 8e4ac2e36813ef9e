# -*- coding: utf-8 -*-
"""Sphinx docstrings, methods as tools, constants from another module, several outputs."""

from dataclasses import dataclass
from enum import Enum

from pydantic_ai import Agent, ModelRetry, ToolOutput
from pydantic_ai.models.test import TestModel

from . import prompts
from .prompts import GREETING as HELLO


class Color(Enum):
    """A color of paint."""

    RED = "red"
    BLUE = "blue"


@dataclass
class Paint:
    """A bucket of paint."""

    color: Color
    litres: float = 1.0


class Done:
    pass


class Store:
    def __init__(self, stock: int) -> None:
        self.stock = stock

    def take(self, paint: str, litres: float) -> float:
        """Take paint out of stock.

        :param paint: Which one.
        :param float litres: How much of it,
            in litres.
        :returns: What is left.
        """
        if litres > self.stock:
            raise ModelRetry("There is not that much.")
        return self.stock - litres

    async def order(self, bucket: Paint) -> bool:
        """Order paint."""
        return bool(bucket)


store = Store(7)
painter = Agent(
    TestModel(),
    name="painter",
    instructions=[HELLO, "Ask for the color.", prompts.FAREWELL],
    tools=[store.take, store.order],
    output_type=[
        ToolOutput(Paint, name="painted", description="The paint was used."),
        ToolOutput(str, name="text"),
    ],
)
