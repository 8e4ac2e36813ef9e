"""A 400 that a text of the candidate's provoked is the candidate's failure; one that any text meets is the user's."""

import clerk
import pytest

from spanwright import Budget, Policy, Proposal, Reflection, ReflectionContext, Run, SqliteStore, UserBug, optimize
from spanwright.core.events import RolloutEnded, RunStarted
from spanwright.core.rollout import Blame
from spanwright.testing.simulated.host import serve
from spanwright.testing.simulated.refusals import short_descriptions
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.transport import over_socket


class Windbag:
    """A reflector that writes descriptions which are too long for the provider."""

    async def reflect(self, context: ReflectionContext) -> Reflection:
        long = f"{context.attempt} " + "It tells the price. " * 80
        return Reflection(result=Proposal(parents=(context.parent.id,), edits={"clerk/tool:price": long}))


async def run(url: str, store: SqliteStore, seed: str = "Price."):
    async with over_socket(url) as provider:
        agent = clerk.clerk(provider)
        agent._function_toolset.tools["price"].description = seed  # noqa: SLF001
        return await optimize(
            agent,
            clerk.questions(train=6, validation=6, test=0),
            budget=Budget(rollouts=40, reflections=2),
            reflection_model=Windbag(),
            policy=Policy.default(schedule="ordered"),
            store=store,
            run=Run(name="it", progress=False),
        )


@pytest.fixture
def url():
    refusals = {clerk.TASK: [short_descriptions]}
    with serve(simulated_app(clerk.models(), salt="long", refusals=refusals)) as url:
        yield url


async def test_a_description_over_the_providers_limit_scores_the_floor_and_is_no_outage(url, tmp_path):
    store = SqliteStore(tmp_path / "store.sqlite")
    result = await run(url, store)

    events = tuple(store.reader.events("it"))
    first = events[0]
    assert isinstance(first, RunStarted)
    rollouts = [event.rollout for event in events if isinstance(event, RolloutEnded)]
    children = [each for each in rollouts if each.key.candidate != first.seed.id]
    assert children
    for child in children:
        assert child.failure is not None
        assert (Blame.CANDIDATE, "model") == (child.failure.blame, child.failure.boundary)
        assert "string too long" in child.failure.message
        assert child.score is not None
        assert 0.0 == child.score.value
    assert all(each.failure is None for each in rollouts if each.key.candidate == first.seed.id)
    assert result.best == first.seed


async def test_a_description_of_the_seeds_own_that_is_too_long_is_the_users_bug(url, tmp_path):
    with pytest.raises(UserBug, match=r"string too long.*the same in 3 of 3 rollouts of the unchanged agent"):
        await run(url, SqliteStore(tmp_path / "store.sqlite"), seed="It tells the price. " * 80)
