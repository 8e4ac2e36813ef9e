"""Every baseline is a policy like any other: it ends, keeps to its budget, can be resumed, and loses nothing."""

import sys

import pytest
from baseline_trials import BASELINES, Kept, in_a_world, on_the_landscape

from spanwright.baselines import mipro
from spanwright.core.events import AttemptStarted, Judged, RolloutEnded, RolloutStarted
from spanwright.errors import UsageError


def accepted(journal: Kept) -> list[str]:
    return [each.child.id for each in journal.events() if isinstance(each, Judged) and each.verdict.accepted]


def rollouts(journal: Kept) -> int:
    return sum(isinstance(each, RolloutEnded) for each in journal.events())


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_ends_within_its_budget_and_no_worse_than_it_began(name: str) -> None:
    ended, journal = on_the_landscape(name, 200)
    pool = ended.pool
    best, seed = pool.estimate(ended.winner), pool.estimate(pool.seed)

    assert ended.complete
    assert 0 < rollouts(journal) <= 200
    assert accepted(journal)
    assert best is not None
    assert seed is not None
    assert best >= seed


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_comes_to_the_same_end_from_every_prefix_of_its_journal(name: str) -> None:
    ended, journal = on_the_landscape(name, 120)
    step = max(1, len(journal.writes) // 8)
    for length in range(0, len(journal.writes), step):
        resumed, again = on_the_landscape(name, 120, journal.writes[:length])

        assert ended.winner == resumed.winner, length
        assert accepted(journal) == accepted(again), length
        assert rollouts(journal) == rollouts(again), length


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_runs_in_a_world_with_the_reflector_that_it_makes(name: str) -> None:
    ended, journal = in_a_world(name, 200)
    started = sum(isinstance(each, RolloutStarted) for each in journal.events())
    best, seed = ended.pool.estimate(ended.winner), ended.pool.estimate(ended.pool.seed)

    assert ended.complete
    assert started <= 200
    assert best is not None
    assert seed is not None
    assert best >= seed


def test_mipro_draws_combinations_after_its_proposals() -> None:
    _, journal = on_the_landscape("mipro", 300)
    drafted = [each.draft for each in journal.events() if isinstance(each, AttemptStarted) and each.draft is not None]

    assert drafted
    assert min(each.attempt for each in journal.events() if isinstance(each, AttemptStarted) and each.draft) > 12


def test_without_optuna_mipro_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "spanwright.baselines.joint", raising=False)
    monkeypatch.setitem(sys.modules, "optuna", None)

    with pytest.raises(UsageError, match=r"spanwright\[tpe\]"):
        mipro()
