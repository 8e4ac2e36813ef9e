"""The desk: an agent with nine tools over the shop, documented as vaguely as such tools are.

To make these texts better is the optimizer's task; nothing here is written for it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic_ai import Agent, ModelRetry, RunContext, UsageLimits

from spanwright_agents.support_desk.shop import Books, Mistake, Shop, Told

MODEL = "openai:gpt-5-mini"
MOST_REQUESTS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a ticket ended: what the customer was told, and what the shop's books say."""

    reply: str
    books: Books


@contextmanager
def told_again() -> Iterator[None]:
    """Tell the model what the shop could not read, so that it may try again."""
    try:
        yield
    except Mistake as mistake:
        raise ModelRetry(str(mistake)) from mistake


async def lookup(ctx: RunContext[Shop], ref: str) -> Told:
    """Look up."""
    with told_again():
        return ctx.deps.lookup(ref)


async def check(ctx: RunContext[Shop], ref: str) -> Told:
    """Check."""
    with told_again():
        return ctx.deps.check(ref)


async def refund(ctx: RunContext[Shop], ref: str, amount: float, reason: str) -> str:
    """Refund."""
    with told_again():
        return ctx.deps.refund(ref, amount, reason)


async def credit(ctx: RunContext[Shop], ref: str, amount: float) -> str:
    """Credit."""
    with told_again():
        return ctx.deps.credit(ref, amount)


async def exchange(ctx: RunContext[Shop], ref: str, item: str, size: str) -> str:
    """Exchange."""
    with told_again():
        return ctx.deps.exchange(ref, item, size)


async def update(ctx: RunContext[Shop], ref: str, value: str) -> str:
    """Update."""
    with told_again():
        return ctx.deps.set_address(ref, value)


async def change(ctx: RunContext[Shop], ref: str, value: str) -> str:
    """Change it."""
    with told_again():
        return ctx.deps.set_day(ref, value)


async def cancel(ctx: RunContext[Shop], ref: str) -> str:
    """Cancel."""
    with told_again():
        return ctx.deps.cancel(ref)


async def escalate(ctx: RunContext[Shop], ref: str, team: str, note: str) -> str:
    """Pass on."""
    with told_again():
        return ctx.deps.escalate(ref, team, note)


TOOLS = (lookup, check, refund, credit, exchange, update, change, cancel, escalate)


def build() -> Agent[Shop, str]:
    """Return the agent, as it was before anybody optimized it."""
    return Agent(
        MODEL,
        name="support",
        deps_type=Shop,
        instructions="Help the customer.",
        tools=TOOLS,
        retries=6,
        defer_model_check=True,
    )


async def serve(support: Agent[Shop, str], ticket: str) -> Ended:
    """Let the agent answer one ticket in a shop of its own."""
    async with Shop.copy() as shop:
        answer = await support.run(ticket, deps=shop, usage_limits=UsageLimits(request_limit=MOST_REQUESTS))
        return Ended(reply=answer.output, books=shop.books())
