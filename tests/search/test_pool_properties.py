"""The pool against slow and obvious references, on random histories."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from spanwright.core.events import EVENT, Estimator
from spanwright.core.rollout import Purpose
from spanwright.search import Pool

STEPS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 40), st.integers(0, 40)), max_size=80)


def own_means(events):
    """Return the mean of each measured validation cell, straight from the events."""
    scores = {}
    for event in events:
        if event.kind == "rollout_ended" and event.rollout.score is not None:
            rollout = event.rollout
            if rollout.purpose in {Purpose.VALIDATION, Purpose.FINAL} and rollout.key.case.startswith("v"):
                scores.setdefault((rollout.key.candidate, rollout.key.case), []).append(rollout.score.value)
    return {cell: sum(values) / len(values) for cell, values in scores.items()}


def inherited(view, means, candidate, case):
    if (candidate, case) in means:
        return means[candidate, case]
    parents = view.member(candidate).parents
    return inherited(view, means, parents[0], case) if parents else None


@settings(deadline=None)
@given(steps=STEPS)
def test_a_replayed_history_leaves_the_pool_as_the_live_one_did(steps, random_story, snapshot):
    story = random_story(steps, between=snapshot)
    replayed = Pool()
    for event in story.events:
        replayed.apply(EVENT.validate_json(EVENT.dump_json(event)))

    assert snapshot(story.view) == snapshot(replayed.view)


@settings(deadline=None)
@given(steps=STEPS)
def test_a_cell_is_the_own_mean_or_else_the_cell_of_the_parent(steps, random_story):
    story = random_story(steps)
    means = own_means(story.events)
    cells = {(each, case): story.view.cell(each, case) for each in story.view.members for case in story.view.validation}

    assert {cell: inherited(story.view, means, *cell) for cell in cells} == cells


@settings(deadline=None)
@given(steps=STEPS)
def test_an_estimate_is_the_mean_of_the_known_cells(steps, random_story):
    story = random_story(steps)
    means = own_means(story.events)
    for member in story.view.members:
        cells = [inherited(story.view, means, member, case) for case in story.view.validation]
        known = [cell for cell in cells if cell is not None]

        assert (
            (abs(sum(known) / len(known) - story.view.estimate(member)) < 1e-9)
            if known
            else (story.view.estimate(member) is None)
        )
        assert sum((member, case) in means for case in story.view.validation) == story.view.own(member)


@settings(deadline=None)
@given(steps=STEPS)
def test_wins_are_the_cases_on_which_no_member_is_better(steps, random_story):
    story = random_story(steps)
    means = own_means(story.events)
    wins = dict.fromkeys(story.view.members, 0)
    for case in story.view.validation:
        cells = {each: inherited(story.view, means, each, case) for each in story.view.members}
        known = [cell for cell in cells.values() if cell is not None]
        for each, cell in cells.items():
            wins[each] += cell is not None and cell == max(known)

    assert list(wins.values()) == story.view.wins.tolist()


@settings(deadline=None)
@given(steps=STEPS)
def test_no_repeat_of_a_cell_is_launched_twice(steps, random_story):
    keys = [event.key for event in random_story(steps).events if event.kind == "rollout_started"]

    assert len(keys) == len(set(keys))


@settings(deadline=None)
@given(steps=STEPS)
def test_every_rollout_started_has_ended_was_lost_or_is_in_flight(steps, random_story):
    story = random_story(steps)
    view = story.view
    ended = sum(event.kind == "rollout_ended" for event in story.events)
    cells = {(event.key.candidate, event.key.case) for event in story.events if event.kind == "rollout_started"}
    flying = sum(view.flying(*cell) for cell in cells)

    assert view.spent + len(view.lost) == ended + len(view.lost) + flying == view.usage.rollouts


def as_they_come(events):
    """Return a history in which the rollouts between two other events end in the opposite order."""
    flown, ended = [], []
    for event in events:
        if event.kind == "rollout_ended":
            ended.append(event)
        elif event.kind == "rollout_started":
            flown.append(event)
        else:
            yield from (*flown, *reversed(ended), event)
            flown, ended = [], []
    yield from (*flown, *reversed(ended))


@settings(deadline=None)
@given(steps=STEPS)
def test_what_members_are_worth_does_not_depend_on_which_rollout_between_two_steps_ended_first(steps, random_story):
    begun, *events = random_story(steps).events
    pools = [Pool(), Pool()]
    for pool, history in zip(pools, (events, as_they_come(events)), strict=True):
        pool.apply(replace(begun, estimator=Estimator.LINEAGE))
        for event in history:
            pool.apply(event)

    one, other = (pool.view.posterior.values for pool in pools)
    assert np.allclose(one, other, atol=1e-6)
