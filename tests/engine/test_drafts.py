"""What a policy puts together without a reflection goes the way of every proposal."""

from dataclasses import dataclass, replace
from random import Random

import pytest
from engine_trials import SMALL, WORLD, Course, Terms, Trial, WrittenDown, scored_twice

from spanwright.core.candidate import Candidate
from spanwright.core.events import AttemptStarted, Judged, ReflectionStarted
from spanwright.core.proposal import Draft, Origin, Proposal
from spanwright.core.rollout import Purpose
from spanwright.core.usage import Budget
from spanwright.errors import UsageError
from spanwright.search import Policy, PoolView, undrafted
from spanwright.testing.virtual import run_virtual


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """Write rule after rule into the texts of the best member, without asking anybody; `cases` make a bar."""

    cases: int = 0
    wanted: float = 0.0
    every: int = 1
    """Of so many attempts one is a draft."""

    def __call__(self, view: PoolView, rng: Random) -> Draft | None:
        if view.next_attempt % self.every:
            return None
        best = view.candidate(view.incumbent)
        bar = dict.fromkeys(rng.sample(view.validation, self.cases), self.wanted)
        for rule in range(12):
            component = f"world/text{rule // 3}"
            edits = {component: f"{best.texts[component]} {rule}".strip()}
            proposal = Proposal(parents=(best.id,), edits=edits, origin=Origin.EXTERNAL)
            if undrafted(view, proposal):
                return Draft(proposal=proposal, bar=bar)
        return None


def terms(rule: Writing, budget: Budget = SMALL, *, gepa: bool = False) -> Terms:
    make = Policy.gepa if gepa else Policy.default
    return Terms(world=WORLD, policy=make(schedule="ordered", draft_rule=rule), budget=budget, sizes=(12, 8, 4))


def attempts(trial: Trial) -> list[AttemptStarted]:
    return [event for event in trial.events if isinstance(event, AttemptStarted)]


def test_a_draft_takes_neither_minibatch_nor_reflection() -> None:
    trial = run_virtual(terms(Writing(), Budget(rollouts=64, reflections=0)).run())

    assert trial.accepted
    assert 0 == trial.reflections == trial.reflector.calls
    assert not {Purpose.MINIBATCH, Purpose.GATE} & {each.purpose for each in trial.finished}
    assert {Origin.SEED, Origin.EXTERNAL} == {trial.ended.pool.member(each).origin for each in trial.ended.pool.members}


@pytest.mark.parametrize(("wanted", "admitted"), [(0.0, True), (1.5, False)])
def test_a_draft_with_a_bar_must_reach_it_on_its_own_cases(wanted: float, admitted: bool) -> None:
    trial = run_virtual(terms(Writing(cases=5, wanted=wanted), Budget(rollouts=40, reflections=0)).run())
    judged = [event for event in trial.events if isinstance(event, Judged)]
    tried = [each for each in trial.finished if each.purpose is Purpose.GATE]

    assert judged
    assert {admitted} == {event.verdict.accepted for event in judged}
    assert {5} == {len(event.verdict.differences) for event in judged}
    assert {each.key.case for each in tried} <= set(trial.ended.pool.validation)
    assert 5 * len(judged) == len(tried)


def test_what_a_child_scored_on_a_bar_is_not_taken_for_its_validation() -> None:
    trial = run_virtual(terms(Writing(cases=5), Budget(rollouts=64, reflections=0), gepa=True).run())
    child = trial.accepted[0]
    purposes = [each.purpose for each in trial.finished if each.key.candidate == child]

    assert 5 == purposes.count(Purpose.GATE)
    assert 8 == purposes.count(Purpose.VALIDATION)


def test_attempts_that_are_no_drafts_reflect() -> None:
    trial = run_virtual(terms(Writing(every=3), Budget(rollouts=200, reflections=30)).run())
    drafted = {event.attempt for event in attempts(trial) if event.draft is not None}
    reflecting = {event.attempt for event in trial.events if isinstance(event, ReflectionStarted)}

    assert drafted
    assert reflecting
    assert {event.attempt for event in attempts(trial) if event.attempt % 3 == 0} == drafted
    assert not drafted & reflecting


@pytest.mark.parametrize("gepa", [False, True])
@pytest.mark.parametrize("cases", [0, 5])
def test_a_run_with_drafts_comes_to_the_same_end_from_every_prefix_of_its_journal(cases: int, gepa: bool) -> None:
    made = terms(Writing(cases=cases, every=2), gepa=gepa)
    journal = WrittenDown()
    expected = Course.of(run_virtual(made.run(journal)))

    assert any(isinstance(each, AttemptStarted) and each.draft is not None for each in journal.writes)
    for length in range(0, len(journal.writes), 7):
        resumed = run_virtual(made.run(WrittenDown(journal.writes[:length])))

        assert expected == Course.of(resumed), length
        assert [] == scored_twice(resumed), length


def test_drafts_that_are_in_flight_together_differ() -> None:
    rule = Writing(cases=3)
    made = replace(terms(rule, Budget(rollouts=300, reflections=0)), policy=Policy.default(draft_rule=rule))
    trial = run_virtual(made.run())
    drafted = [event.draft.proposal for event in attempts(trial) if event.draft is not None]
    children = [proposal.apply(trial.ended.pool.candidate(proposal.parents[0])).id for proposal in drafted]

    assert len(set(children)) == len(children) > 3


def test_a_bar_of_cases_that_steer_nothing_is_a_clear_error() -> None:
    def peeking(view: PoolView, rng: Random) -> Draft:
        proposal = Proposal(parents=(view.seed,), edits={"world/text0": "1"})
        return Draft(proposal=proposal, bar={"case-23": 0.0})

    made = replace(terms(Writing()), policy=Policy.default(draft_rule=peeking))

    with pytest.raises(UsageError, match="'case-23'"):
        run_virtual(made.run())


def test_a_draft_of_a_text_that_is_not_there_is_refused() -> None:
    def strange(view: PoolView, rng: Random) -> Draft:
        return Draft(proposal=Proposal(parents=(view.seed,), edits={"world/nothing": "1"}))

    trial = run_virtual(replace(terms(Writing()), policy=Policy.default(draft_rule=strange)).run())

    assert [trial.ended.pool.seed] == list(trial.ended.pool.members)
    assert Candidate(texts=WORLD.texts()).id == trial.ended.winner
