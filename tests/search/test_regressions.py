"""A guard against an edit that harms the cases that use the tool, though the mean rose elsewhere."""

from dataclasses import replace

import pytest

from spanwright.core.candidate import Component, Kind
from spanwright.core.events import RolloutEnded, RunStarted
from spanwright.core.guard import Guard
from spanwright.core.rollout import Purpose
from spanwright.core.tools_used import Calls, ToolsUsed
from spanwright.report import Result
from spanwright.search import Policy, effects

POLICY = Policy.default()
REFUND = "agent/tool:refund"
USED = 14
"""Cases from v0 on that call the tool."""


@pytest.fixture
def guarded(told):
    """Return what makes stories of one tool, which the first cases call."""

    class Guarded(told):
        def __init__(self, *, regression=True, callers=None):
            self.regression = regression
            self.callers = callers
            super().__init__(validation=60, components=1, rollouts=1_000)

        def tell(self, event):
            if isinstance(event, RunStarted):
                seed = replace(event.seed, texts={REFUND: "seed"})
                self.seed = seed.id
                self.candidates = {seed.id: seed}
                guard = Guard(regression=True) if self.regression else None
                tool = Component(id=REFUND, kind=Kind.TOOL, agent="agent", text="seed", guard=guard)
                event = replace(event, seed=seed, components=(tool,))
            if isinstance(event, RolloutEnded) and int(event.rollout.key.case[1:]) < USED:
                calls = self.callers is None or event.rollout.key.candidate in self.callers
                used = ToolsUsed(calls={"refund": Calls()} if calls else {})
                event = replace(event, rollout=replace(event.rollout, tools=used))
            super().tell(event)

        def finals(self, score):
            """Tell of one child, better everywhere in the search, scored in the finals by `score(case's number)`."""
            self.validate(self.seed, [0.5] * 8)
            child = self.child(self.seed, "edited", components=(REFUND,))
            self.validate(child, [1.0] * 8)
            finalists = (child, self.seed)
            self.end_search(finalists)
            for number in range(60):
                self.rollout(child, f"v{number}", score(number), Purpose.FINAL)
                self.rollout(self.seed, f"v{number}", 0.5, Purpose.FINAL)
            return child, finalists

    return Guarded


def better_but_for_the_users(number):
    return 0.25 if number < USED else 1.0


def test_an_edit_that_harms_the_cases_that_use_the_tool_does_not_win_though_the_mean_rose(guarded):
    story = guarded()
    child, finalists = story.finals(better_but_for_the_users)

    assert story.seed == POLICY.winner(story.view, finalists)
    (effect,) = effects(story.view, child)
    assert (REFUND, USED, True) == (effect.component, effect.cases, effect.harms)
    assert effect.difference == pytest.approx(-0.25)
    assert effect.chance < 0.001


def test_without_the_guard_it_wins(guarded):
    story = guarded(regression=False)
    child, finalists = story.finals(better_but_for_the_users)

    assert child == POLICY.winner(story.view, finalists)
    assert () == effects(story.view, child)


def test_a_few_bad_cases_are_chance_and_no_harm(guarded):
    story = guarded()
    child, finalists = story.finals(lambda number: 0.0 if number < 3 else 1.0)

    assert child == POLICY.winner(story.view, finalists)
    assert [False] == [each.harms for each in effects(story.view, child)]


@pytest.mark.parametrize("caller", [0, 1])
def test_it_does_not_matter_which_of_the_two_called_the_tool(guarded, caller):
    story = guarded(callers=set())
    seed = story.seed
    child = story.candidates[seed].edited({REFUND: "edited"}).id
    story.callers.add((seed, child)[caller])

    found, finalists = story.finals(better_but_for_the_users)

    assert child == found
    assert seed == POLICY.winner(story.view, finalists)


def test_the_result_shows_who_was_passed_over_and_why(guarded):
    story = guarded()
    child, _ = story.finals(better_but_for_the_users)

    told = str(Result.from_events(story.events))

    assert f"passed over {child}: {REFUND}: -0.25 on {USED} cases that use it, which chance explains in 0.0%" in told


def test_two_guards_watch_if_one_does():
    assert (Guard() & Guard(regression=True)).regression
