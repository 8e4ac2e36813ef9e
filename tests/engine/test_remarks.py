"""What a person writes about a training rollout reaches later reflections; what they write about others never does."""

from dataclasses import dataclass, field, replace

import pytest
from engine_trials import SMALL, WORLD, Terms, WrittenDown

from spanwright.core.annotation import Annotation
from spanwright.core.context import ReflectionContext
from spanwright.core.events import Event, RolloutEnded
from spanwright.core.proposal import Reflection
from spanwright.core.rollout import Purpose, Rollout
from spanwright.search import Policy
from spanwright.testing.landscape import LandscapeReflector
from spanwright.testing.virtual import run_virtual

TERMS = Terms(
    world=replace(WORLD, refusals=0.0), policy=Policy.gepa(), budget=replace(SMALL, rollouts=160), sizes=(4, 8, 8)
)


@dataclass(slots=True)
class Listening(LandscapeReflector):
    """Keeps what it was asked."""

    heard: list[ReflectionContext] = field(default_factory=list)

    async def reflect(self, context: ReflectionContext) -> Reflection:
        self.heard.append(context)
        return await super(Listening, self).reflect(context)


class Reader:
    """A person who writes a remark on the first rollout of a kind."""

    def __init__(self, journal: WrittenDown, *purposes: Purpose) -> None:
        self._journal = journal
        self._purposes = purposes
        self.read: Rollout | None = None

    def __call__(self, event: Event) -> None:
        if self.read is None and isinstance(event, RolloutEnded) and event.rollout.purpose in self._purposes:
            self.read = event.rollout
            remark = Annotation(rollout=event.rollout.number, text="Apologise first.", at=1.0)
            self._journal.annotated.append(remark)


def contexts(*purposes: Purpose) -> tuple[Rollout, list[ReflectionContext]]:
    async def main() -> tuple[Rollout | None, list[ReflectionContext]]:
        journal, reflector = WrittenDown(), Listening(TERMS.world)
        reader = Reader(journal, *purposes)
        await TERMS.run(journal, reflector=reflector, observers=[reader])
        return reader.read, reflector.heard

    read, heard = run_virtual(main())
    assert read is not None
    return read, heard


def test_a_remark_on_a_training_rollout_joins_the_feedback_of_its_task():
    read, heard = contexts(Purpose.MINIBATCH)
    feedbacks = [
        example.observed.rollout.score.feedback
        for context in heard[1:]
        for example in context.examples
        if example.case.id == read.key.case and example.observed.rollout.score and not example.differing
    ]

    assert feedbacks
    assert all(
        each.endswith("A person who read an earlier try of this task noted: Apologise first.") for each in feedbacks
    )


def test_a_remark_on_another_task_comes_as_a_lesson_while_the_text_stands():
    read, heard = contexts(Purpose.MINIBATCH)
    elsewhere = [each for each in heard[1:] if read.key.case not in {example.case.id for example in each.examples}]
    told = [lesson for each in elsewhere for lesson in each.lessons if "Apologise first." in lesson.text]

    assert told
    assert {read.key.case} == {lesson.case for lesson in told}


@pytest.mark.parametrize("purpose", [Purpose.VALIDATION, Purpose.TEST])
def test_no_reflection_ever_reads_a_remark_on_a_validation_or_test_rollout(purpose: Purpose):
    _, heard = contexts(purpose)

    assert heard
    assert "Apologise" not in "".join(map(repr, heard))
