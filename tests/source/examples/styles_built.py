from pydantic_ai import Agent
from pydantic_ai.models.test import TestModel
from spanwright import optimizable


@optimizable
def build() -> Agent[None, str]:
    agent = Agent(TestModel(), name="built", instructions="Be kind.")

    @agent.tool_plain
    def look(query: str) -> str:
        """Look up.

        Args:
            query: What to look for.
        """
        return query

    return agent
