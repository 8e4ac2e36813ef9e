"""What repeats an earlier candidate costs no rollout, and an escape is part of the history."""

from dataclasses import dataclass, field, replace

from engine_trials import LARGE, Course, Terms, WrittenDown

from spanwright.core.context import ReflectionContext
from spanwright.core.events import AttemptStarted, Escape, Refused
from spanwright.core.proposal import Proposal, Reflection, RefusalReason
from spanwright.core.usage import Budget
from spanwright.search import Plateau, Policy
from spanwright.testing.landscape import Landscape, LandscapeReflector
from spanwright.testing.virtual import run_virtual

ORDERED = Policy.default(schedule="ordered")
TERMS = Terms(
    world=Landscape(seed=3, repeatable=True, refusals=0.0),
    policy=ORDERED,
    budget=Budget(rollouts=120, reflections=20),
    sizes=(12, 20, 4),
)


@dataclass(slots=True)
class Repeating(LandscapeReflector):
    """Says in other clothes what it said first, of whatever parent."""

    contexts: list[ReflectionContext] = field(default_factory=list[ReflectionContext])

    async def reflect(self, context: ReflectionContext) -> Reflection:
        """Answer without reading."""
        self.contexts.append(context)
        self.calls += 1
        text = ("Follow the rules.", "follow  the rules", "- Follow rules!")[self.calls % 3]
        seed = dict(self.world.texts())
        edits = {**{each.id: seed[each.id] for each in context.components}, "world/text0": text}
        return Reflection(result=Proposal(parents=(context.parent.id,), edits=edits))


def test_what_repeats_an_earlier_candidate_costs_no_rollout_and_is_told_to_later_reflections() -> None:
    reflector = Repeating(TERMS.world)
    trial = run_virtual(TERMS.run(reflector=reflector))
    refused = [each.refusal for each in trial.events if isinstance(each, Refused)]

    assert 1 == len(trial.accepted)
    assert RefusalReason.NEAR_DUPLICATE in {each.reason for each in refused}
    assert {trial.accepted[0]} == {each.detail for each in refused if each.reason is RefusalReason.NEAR_DUPLICATE}

    told = {edit.outcome for context in reflector.contexts for edit in context.tried}
    spent = {rollout.key.candidate for rollout in trial.finished}

    assert any("said before in other words" in each for each in told)
    assert {trial.ended.pool.seed, trial.accepted[0]} == spent


def test_whoever_wants_them_tried_gets_them_tried() -> None:
    policy = Policy.default(schedule="ordered", near_duplicates=True)
    trial = run_virtual(replace(TERMS, policy=policy).run(reflector=Repeating(TERMS.world)))

    assert len(trial.accepted) > 1


def test_a_run_that_escapes_comes_to_the_same_end_from_any_prefix_and_escapes_alike() -> None:
    rule = Plateau(share=0.0, least=2, ways=tuple(Escape), often=0.8)
    policy = Policy.default(schedule="ordered", escape_rule=rule)
    terms = replace(TERMS, policy=policy, budget=LARGE, sizes=(12, 40, 6))
    journal = WrittenDown()
    expected = run_virtual(terms.run(journal))

    def escapes(events: object) -> list[Escape | None]:
        assert isinstance(events, list)
        return [each.escape for each in events if isinstance(each, AttemptStarted)]

    assert set(Escape) <= set(escapes(expected.events))
    for length in range(0, len(journal.writes), 97):
        resumed = run_virtual(terms.run(WrittenDown(journal.writes[:length])))

        assert Course.of(expected) == Course.of(resumed), length
        assert escapes(expected.events) == escapes(resumed.events), length


def test_a_reflector_is_told_that_the_search_is_stuck_only_where_it_is_to_question() -> None:
    rule = Plateau(share=0.0, least=1, often=1.0)
    seen: list[bool] = []

    @dataclass(slots=True)
    class Watching(LandscapeReflector):
        async def reflect(self, context: ReflectionContext) -> Reflection:
            seen.append(context.stuck)
            return await super(Watching, self).reflect(context)

    policy = Policy.default(schedule="ordered", escape_rule=rule)
    run_virtual(replace(TERMS, policy=policy).run(reflector=Watching(TERMS.world)))
    questioned = {True, False} & set(seen)
    seen.clear()
    run_virtual(TERMS.run(reflector=Watching(TERMS.world)))

    assert {True, False} == questioned
    assert {False} == set(seen)
