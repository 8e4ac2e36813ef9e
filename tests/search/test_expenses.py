"""A guard against an edit that takes more than is allowed, though the score rose."""

from dataclasses import replace
from typing import get_args

import pytest

from spanwright.core.candidate import Component, Kind
from spanwright.core.events import RolloutEnded, RunStarted
from spanwright.core.guard import Bounded, Guard
from spanwright.core.measured import MEASURED, Measured
from spanwright.core.rollout import Purpose
from spanwright.errors import UsageError
from spanwright.report import Result
from spanwright.search import Policy

POLICY = Policy.default()
REFUND = "agent/tool:refund"


@pytest.fixture
def finals(told):
    """Return what tells of a better child that takes so many tokens where the seed takes a hundred."""

    class Guarded(told):
        def tell(self, event):
            if isinstance(event, RunStarted):
                seed = replace(event.seed, texts={REFUND: "seed"})
                self.seed, self.candidates = seed.id, {seed.id: seed}
                guard = Guard(max_more={"tokens": 0.2})
                tool = Component(id=REFUND, kind=Kind.TOOL, agent="agent", text="seed", guard=guard)
                event = replace(event, seed=seed, components=(tool,))
            if isinstance(event, RolloutEnded):
                tokens = 100 if event.rollout.key.candidate == self.seed else self.tokens
                event = replace(event, rollout=replace(event.rollout, measured=Measured(tokens=tokens)))
            super().tell(event)

    def made(tokens):
        story = Guarded(validation=40, components=1, rollouts=1_000)
        story.tokens = tokens
        story.validate(story.seed, [0.5] * 8)
        child = story.child(story.seed, "edited", components=(REFUND,))
        story.validate(child, [1.0] * 8)
        story.end_search((child, story.seed))
        for number in range(40):
            story.rollout(child, f"v{number}", 1.0, Purpose.FINAL)
            story.rollout(story.seed, f"v{number}", 0.5, Purpose.FINAL)
        return story, child

    return made


@pytest.mark.parametrize(("tokens", "wins"), [(100, True), (119, True), (121, False), (300, False)])
def test_a_winner_takes_at_most_so_much_more_than_the_seed(finals, tokens, wins):
    story, child = finals(tokens)

    assert (child if wins else story.seed) == POLICY.winner(story.view, (child, story.seed))


def test_the_result_says_who_was_too_dear(finals):
    story, child = finals(150)

    told = str(Result.from_events(story.events))

    assert f"passed over {child}: {REFUND}: tokens 100 -> 150, +50% on 40 cases, +20% allowed" in told


def test_guards_bound_what_is_measured():
    assert set(get_args(Bounded)) == MEASURED
    assert {"tokens": 0.1, "cost": 0.0} == (
        Guard(max_more={"tokens": 0.2}) & Guard(max_more={"tokens": 0.1, "cost": 0.0})
    ).max_more


@pytest.mark.parametrize("bounds", [{"steps": 0.1}, {"tokens": -0.1}, {"cost": float("nan")}])
def test_a_bound_of_nothing_is_an_error(bounds):
    with pytest.raises(UsageError, match="bounds nothing that is measured"):
        Guard(max_more=bounds)
