"""A case that the world fails whoever is tried is set aside after three rollouts, and named in the result.

A question that it fails whenever the reflection model is asked it is not yet told from an outage.
"""

from dataclasses import dataclass, replace

import pytest
from engine_trials import ORDERED, WrittenDown

from spanwright.core.candidate import Candidate
from spanwright.core.case import Case
from spanwright.core.context import ReflectionContext
from spanwright.core.proposal import Reflection
from spanwright.core.rollout import Purpose
from spanwright.errors import WorldFailed
from spanwright.report import Result
from spanwright.testing.landscape import LandscapeReflector, LandscapeSubject
from spanwright.testing.virtual import run_virtual


@dataclass(slots=True)
class Poisoned(LandscapeSubject):
    """A subject that cannot be asked about one case: a filter at the provider answers 500."""

    case: str = ""

    async def run(self, candidate: Candidate, case: Case) -> object:
        """Try the candidate."""
        output = await super(Poisoned, self).run(candidate, case)
        if case.id == self.case:
            raise WorldFailed("model", "500 upstream filter")
        return output


@pytest.mark.parametrize("name", ["default", "gepa"])
def test_a_poison_case_is_set_aside_and_named_and_the_run_goes_on(name: str) -> None:
    terms = ORDERED[name]
    train, validation, test = terms.sizes
    case = terms.world.splits(train=train, validation=validation, test=test).validation[1].id

    made = run_virtual(terms.run(subject=Poisoned(terms.world, case=case)))
    result = Result.from_events(made.events)
    failed = [rollout for rollout in made.finished if rollout.score is None]

    assert made.ended.complete
    assert {case} == {rollout.key.case for rollout in failed}
    assert len(failed) == result.unscored
    # The search leaves it out after three; the finals, which compare on equal terms, still ask each finalist.
    assert 3 <= sum(rollout.purpose is not Purpose.FINAL for rollout in failed) <= 4
    assert {case: "model: 500 upstream filter"} == result.set_aside
    assert f"case {case!r} was set aside" in str(result)


def test_in_an_outage_no_case_is_set_aside() -> None:
    terms = replace(ORDERED["default"], concurrency=4)

    @dataclass(slots=True)
    class Down(LandscapeSubject):
        async def run(self, candidate: Candidate, case: Case) -> object:
            raise WorldFailed("model", "503")

    made = run_virtual(terms.run(subject=Down(terms.world)))

    assert not made.ended.complete
    assert {} == Result.from_events(made.events).set_aside


@dataclass(slots=True)
class Filtered(LandscapeReflector):
    """A reflection model that cannot be asked one question: a filter at the provider answers 500."""

    attempt: int = 0

    async def reflect(self, context: ReflectionContext) -> Reflection:
        """Answer, but for that attempt."""
        if context.attempt == self.attempt:
            raise WorldFailed("model", "500 upstream filter")
        return await super(Filtered, self).reflect(context)


def test_a_question_that_the_reflection_model_always_fails_holds_no_run_up_for_ever() -> None:
    terms, journal = ORDERED["gepa"], WrittenDown()

    run_virtual(terms.run(journal, reflector=Filtered(terms.world, attempt=4)))
    resumed = run_virtual(terms.run(journal, reflector=Filtered(terms.world, attempt=4)))

    assert resumed.ended.complete
