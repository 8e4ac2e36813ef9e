"""Which earlier try of a training case a failure is shown beside."""

import pytest

from spanwright.core.rollout import Purpose
from spanwright.search import Policy


def tried(story, candidate, case, score, purpose=Purpose.MINIBATCH):
    """Return the number of a rollout on a case."""
    number = story.view.next_number
    story.rollout(candidate, case, score, purpose)
    return number


def test_a_failure_is_shown_beside_the_best_try_that_any_member_has_had(story):
    child = story.child(story.seed, "better")
    tried(story, story.seed, "t0", 0.2)
    best = tried(story, child, "t0", 0.9)
    tried(story, story.seed, "t0", 0.9)
    policy = Policy.default()

    assert (best, best, None) == tuple(policy.beside(story.view, "t0", score) for score in (0.0, 0.5, 0.9))
    assert policy.beside(story.view, "t1", 0.0) is None
    assert Policy.default(contrast=False).beside(story.view, "t0", 0.0) is None
    assert Policy.gepa().beside(story.view, "t0", 0.0) is None


def test_nothing_is_shown_beside_a_success(story):
    tried(story, story.seed, "t0", 1.5)

    assert Policy.default().beside(story.view, "t0", 1.0) is None
    assert Policy.default(perfect=None).beside(story.view, "t0", 1.0) is not None


@pytest.mark.parametrize(("case", "purpose"), [("v0", Purpose.VALIDATION), ("x0", Purpose.TEST), ("v0", Purpose.FINAL)])
def test_no_try_of_a_validation_or_a_test_case_is_ever_shown(story, case, purpose):
    tried(story, story.seed, case, 1.0, purpose)

    assert story.view.better(case, 0.0) is None
