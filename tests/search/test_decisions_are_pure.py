"""Every decision is a pure function of what may steer: equal views and equal random streams give equal answers."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanwright.core.rollout import Purpose
from spanwright.search import Policy

STEPS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 40), st.integers(0, 40)), max_size=60)

POLICIES = [
    Policy.default(seed=3, target=0.6, patience=4),
    Policy.gepa(seed=3),
    Policy.gepa(seed=3, finalist_count=0),
    Policy.best_of_n(),
]


def decisions(policy, view):
    """Ask everything that an engine asks."""
    parents = [policy.parent(view, Random(n)) for n in range(4)]
    names = [component.id for component in view.components]
    blames = {names[0]: 1.0, names[1]: 0.5}
    finalists = policy.finalists(view)
    return {
        "parents": parents,
        "minibatch": [policy.minibatch(view, parent, view.next_attempt) for parent in parents],
        "components": [policy.components(view, parent, blames, Random(5)) for parent in parents],
        "lessons": [policy.lessons(view, parent, names) for parent in parents],
        "tried": [policy.tried(view, parent, names) for parent in parents],
        "blocks": [policy.next_block(view, member) for member in view.members],
        "top_up": policy.top_up(view),
        "unfinished": policy.unfinished(view),
        "finalists": finalists,
        "final_cells": policy.final_cells(view, finalists, 30),
        "winner": policy.winner(view, finalists),
        "stop": policy.should_stop(view),
    }


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
@settings(deadline=None)
@given(steps=STEPS)
def test_a_decision_can_be_repeated_and_changes_nothing(policy, steps, random_story, snapshot):
    view = random_story(steps).view
    before = snapshot(view)
    first = decisions(policy, view)

    assert first == decisions(policy, view)
    assert before == snapshot(view)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
@settings(deadline=None)
@given(steps=STEPS)
def test_test_scores_never_steer(policy, steps, random_story):
    assert decisions(policy, random_story(steps).view) == decisions(policy, random_story(steps, test_shift=0.7).view)


def test_a_test_case_never_steers_whatever_it_was_measured_for(story):
    story.rollout(story.seed, "x0", 1.0, Purpose.VALIDATION)
    story.rollout(story.seed, "x1", 1.0, Purpose.FINAL)

    assert 0 == story.view.own(story.seed)
    assert story.view.estimate(story.seed) is None
