"""The agent, as a team writes one with the OpenAI Agents SDK: nothing in it knows that it may be optimized."""

from typing import Final

from agents import Agent, RunContextWrapper, Runner, default_tool_error_function, function_tool

from spanwright_agents.support_desk.shop import Mistake, Shop, Told

MODEL: Final = "gpt-5-mini"
MOST_TURNS: Final = 16


def told(ctx: RunContextWrapper[Shop], error: Exception) -> str:
    """Tell the model what the shop could not read; of anything else the SDK tells it only that it failed."""
    return str(error) if isinstance(error, Mistake) else default_tool_error_function(ctx, error)


tool = function_tool(failure_error_function=told)


@tool
def lookup(ctx: RunContextWrapper[Shop], ref: str) -> Told:
    """Look up."""
    return ctx.context.lookup(ref)


@tool
def check(ctx: RunContextWrapper[Shop], ref: str) -> Told:
    """Check."""
    return ctx.context.check(ref)


@tool
def refund(ctx: RunContextWrapper[Shop], ref: str, amount: float, reason: str) -> str:
    """Refund."""
    return ctx.context.refund(ref, amount, reason)


@tool
def credit(ctx: RunContextWrapper[Shop], ref: str, amount: float) -> str:
    """Credit."""
    return ctx.context.credit(ref, amount)


@tool
def exchange(ctx: RunContextWrapper[Shop], ref: str, item: str, size: str) -> str:
    """Exchange."""
    return ctx.context.exchange(ref, item, size)


@tool
def update(ctx: RunContextWrapper[Shop], ref: str, value: str) -> str:
    """Update."""
    return ctx.context.set_address(ref, value)


@tool
def change(ctx: RunContextWrapper[Shop], ref: str, value: str) -> str:
    """Change it."""
    return ctx.context.set_day(ref, value)


@tool
def cancel(ctx: RunContextWrapper[Shop], ref: str) -> str:
    """Cancel."""
    return ctx.context.cancel(ref)


@tool
def escalate(ctx: RunContextWrapper[Shop], ref: str, team: str, note: str) -> str:
    """Pass on."""
    return ctx.context.escalate(ref, team, note)


def build(model: str = MODEL) -> Agent[Shop]:
    """Return the agent, with texts as vague as busy people write them."""
    tools = [lookup, check, refund, credit, exchange, update, change, cancel, escalate]
    return Agent(name="support", model=model, instructions="Help the customer.", tools=tools)


async def serve(support: Agent[Shop], ticket: str) -> dict[str, object]:
    """Let the agent answer one ticket in a shop of its own; return what it said, and what the books say."""
    async with Shop.copy() as shop:
        answer = await Runner.run(support, ticket, context=shop, max_turns=MOST_TURNS)
        return {"reply": answer.final_output, "books": shop.books()}
