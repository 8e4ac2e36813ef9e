"""A success of the same training case stands beside a failure in what a reflector reads."""

from random import Random

from api_world import CAPITALS, Teacher, World, words

from spanwright import Policy, Proposal, Reflection, ReflectionContext, SqliteStore, optimize
from spanwright.core.candidate import CandidateId
from spanwright.core.context import Example
from spanwright.core.events import RunStarted
from spanwright.search import PoolView


class Half(Teacher):
    """A teacher who knows half of it, so that there is always something to learn."""

    async def reflect(self, context: ReflectionContext) -> Reflection:
        self.contexts.append(context)
        edits = {
            component.id: f"{CAPITALS} ({context.attempt})"
            for component in context.components
            if component.id.endswith("instructions")
        }
        return Reflection(result=Proposal(parents=(context.parent.id,), edits=edits))


def seed_and_newest(view: PoolView, rng: Random) -> CandidateId:
    return view.members[0 if view.next_attempt % 2 else -1]


async def contexts(world: World, **policy) -> list[ReflectionContext]:
    world.teacher = Half()
    chosen = Policy.default(schedule="ordered", parent_rule=seed_and_newest, **policy)
    await optimize(world.agent, words(20), **world.options(rollouts=80), policy=chosen)
    return world.teacher.contexts


def of_others(context: ReflectionContext) -> list[Example]:
    return [each for each in context.examples if each.observed.rollout.key.candidate != context.parent.id]


async def test_a_failure_stands_beside_another_members_better_try_of_the_same_case(world: World) -> None:
    seen = await contexts(world)

    beside = [(context, each) for context in seen for each in of_others(context)]
    assert beside
    for context, each in beside:
        (failed,) = [
            other
            for other in context.examples
            if other.case.id == each.case.id and other.observed.rollout.number != each.observed.rollout.number
        ]
        assert failed.observed.rollout.score.value < each.observed.rollout.score.value
        assert each.observed.trace.model_calls, "with its trace"
        assert ("speaker/instructions",) == each.differing
        assert () == each.blamed
        assert failed.observed.rollout.key.candidate == context.parent.id


async def test_it_can_be_left_out(world: World) -> None:
    seen = await contexts(world, contrast=False)

    assert seen
    assert [] == [each for context in seen for each in of_others(context)]


async def test_only_training_cases_are_shown(world: World) -> None:
    seen = await contexts(world)

    (started,) = [each for each in SqliteStore(world.store).reader.events("first") if isinstance(each, RunStarted)]
    assert {each.case.id for context in seen for each in context.examples} <= set(started.train)
