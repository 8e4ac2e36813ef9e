"""A run begins with what another one has learnt."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from api_world import World, words

from spanwright import Policy, Reflection, ReflectionContext, Run, SqliteStore, UsageError, optimize
from spanwright.core.events import RunStarted
from spanwright.core.proposal import Lesson, Proposal

INSTRUCTIONS = "speaker/instructions"
FACT = Lesson(component=INSTRUCTIONS, text="Words are wanted in capitals.")


class Student:
    """A reflector that writes lessons and nothing that helps."""

    def __init__(self) -> None:
        self.contexts: list[ReflectionContext] = []

    async def reflect(self, context: ReflectionContext) -> Reflection:
        self.contexts.append(context)
        tool = next(each for each in context.parent.texts if each != INSTRUCTIONS)
        edits = {tool: f"Attempt {context.attempt}."}
        return Reflection(result=Proposal(parents=(context.parent.id,), edits=edits, lessons=(FACT,)))


def options(world: World, student: Student, run: str, **more: Any) -> Any:
    return {
        **world.options(rollouts=60),
        "reflection_model": student,
        "policy": Policy.default(schedule="ordered"),
        "run": Run(name=run, progress=False, **more),
    }


@pytest.mark.parametrize("source", ["name", "path", "result"])
async def test_the_first_reflection_of_a_run_knows_the_lessons_of_another(world: World, source: str) -> None:
    first = await optimize(world.agent, words(20), **options(world, Student(), "first"))
    given = {"name": "first", "path": (world.store, "first"), "result": first}[source]
    student = Student()

    second = await optimize(world.agent, words(20), **options(world, student, "second", lessons_from=given))

    known = [each for each in student.contexts[0].lessons if each.text == FACT.text]
    assert 1 == len(known)
    assert known[0].evidence > 1
    assert any("Lessons of run 'first'" in remark for remark in second.remarks)


async def test_what_was_taken_over_is_part_of_the_run_and_is_not_asked_for_again(world: World) -> None:
    await optimize(world.agent, words(20), **options(world, Student(), "first"))
    done = await optimize(world.agent, words(20), **options(world, Student(), "second", lessons_from="first"))

    again = await optimize(world.agent, words(20), **options(world, Student(), "second", lessons_from="gone"))

    started = next(iter(SqliteStore(world.store).reader.events("second")))
    assert isinstance(started, RunStarted)
    assert FACT.text in {each.text for each in started.lessons}
    assert done == again


async def test_lessons_on_components_that_are_not_here_are_dropped_with_a_remark(world: World) -> None:
    first = await optimize(world.agent, words(20), **options(world, Student(), "first"))
    strange = replace(
        first,
        learnt=tuple(replace(each, lesson=replace(each.lesson, component="ghost/tool:x")) for each in first.learnt),
    )

    second = await optimize(world.agent, words(20), **options(world, Student(), "second", lessons_from=strange))

    assert any("dropped for want of the component: ghost/tool:x" in remark for remark in second.remarks)


async def test_a_source_that_is_not_there_is_refused_before_any_request(world: World, tmp_path: Path) -> None:
    for source in ("nobody", (tmp_path / "none.sqlite", "first")):
        with pytest.raises(UsageError, match=r"there is no run|not there"):
            await optimize(world.agent, words(20), **options(world, Student(), "second", lessons_from=source))

    assert 0 == world.task.requests


async def test_a_policy_that_shows_no_lessons_cannot_use_them(world: World) -> None:
    first = await optimize(world.agent, words(20), **options(world, Student(), "first"))
    given = options(world, Student(), "second", lessons_from=first) | {"policy": Policy.gepa()}

    with pytest.raises(UsageError, match="no lessons"):
        await optimize(world.agent, words(20), **given)
