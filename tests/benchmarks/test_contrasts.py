"""The ablation of contrasts: what it counts, and that results of before stay what they were."""

import json

import pytest
from ablation import OWN_TRIES, dealt_twice, run
from contest import Contest, Course
from pydantic import TypeAdapter
from running import Job, key_of

from spanwright.testing.simulated.reflecting.profile import MEDIUM


def job(arm: str, *, contrasts: bool = True, budget: int = 150) -> Job:
    return Job(arm=arm, contest=Contest(family="single", seed=100, budget=budget, contrasts=contrasts))


def test_a_result_of_before_contrasts_is_that_of_the_same_job() -> None:
    kind = TypeAdapter(Course)
    now = run(job("default", contrasts=False, budget=40))
    before = json.loads(kind.dump_json(now))
    del before["contrasts"], before["contest"]["contrasts"]
    read = kind.validate_python(before)

    assert read.contest == now.contest
    assert read.contrasts is None
    assert key_of(read) == key_of(now) == "default|single|100|0|40|32"
    assert hash(read.contest) == hash(now.contest)


def test_a_contest_with_contrasts_is_another_one() -> None:
    assert job("default").key != job("default", contrasts=False).key


def test_what_a_reflection_model_was_shown_is_counted() -> None:
    twice, none, own = (run(job(arm)).contrasts for arm in ("dealt twice", "dealt twice, none", OWN_TRIES))

    assert twice.prompts >= twice.shown > 0
    assert none.shown == 0
    assert own.shown == own.own > 0


@pytest.mark.parametrize("reads", [True, False])
def test_the_reflection_model_of_a_contest_is_the_usual_one_but_for_contrasts(reads: bool) -> None:
    contest = Contest(family="single", seed=3, budget=0, contrasts=reads)

    assert contest.reader.contrasts is reads
    assert (contest.reader == MEDIUM) is not reads


class View:
    """As much of a pool as a minibatch rule asks for."""

    train = tuple(f"t{number}" for number in range(30))
    set_aside = frozenset()


def test_hands_are_dealt_twice_and_a_few_attempts_apart() -> None:
    hands = [dealt_twice(View(), "seed", attempt=attempt, size=3, seed=0) for attempt in range(1, 17)]

    assert hands[:4] == hands[4:8]
    assert hands[8:12] == hands[12:]
    assert len({case for hand in hands for case in hand}) == 24
