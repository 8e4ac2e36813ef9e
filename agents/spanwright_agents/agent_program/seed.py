"""A first program: one call, which is to give the number alone."""

from pydantic_ai import Agent


async def answer(question, model):
    """Return the number that answers a question, as text."""
    agent = Agent(model, instructions="Answer with only the number.")
    return (await agent.run(question)).output
