"""A parent can be tried several times on each case of its minibatch, so that a success stands beside a failure."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

import pytest
from engine_trials import ORDERED, Terms, Trial, WrittenDown, scored_twice

from spanwright.core.candidate import CandidateId, ComponentId
from spanwright.core.context import ReflectionContext
from spanwright.core.events import AttemptStarted, Judged, RolloutEnded, RolloutStarted
from spanwright.core.goal import at_most
from spanwright.core.proposal import Reflection
from spanwright.core.rollout import Purpose, Rollout
from spanwright.core.usage import Budget
from spanwright.reflection import render_prompt
from spanwright.search import Crossover, Mixed, Policy, PoolView, not_worse
from spanwright.testing.landscape import Landscape, LandscapeReflector
from spanwright.testing.virtual import run_virtual

WORLD = Landscape(seed=5, components=3, needs=2, unstated=0.5, refusals=0.0)
"""Where nothing is stated half of the rules are followed: now these, now those."""


@dataclass(slots=True)
class Listening(LandscapeReflector):
    """Answers as ever, and keeps what it was asked."""

    contexts: list[ReflectionContext] = field(default_factory=list)

    async def reflect(self, context: ReflectionContext) -> Reflection:
        self.contexts.append(context)
        return await super(Listening, self).reflect(context)


def terms(policy: Policy, *, world: Landscape = WORLD, rollouts: int = 160) -> Terms:
    return Terms(world=world, policy=policy, budget=Budget(rollouts=rollouts, reflections=60), sizes=(12, 10, 4))


def made(policy: Policy, *, world: Landscape = WORLD, rollouts: int = 160) -> tuple[Trial, list[ReflectionContext]]:
    reflector = Listening(world)
    trial = run_virtual(terms(policy, world=world, rollouts=rollouts).run(reflector=reflector))
    return trial, reflector.contexts


def by_attempt(trial: Trial, purpose: Purpose = Purpose.MINIBATCH) -> Mapping[int, Sequence[Rollout]]:
    found: dict[int, list[Rollout]] = defaultdict(list)
    for rollout in trial.finished:
        if rollout.purpose is purpose and rollout.attempt is not None:
            found[rollout.attempt].append(rollout)
    return found


def scores(rollouts: Sequence[Rollout]) -> Mapping[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    for rollout in rollouts:
        assert rollout.score is not None
        found[rollout.key.case].append(rollout.score.value)
    return found


@pytest.mark.parametrize("schedule", ["ordered", "steady"])
def test_each_case_of_a_minibatch_is_tried_as_often_as_was_asked(schedule) -> None:
    trial, _ = made(Policy.default(schedule=schedule, tries=2))

    assert by_attempt(trial)
    for rollouts in by_attempt(trial).values():
        assert 6 == len({each.key for each in rollouts}) == len(rollouts)
        assert {2} == set(Counter(each.key.case for each in rollouts).values())
        assert 1 == len({each.key.candidate for each in rollouts})


@pytest.mark.parametrize("schedule", ["ordered", "steady"])
@pytest.mark.parametrize("rollouts", range(60, 80, 3))
def test_the_budget_holds_however_often_each_case_is_tried(schedule, rollouts) -> None:
    for tries in (2, 3):
        gate = not_worse if rollouts % 2 else None
        trial, _ = made(Policy.default(schedule=schedule, tries=tries, gate_rule=gate), rollouts=rollouts)

        assert len(trial.finished) == trial.engine.ledger.spent.rollouts <= rollouts
        assert not trial.engine.ledger.outstanding
        assert [] == scored_twice(trial)


@pytest.mark.parametrize("schedule", ["ordered", "steady"])
def test_an_attempt_that_was_cut_off_is_tried_on_what_is_missing_only(schedule) -> None:
    made_of, journal = terms(Policy.default(schedule=schedule, tries=2)), WrittenDown()
    run_virtual(made_of.run(journal))
    ends = [place for place, each in enumerate(journal.writes) if is_of_a_minibatch(each)]

    for length in ends[::5]:
        left = WrittenDown(journal.writes[: length + 1])
        resumed = run_virtual(made_of.run(left))

        assert {6} == {len(rollouts) for rollouts in by_attempt(resumed).values()}
        assert [] == scored_twice(resumed)
        assert len(resumed.finished) == resumed.engine.ledger.spent.rollouts <= made_of.budget.rollouts


def is_of_a_minibatch(written: object) -> bool:
    return isinstance(written, RolloutEnded) and written.rollout.purpose is Purpose.MINIBATCH


def test_a_prompt_shows_a_success_beside_a_failure_of_the_same_texts() -> None:
    trial, contexts = made(Policy.default(schedule="ordered", tries=2), world=replace(WORLD, needs=1))
    known = by_attempt(trial)

    beside = 0
    for context in contexts:
        prompt = render_prompt(context, 24_000)
        tried = scores(known[context.attempt])
        mixed = [case for case, values in tried.items() if min(values) == 0 and max(values) == 1]
        own = [each for each in context.examples if each.case.id in mixed]
        beside += len(mixed)

        assert 2 * len(mixed) == len(own), "nobody else's try is shown of these"
        assert {context.parent.id} >= {each.observed.rollout.key.candidate for each in own}
        pairs = re.findall(
            r"## (Example \d+), try 1: score 0 \(wrong\).*?## \1, try 2: score 1 \(right\)", prompt, re.DOTALL
        )
        assert len(mixed) <= len(pairs)
    assert beside


def test_of_tries_that_came_out_alike_one_is_shown() -> None:
    for world in (WORLD, replace(WORLD, repeatable=True)):
        trial, contexts = made(Policy.default(schedule="ordered", tries=3, contrast=False), world=world)
        known = by_attempt(trial)

        assert contexts
        for context in contexts:
            shown = [each.observed.rollout for each in context.examples]
            unlike = {case: sorted(set(values)) for case, values in scores(known[context.attempt]).items()}
            assert unlike == {case: sorted(values) for case, values in scores(shown).items()}


def test_a_case_that_fails_twice_weighs_once() -> None:
    weighed: list[float] = []

    def first(
        view: PoolView, parent: CandidateId, blames: Mapping[ComponentId, float], rng: Random
    ) -> tuple[ComponentId, ...]:
        weighed.append(sum(blames.values()))
        return view.components[0].id, view.components[1].id

    trial, contexts = made(Policy.default(schedule="ordered", tries=2, component_rule=first))
    known = by_attempt(trial)
    tried = [scores(known[context.attempt]) for context in contexts]

    assert any(max(values) < 1 for each in tried for values in each.values()), "some fail both times"
    assert [sum(min(values) < 1 for values in each.values()) for each in tried] == pytest.approx(weighed)
    judged = [event for event in trial.events if isinstance(event, Judged)]
    assert judged
    for event in judged:
        learnt = [(each.case, each.component) for each in event.proposal.lessons]
        assert len(learnt) == len(set(learnt)) > 0


def test_there_is_nothing_to_learn_only_where_every_try_is_perfect() -> None:
    trial, contexts = made(Policy.default(schedule="ordered", tries=2), world=replace(WORLD, unstated=0.85))
    perfect = {
        attempt: all(min(values) == 1 for values in scores(rollouts).values())
        for attempt, rollouts in by_attempt(trial).items()
    }

    assert {True, False} == set(perfect.values())
    assert [context.attempt for context in contexts] == [each for each, whole in perfect.items() if not whole]


def test_a_perfect_try_that_breaks_a_goal_is_shown_beside_one_that_keeps_it() -> None:
    world = replace(WORLD, needs=1, unstated=0.7)
    reflector = Listening(world)
    policy = Policy.default(schedule="ordered", tries=2)
    metered = replace(terms(policy, world=world), goals=(at_most("tokens", 25),), metered=True)
    known = by_attempt(run_virtual(metered.run(reflector=reflector)))

    def outcome(rollout: Rollout) -> tuple[str, str]:
        assert rollout.score is not None
        if rollout.score.value < 1:
            return rollout.key.case, "wrong"
        return rollout.key.case, "right" if (rollout.figure("tokens") or 0.0) <= 25 else "right and dear"

    beside = 0
    for context in reflector.contexts:
        shown = [outcome(each.observed.rollout) for each in context.examples]
        cases = {case for case, _ in shown}
        beside += sum({(case, "right"), (case, "right and dear")} <= set(shown) for case in cases)
        assert {outcome(each) for each in known[context.attempt]} <= set(shown)
    assert beside


def test_a_gate_tries_the_child_once_and_compares_with_the_parents_mean() -> None:
    seen: list[Mapping[str, float]] = []

    def listening(before: Mapping[str, float], after: Mapping[str, float]):
        seen.append(before)
        return not_worse(before, after)

    trial, _ = made(Policy.default(schedule="ordered", tries=2, gate_rule=listening))
    known = by_attempt(trial)
    gated = by_attempt(trial, Purpose.GATE)

    assert gated
    assert [{case: sum(two) / 2 for case, two in scores(known[each]).items()} for each in gated] == seen
    assert {3} == {len({each.key.case for each in rollouts}) for rollouts in gated.values()}
    assert {3} == {len(rollouts) for rollouts in gated.values()}


def test_both_of_a_crossing_are_tried_so_often() -> None:
    policy = Policy.default(
        schedule="ordered", tries=2, parent_rule=Mixed(), graft_rule=None, crossover_rule=Crossover(share=0.9)
    )
    trial, contexts = made(policy, world=replace(WORLD, components=2, rules=6, unstated=0.3), rollouts=300)
    crossed = {event.attempt for event in trial.events if isinstance(event, AttemptStarted) and event.partner}
    known = by_attempt(trial)

    assert crossed.intersection(context.attempt for context in contexts if context.partner)
    for context in contexts:
        tried = Counter(each.key.candidate for each in known[context.attempt])
        assert {6} == set(tried.values())
        assert len(tried) == (2 if context.partner else 1)


def test_where_scores_never_vary_each_case_is_tried_once() -> None:
    once, thrice = (
        run_virtual(
            terms(
                Policy.default(schedule="ordered", exact=True, tries=tries), world=replace(WORLD, repeatable=True)
            ).run()
        )
        for tries in (1, 3)
    )

    assert once.events == thrice.events
    assert {0} == {event.key.repeat for event in thrice.events if isinstance(event, RolloutStarted)}


def test_one_try_of_each_case_is_the_default() -> None:
    assert 1 == Policy.default().tries == Policy.gepa().tries
    assert {3} == {len(rollouts) for rollouts in by_attempt(made(ORDERED["default"].policy)[0]).values()}
