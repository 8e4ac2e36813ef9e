from pydantic_ai import Agent, Tool
from pydantic_ai.models.test import TestModel
from pydantic_ai.toolsets import FunctionToolset

from .styles_texts import LOOK, Prompts


class Shop:
    def find(self, query: str) -> str:
        """Find it.

        :param query: What.
        """
        return query

    @classmethod
    def count(cls, query: str) -> str:
        """Count it."""
        return query

    @staticmethod
    def sell(query: str) -> str:
        """Sell it."""
        return query


def look(query: str) -> str:
    return query


crm = FunctionToolset(id="crm", instructions="Use it.")


@crm.tool_plain
async def customer(name: str) -> str:
    """Find a customer.

    Parameters
    ----------
    name
        Who.
    """
    return name


shop = Shop()
agent = Agent(
    TestModel(),
    name="shop",
    instructions=Prompts.MAIN,
    tools=[Tool(look, description=LOOK), shop.find, Shop.count, Shop.sell],
    toolsets=[crm],
)
