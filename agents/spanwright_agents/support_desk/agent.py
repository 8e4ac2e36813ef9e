"""What is optimized: the agent `support`, and the program `handle` that runs it on one ticket.

spanwright optimize spanwright_agents.support_desk.agent:handle --evals spanwright_agents.support_desk.evals:tickets
"""

from contextlib import AbstractAsyncContextManager

from spanwright import optimizable
from spanwright_agents.support_desk.desk import Ended, build, serve
from spanwright_agents.support_desk.shop import Shop

support = optimizable(build())


@optimizable(agents=[support])
async def handle(ticket: str) -> Ended:
    """Answer a ticket, and show what was done to the shop."""
    return await serve(support, ticket)


def shop_for(case: object) -> AbstractAsyncContextManager[Shop]:
    """Open a fresh shop for a case: what `deps=` wants where the bare agent is optimized."""
    return Shop.copy()
