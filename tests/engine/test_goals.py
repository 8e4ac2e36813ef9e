"""Goals beside the score, in whole runs of a landscape where longer texts take more tokens."""

from dataclasses import replace
from statistics import fmean

import pytest
from engine_trials import LARGE, ORDERED, WORLD, Course, Terms, Trial, WrittenDown

from spanwright.core.candidate import Candidate
from spanwright.core.goal import at_most, minimize
from spanwright.core.usage import Budget
from spanwright.report import Result
from spanwright.search import Policy
from spanwright.search.limits import Keeping
from spanwright.testing.landscape import Landscape
from spanwright.testing.virtual import run_virtual

SIZES = (30, 40, 40)
SEEDS = range(3)


def terms(seed: int, **said: object) -> Terms:
    world = Landscape(seed=seed, padding=6)
    budget = Budget(rollouts=600, reflections=150)
    return replace(Terms(world=world, policy=Policy.default(), budget=budget, sizes=SIZES, metered=True), **said)


def truth(made: Terms, candidate: Candidate) -> float:
    train, validation, test = SIZES
    return made.world.truth(candidate, made.world.splits(train=train, validation=validation, test=test).test)


def tokens(candidate: Candidate) -> int:
    return sum(len(text.split()) for text in candidate.texts.values())


def result(made: Trial) -> Result:
    return Result.from_events(made.events)


def test_with_a_goal_for_the_cost_the_front_holds_a_cheaper_candidate_that_is_nearly_as_good():
    saved, lost = list[float](), list[float]()
    for seed in SEEDS:
        bare, wanting = terms(seed), terms(seed, goals=(minimize("cost"),))
        usual, front = result(run_virtual(bare.run())).best, result(run_virtual(wanting.run())).front
        best = truth(bare, front[0].candidate)
        good = [each.candidate for each in front if truth(bare, each.candidate) > best - 0.05]
        saved.append(1 - min(tokens(each) for each in good) / tokens(usual))
        lost.append(truth(bare, usual) - best)  # reflections that save words find no rules meanwhile

    assert fmean(saved) > 0.3
    assert fmean(lost) < 0.1


def test_without_goals_a_run_that_measures_cost_goes_as_one_that_does_not():
    blind = Course.of(run_virtual(ORDERED["with finals"].run()))
    metered = Course.of(run_virtual(replace(ORDERED["with finals"], metered=True).run()))

    assert blind == metered
    assert 1 == len(result(run_virtual(replace(ORDERED["with finals"], metered=True).run())).front)


def test_the_front_has_figures_with_intervals_the_winner_first_and_the_report_shows_them():
    made = result(run_virtual(terms(2, goals=(minimize("cost"),)).run()))

    assert made.best == made.front[0].candidate
    assert all(each.figures["cost"].low < each.figures["cost"].mean < each.figures["cost"].high for each in made.front)
    assert all(each.figures["score"].n >= 20 for each in made.front)
    assert f"front       {len(made.front)} candidate" in str(made)
    assert "the winner" in str(made)
    assert "the seed" in str(made)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_limit_is_kept_in_truth_by_the_winner_where_it_can_be(seed: int):
    limit = at_most("cost", 36e-5)  # 25 tokens at least for a rollout; so 11 words are left for the rules
    made = terms(seed, goals=(limit,))
    found = result(run_virtual(made.run()))

    assert found.front[0].keeps is Keeping.KEPT
    assert 24.5 + tokens(found.best) <= 36
    assert truth(made, found.best) > truth(made, found.seed)
    assert "limit       cost at most 0.00036: kept ($0.0003" in str(found)


def test_a_limit_that_nobody_can_keep_is_said_to_be_broken_and_the_least_beyond_it_wins():
    found = result(run_virtual(terms(1, goals=(at_most("cost", 1e-5),)).run()))

    assert found.best == found.seed  # no text at all is the cheapest
    assert "limit       cost at most 1e-05: NOT kept, by no finalist; the winner is the least beyond" in str(found)


def test_a_cost_that_is_unknown_judges_nobody_and_the_report_says_so():
    made = terms(1, goals=(at_most("cost", 1e-5), minimize("cost")), metered=False)
    found = result(run_virtual(made.run()))

    assert truth(made, found.best) > truth(made, found.seed) + 0.2
    assert "limit       cost at most 1e-05: not judged, cost is unknown" in str(found)


def test_a_resumed_run_decides_on_goals_as_one_that_was_not_interrupted():
    goals = (minimize("cost"), at_most("cost", 40e-5))
    policy = Policy.default(schedule="ordered")
    made = Terms(
        world=replace(WORLD, padding=4), policy=policy, budget=LARGE, sizes=(12, 40, 6), goals=goals, metered=True
    )
    journal = WrittenDown()
    course = Course.of(run_virtual(made.run(journal)))
    for share in (0.2, 0.5, 0.8):
        cut = WrittenDown(journal.writes[: int(share * len(journal.writes))])

        assert course == Course.of(run_virtual(made.run(cut)))


def test_a_run_with_a_perfect_score_still_learns_to_be_cheaper():
    world = Landscape(seed=4, padding=6, followed=1.0, components=1, rules=2, needs=1)
    made = terms(4, world=world, goals=(minimize("cost"),), budget=Budget(rollouts=500, reflections=100))
    bare = replace(made, goals=())
    cheap, usual = (result(run_virtual(each.run())).front for each in (made, bare))

    assert min(tokens(each.candidate) for each in cheap) < tokens(usual[0].candidate)
