"""A reflection can be shown a second candidate that differs in one text, tried on the same cases."""

from dataclasses import dataclass, field

from engine_trials import Course, Terms, Trial, WrittenDown, scored_twice

from spanwright.core.context import ReflectionContext
from spanwright.core.events import AttemptStarted, Judged
from spanwright.core.proposal import Proposal, Reflection
from spanwright.core.rollout import Purpose
from spanwright.core.usage import Budget
from spanwright.search import Crossover, Mixed, Policy
from spanwright.testing.landscape import Landscape, LandscapeReflector
from spanwright.testing.virtual import run_virtual


@dataclass(slots=True)
class Listening(LandscapeReflector):
    """Answers as ever, and keeps what it was asked."""

    contexts: list[ReflectionContext] = field(default_factory=list)

    async def reflect(self, context: ReflectionContext) -> Reflection:
        self.contexts.append(context)
        return await super(Listening, self).reflect(context)


@dataclass(slots=True)
class Blending(LandscapeReflector):
    """Writes all rules of two versions into one text."""

    async def reflect(self, context: ReflectionContext) -> Reflection:
        if context.partner is None:
            return await super(Blending, self).reflect(context)
        component = context.components[0].id
        both = (context.parent.texts[component], context.partner.candidate.texts[component])
        text = " ".join(dict.fromkeys(" ".join(both).split()))
        return Reflection(result=Proposal(parents=(context.parent.id,), edits={component: text}))


WORLD = Landscape(seed=4, components=2, rules=6, repeatable=True)


def terms(share: float, rollouts: int = 300) -> Terms:
    policy = Policy.default(
        schedule="ordered", parent_rule=Mixed(), graft_rule=None, crossover_rule=Crossover(share=share)
    )
    return Terms(world=WORLD, policy=policy, budget=Budget(rollouts=rollouts, reflections=40), sizes=(12, 10, 4))


def crossed(trial: Trial) -> dict[int, AttemptStarted]:
    began = [event for event in trial.events if isinstance(event, AttemptStarted)]
    return {event.attempt: event for event in began if event.partner is not None}


def test_both_are_tried_on_the_same_cases_and_what_differs_is_on_offer() -> None:
    reflector = Listening(WORLD)
    trial = run_virtual(terms(0.9).run(reflector=reflector))
    pairs = [context for context in reflector.contexts if context.partner is not None]

    assert pairs
    assert len(pairs) <= len(crossed(trial))
    for context in pairs:
        partner = context.partner
        assert partner is not None
        assert partner.candidate.changes_from(context.parent) == tuple(each.id for each in context.components)
        assert 1 == len(context.components)
        own = [each for each in context.examples if each.observed.rollout.key.candidate == context.parent.id]
        assert [each.case.id for each in own] == [each.rollout.key.case for each in partner.observed]
        assert {Purpose.MINIBATCH} == {each.rollout.purpose for each in partner.observed}


def test_a_child_of_two_keeps_both_as_its_parents() -> None:
    trial = run_virtual(terms(0.9).run(reflector=Blending(WORLD)))
    judged = [event for event in trial.events if isinstance(event, Judged) and event.attempt in crossed(trial)]

    assert judged
    for event in judged:
        begun = crossed(trial)[event.attempt]
        assert (begun.parent, begun.partner) == event.proposal.parents


def test_crossings_are_off_unless_asked_for() -> None:
    assert Policy.default().crossover_rule is None
    assert not crossed(run_virtual(terms(0.0).run()))


def test_a_crossing_that_was_cut_off_comes_to_the_same_end() -> None:
    made, journal = terms(0.9), WrittenDown()
    expected = Course.of(run_virtual(made.run(journal)))

    assert any(isinstance(each, AttemptStarted) and each.partner for each in journal.writes)
    for length in range(0, len(journal.writes), 61):
        resumed = run_virtual(made.run(WrittenDown(journal.writes[:length])))

        assert expected == Course.of(resumed), length
        assert [] == scored_twice(resumed), length
