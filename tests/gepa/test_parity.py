"""gepa 0.1.4 and our engine with gepa's rules admit the same candidates in the same order, text for text."""

from collections.abc import Mapping

import pytest

pytest.importorskip("gepa", reason="gepa is not installed: `make test-gepa` compares with it")

from side_by_side import Arena, by_gepa, by_spanwright, gepas_rounds

from spanwright.search import (
    MostImproved,
    OneStreamMinibatch,
    OneStreamParent,
    Policy,
    PolicySettings,
    Rounds,
    everything,
    not_worse,
    one_stream_minibatch,
)
from spanwright.testing.landscape import Landscape

CALLS = 500
VARIANTS: Mapping[str, tuple[Mapping[str, object], PolicySettings]] = {
    "all components": ({"module_selector": "all"}, {"component_rule": everything}),
    "equals admitted": ({"acceptance_criterion": "improvement_or_equal"}, {"gate_rule": not_worse}),
    "perfect minibatches reflected on": ({"skip_perfect_score": False}, {"perfect": None}),
}
ROUNDS: Mapping[str, tuple[str, Rounds]] = {
    "P x N": ("AllImprovements", Rounds(parents=2, proposals=3)),
    "P x N, best only": ("BestImprovement", Rounds(parents=2, proposals=3, admission=MostImproved())),
    "P x N, top two": ("TopKImprovements", Rounds(parents=2, proposals=3, admission=MostImproved(at_most=2))),
    "one parent, top two": ("TopKImprovements", Rounds(proposals=4, admission=MostImproved(at_most=2))),
}


def gepas(seed: int, overrides: PolicySettings | None = None) -> Policy:
    rules = PolicySettings(
        seed=seed,
        parent_rule=OneStreamParent(seed=seed),
        minibatch_rule=one_stream_minibatch,
        fruitless=10_000,
        finalist_count=0,
    )
    return Policy.gepa(**{**rules, **(overrides or {})})


def arena(seed: int) -> Arena:
    return Arena(world=Landscape(seed=seed, repeatable=True, refusals=0.2))


@pytest.mark.parametrize("seed", range(8))
def test_the_first_ten_admitted_candidates_are_gepas(seed: int) -> None:
    theirs = by_gepa(arena(seed), calls=CALLS, seed=seed)
    ours = by_spanwright(arena(seed), gepas(seed), calls=CALLS)

    assert len(theirs) > 10, "the world is too hard to show anything"
    assert theirs[:11] == ours[:11]


@pytest.mark.parametrize("variant", VARIANTS)
def test_so_they_are_under_other_settings(variant: str) -> None:
    options, overrides = VARIANTS[variant]
    theirs = by_gepa(arena(9), calls=CALLS, seed=9, **options)
    ours = by_spanwright(arena(9), gepas(9, overrides), calls=CALLS)

    assert len(theirs) > 5
    assert theirs[:11] == ours[:11]


@pytest.mark.parametrize("shape", ROUNDS)
def test_so_they_are_in_rounds_of_several_parents_and_proposals(shape: str) -> None:
    selection, rounds = ROUNDS[shape]
    theirs = by_gepa(arena(9), calls=CALLS, seed=9, **gepas_rounds(selection, rounds))
    in_rounds = PolicySettings(
        rounds=rounds,
        parent_rule=OneStreamParent(seed=9, rounds=rounds),
        minibatch_rule=OneStreamMinibatch(rounds=rounds),
    )
    ours = by_spanwright(arena(9), gepas(9, in_rounds), calls=CALLS)

    assert len(theirs) > 10
    assert theirs[:11] == ours[:11]


def test_with_a_stream_for_each_attempt_the_draws_differ_and_with_them_the_candidates() -> None:
    theirs = by_gepa(arena(1), calls=CALLS, seed=1)
    ours = by_spanwright(arena(1), Policy.gepa(seed=1), calls=CALLS)

    assert theirs[0] == ours[0]
    assert theirs[:11] != ours[:11]
