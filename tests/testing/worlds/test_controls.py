"""What must hold of a world whatever is optimized on it: otherwise a gain on it would mean nothing."""

from dataclasses import replace
from random import Random
from statistics import fmean

import pytest
from climbing import Climber, Told, everything, score_only

from spanwright.testing.simulated.lexicon import PUBLIC, Directive
from spanwright.testing.simulated.reading import Habits
from spanwright.testing.worlds import FAMILIES, Sizes, World, make_world
from spanwright.testing.worlds.staging import Stage

SIZES = Sizes(train=40, validation=20, test=60)
SEEDS = (200, 201)
CLIMBED = (200, 201, 202, 203)
ATTEMPTS = 50
"""Some 600 rollouts."""
CERTAIN = Habits(local=1.0, overall=1.0, slip=0.0, instruction_capacity=10_000, local_capacity=10_000)


def gain(world: World, *, shown=everything) -> float:
    best = Climber(world, shown=shown).climb(world.seed_texts, attempts=ATTEMPTS)

    return world.truth(best) - world.truth(world.seed_texts)


def scrambled(world: World):
    """Show the feedback and the steps of other cases."""
    others = [world.play(world.seed_texts, case, 0) for case in world.splits.train]

    def show(told: Told, drawn: Random) -> Told:
        return {**score_only(told, drawn), "Feedback": drawn.choice(others).feedback}

    return show


@pytest.mark.parametrize("family", ["rules", pytest.param("coupled", marks=pytest.mark.slow)])
def test_scrambled_feedback_is_no_better_than_none(family: str) -> None:
    worlds = [make_world(family, seed, sizes=SIZES) for seed in CLIMBED]
    full = fmean(gain(world) for world in worlds)
    none = fmean(gain(world, shown=score_only) for world in worlds)
    foreign = fmean(gain(world, shown=scrambled(world)) for world in worlds)

    assert full > 0.05
    assert none < full / 2
    assert foreign < min(full / 2, none + 0.03)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_muted_reflector_stays_exactly_at_the_seed(family: str) -> None:
    world = make_world(family, 200, sizes=SIZES, profile=None)
    climber = Climber(world)

    assert climber.climb(world.seed_texts, attempts=20) == world.seed_texts
    assert climber.tried == 0


@pytest.mark.parametrize("family", [name for name in FAMILIES if not FAMILIES[name].single])
@pytest.mark.parametrize("seed", SEEDS)
def test_permuted_descriptions_of_tools_cost_most_of_what_good_ones_are_worth(family: str, seed: int) -> None:
    world = make_world(family, seed, sizes=SIZES)
    texts = dict(world.oracle)
    tools = [id for id in texts if "/tool:" in id and id.count("/") == 1]
    said = [texts[id] for id in tools]
    permuted = {**texts, **dict(zip(tools, [*said[1:], said[0]], strict=True))}

    assert world.truth(permuted) < world.truth(texts) - 0.15


@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_is_learnt_from_the_oracle_where_nothing_goes_wrong(family: str) -> None:
    certain = replace(FAMILIES[family], flips=0.0, spread=0.0, unsolvable=0.0, habits=CERTAIN)
    world = make_world(certain, 200, sizes=SIZES)
    climber = Climber(world)

    assert world.truth(world.oracle) == pytest.approx(1)
    assert climber.climb(world.oracle, attempts=20) == world.oracle
    assert climber.accepted == 0


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", SEEDS)
def test_stuffing_every_text_with_all_that_the_lexicon_can_say_does_not_pay(family: str, seed: int) -> None:
    world = make_world(family, seed, sizes=SIZES)
    stuffed = "\n".join(_all_sentences())
    texts = {id: f"{text}\n{stuffed}" for id, text in world.seed_texts.items()}
    seed, oracle = world.truth(world.seed_texts), world.truth(world.oracle)

    # Where the seed states the wrong thing, a contradiction is better than that; it is never good.
    assert world.truth(texts) < seed + (0.33 if world.family.misstated else 0.1) * (oracle - seed)


@pytest.mark.parametrize("family", ["rules", "coupled", "judge", "long", "defective"])
@pytest.mark.parametrize("seed", SEEDS)
def test_true_rules_in_the_wrong_place_are_worth_less_than_in_the_right_one(family: str, seed: int) -> None:
    world = make_world(family, seed, sizes=SIZES)
    everywhere = "\n".join(world.oracle.values())
    texts = dict.fromkeys(world.oracle, everywhere)

    assert world.truth(texts) < world.truth(world.oracle) - 0.2


def test_a_reflection_follows_from_the_prompt_and_not_from_the_world() -> None:
    prompt = (
        "```\nServe requests.\n```\n# Example 1\n## Inputs\nRequest 12345: send a parcel (amount $3.00).\n"
        "## Feedback\nRequest 12345, send_parcel, amount: '3.00' is wrong. Amounts are in cents, e.g. $12.50 is 1250.\n"
    )
    answers = {make_world(family, 5, salt=1).reflect(prompt, 0) for family in FAMILIES}

    assert len(answers) == 1


@pytest.mark.parametrize("family", FAMILIES)
def test_what_an_optimizer_gets_to_see_holds_no_truth(family: str) -> None:
    world = make_world(family, 200, sizes=SIZES)
    stage = Stage(world)
    handed = (stage.problem, stage.subject, stage.problem.evaluator, stage.recorder, stage.reflector)

    for case in world.splits:
        assert (case.expected, case.metadata) == (None, None)
    for each in handed:
        public = [getattr(each, name) for name in dir(each) if not name.startswith("_")]
        assert not any(isinstance(value, World) for value in public)


def _all_sentences() -> list[str]:
    sentences: list[str] = []
    for kind in PUBLIC.kinds.values():
        for name, values in kind.guesses:
            others = tuple((other, options[0]) for other, options in kind.guesses if other != name)
            for value in values:
                slots = tuple(sorted((*others, (name, value))))
                sentences.append(PUBLIC.write(Directive(kind=kind.name, slots=slots), variant=0.5))
    return sentences
