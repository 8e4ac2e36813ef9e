"""The process that is killed: it begins or resumes the run `crash`, and says how it ended if it comes to that."""

import asyncio
from multiprocessing.connection import Connection
from pathlib import Path

import clerk  # pyright: ignore[reportMissingImports]  (of the acceptance tests, see conftest.py)
from pydantic_ai import ModelSettings
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from spanwright import Budget, Policy, Result, Run, optimize
from spanwright.store import Store
from spanwright.testing.simulated.transport import over_socket

RUN = "crash"
CONCURRENCY = 8
POLICIES = {
    "default": Policy.default(schedule="ordered"),
    "gepa": Policy.gepa(),
    "steady": Policy.default(max_in_flight=4),
}
SEEDED = ModelSettings(seed=7)
"""A provider promises equal answers for a seed, so that what is asked again after a crash is answered as it was."""


def work(url: str, path: Path, policy: str, tell: Connection) -> None:
    """Work on the run until it ends or this process does."""
    asyncio.run(_work(url, path, policy, tell))


async def _work(url: str, path: Path, policy: str, tell: Connection) -> None:
    async with over_socket(url) as provider:
        result = await make(provider, path, policy)
    tell.send((result.best.id, result.stop_reason, result.complete))


async def make(provider: OpenAIProvider, store: Store | Path, policy: str) -> Result:
    return await optimize(
        clerk.clerk(provider, SEEDED),
        clerk.questions(),
        budget=Budget(rollouts=150, reflections=40),
        reflection_model=OpenAIChatModel(clerk.REFLECTION, provider=provider, settings=SEEDED),
        policy=POLICIES[policy],
        store=store,
        run=Run(concurrency=CONCURRENCY, name=RUN, progress=False),
    )
