"""A world tells what a user's evaluator would, hides what is true, and is worth in closed form what plays come to."""

from math import sqrt
from statistics import fmean, pstdev

import pytest

from spanwright.testing.worlds import FAMILIES, Sizes, make_world

SMALL = Sizes(train=20, validation=10, test=40)
SERVINGS = 25


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", [100, 101])
def test_the_closed_form_is_the_mean_of_many_plays(family: str, seed: int) -> None:
    world = make_world(family, seed, sizes=SMALL)
    for texts in (world.seed_texts, world.oracle):
        errors = [
            world.play(texts, case, serving).score - world.expected(texts, case)
            for case in world.splits.test
            for serving in range(SERVINGS)
        ]

        assert abs(fmean(errors)) < 4 * pstdev(errors) / sqrt(len(errors))


@pytest.mark.parametrize("family", FAMILIES)
def test_equal_salts_give_equal_bits_and_other_salts_other_ones(family: str) -> None:
    worlds = [make_world(family, 7, salt=salt, sizes=SMALL) for salt in (1, 1, 2)]
    played = [
        [(play.score, play.output, play.feedback, play.trace) for play in plays]
        for plays in ([world.play(world.seed_texts, case, 0) for case in world.splits.train] for world in worlds)
    ]

    assert played[0] == played[1]
    assert played[0] != played[2]
    assert worlds[0].truth(worlds[0].seed_texts) == worlds[2].truth(worlds[2].seed_texts)


def test_a_play_does_not_depend_on_what_was_played_before() -> None:
    one, other = (make_world("rules", 3, sizes=SMALL) for _ in range(2))
    for case in reversed(one.splits.train):
        one.play(one.oracle, case, 5)
    case = one.splits.train[0]

    assert one.play(one.seed_texts, case, 2).output == other.play(other.seed_texts, case, 2).output
