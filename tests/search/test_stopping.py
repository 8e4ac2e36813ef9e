"""Rules that end a search, alone and together."""

import pytest

from spanwright.core.events import StopReason
from spanwright.core.proposal import Refusal, RefusalReason
from spanwright.errors import UsageError
from spanwright.search import AllOf, AnyOf, AtMost, Patience, Policy, Target


def stopped(story, rule):
    return Policy.default(stop=rule).should_stop(story.view)


def test_counts_end_a_search_when_they_are_reached(story):
    story.refuse(story.attempt(story.seed), story.seed)
    story.child(story.seed, "a")
    story.child(story.seed, "b", accepted=False)
    for attempt in (2, 3):
        story.answer(attempt, Refusal(reason=RefusalReason.EMPTY))
    reached = [AtMost(members=2), AtMost(attempts=3), AtMost(proposals=2), AtMost(reflections=2), AtMost(rollouts=0)]
    beyond = [AtMost(members=3), AtMost(attempts=4), AtMost(proposals=3), AtMost(reflections=3), AtMost(rollouts=1)]

    assert {StopReason.COUNT} == {stopped(story, rule) for rule in reached}
    assert {None} == {stopped(story, rule) for rule in beyond}


def test_what_was_spent_counts_in_tokens_and_dollars(story):
    assert stopped(story, AtMost(tokens=1, usd=0.5)) is None
    assert StopReason.COUNT == stopped(story, AtMost(usd=0.0))


def test_any_of_several_rules_ends_it_for_its_own_reason(story):
    story.validate(story.seed, [0.9] * 12)

    assert StopReason.TARGET == stopped(story, AnyOf(AtMost(members=9), Target(score=0.9), AtMost(members=1)))
    assert stopped(story, AnyOf(AtMost(members=9), Target(score=0.95))) is None


def test_all_of_several_rules_must_hold(story):
    story.validate(story.seed, [0.9] * 12)
    rule = AllOf(Target(score=0.9), AtMost(attempts=1))

    assert stopped(story, rule) is None

    story.child(story.seed, "a")

    assert StopReason.COUNT == stopped(story, rule)
    assert stopped(story, AllOf(rule, Patience(attempts=5))) is None


def test_a_function_is_a_rule(story):
    assert StopReason.RULE == stopped(story, lambda view: StopReason.RULE if view.members else None)


def test_what_the_policy_ends_of_itself_comes_first(story):
    story.validate(story.seed, [0.9] * 12)

    assert StopReason.TARGET == Policy.default(target=0.5, stop=AtMost(members=1)).should_stop(story.view)


def test_no_rule_is_no_combination():
    with pytest.raises(UsageError, match="names none"):
        AnyOf()


def test_a_fingerprint_tells_rules_apart_and_names_functions():
    def mine(view):
        return None

    said = [Policy.default(stop=AnyOf(*rules)).fingerprint for rules in [(Patience(attempts=3), mine), (mine,)]]

    assert said[0] != said[1]
    assert "Patience(attempts=3)" in said[0]
    assert "mine" in said[0]
    assert "0x" not in said[0]
