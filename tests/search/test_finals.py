"""Who is measured again at the end, on what, and who wins."""

from hypothesis import given, settings
from hypothesis import strategies as st

from spanwright.core.events import StopReason
from spanwright.core.rollout import Purpose
from spanwright.search import Policy

POLICY = Policy.default()
PLAIN = Policy.default(confidence=None)
"""The best mean wins."""

STEPS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 40), st.integers(0, 40)), max_size=60)


def members(story, scores):
    """Tell of one child of the seed for each score, measured on eight cases."""
    children = [story.child(story.seed, f"text {n}") for n in range(len(scores))]
    for child, score in zip(children, scores, strict=True):
        story.validate(child, [score] * 8)
    return children


def test_the_six_best_are_finalists_and_the_seed_is_among_them(told):
    story = told(validation=40, rollouts=3000)
    story.validate(story.seed, [0.0] * 8)
    children = members(story, [n / 10 for n in range(1, 9)])

    assert (*reversed(children[3:]), story.seed) == POLICY.finalists(story.view)


def test_a_good_seed_takes_its_own_place(story):
    story.validate(story.seed, [0.5] * 8)
    worse, better = members(story, [0.25, 0.75])

    assert (better, story.seed, worse) == POLICY.finalists(story.view)


def test_a_child_that_was_hardly_measured_is_no_finalist(story):
    story.validate(story.seed, [0.5] * 8)
    child = story.child(story.seed, "lucky")
    story.validate(child, [1.0] * 3)

    assert (story.seed,) == POLICY.finalists(story.view)


def test_before_anything_is_measured_the_seed_is_the_only_finalist_and_wins(story):
    assert (story.seed,) == POLICY.finalists(story.view)
    assert story.seed == POLICY.winner(story.view, (story.seed,))


def test_the_fewer_rollouts_are_kept_the_fewer_finalists_share_them(told):
    def count(rollouts):
        story = told(validation=40, rollouts=rollouts)
        story.validate(story.seed, [0.0] * 8)
        members(story, [n / 10 for n in range(1, 9)])
        return len(POLICY.finalists(story.view))

    assert [6, 2, 3, 4, 6] == [count(rollouts) for rollouts in (99, 300, 800, 1000, 3000)]


def partly_known(told):
    """Tell of a search that measured the seed on six of ten validation cases and on one of two to learn from."""
    story = told(validation=10, train=2)
    order = [case for case, _ in Policy.gepa().next_block(story.view, story.seed)]
    child = story.child(story.seed, "b")
    for case in order[:6]:
        story.rollout(story.seed, case, 0.5)
    for case in order[:4]:
        story.rollout(child, case, 0.5)
    story.rollout(story.seed, "t0", 0.5, Purpose.MINIBATCH)
    finalists = (child, story.seed)
    story.end_search(finalists)
    return story, order, finalists


def test_finalists_are_measured_first_where_the_search_chose_none_and_the_seeds_scores_are_not_asked_for_twice(told):
    story, order, (child, seed) = partly_known(told)
    cells = POLICY.final_cells(story.view, (child, seed), 20)

    assert [(child, (case, 0)) for case in (*order[4:6], "t0")] == list(cells[:3])
    assert [(member, (case, 0)) for case in order[6:] for member in (child, seed)] == list(cells[3:11])
    assert [(child, ("t1", 0)), (seed, ("t1", 0))] == list(cells[11:13])
    assert [(child, (case, 1)) for case in order[:4]] == list(cells[13:17])


def test_where_the_best_mean_wins_all_finalists_are_measured_alike(told):
    story, order, (child, seed) = partly_known(told)
    cells = PLAIN.final_cells(story.view, (child, seed), 16)

    assert {*order[6:], "t0", "t1"} == {case for _, (case, _) in cells[:12]}
    assert [child, seed] * 8 == [member for member, _ in cells]


def test_what_the_search_measured_of_the_seed_stands_beside_a_finalists_fresh_scores_once(told):
    story = told(validation=40, rollouts=300)
    story.validate(story.seed, [0.0] * 16)
    child = story.child(story.seed, "good")
    other = story.child(story.seed, "other")
    story.validate(child, [1.0] * 4)
    finalists = (child, other, story.seed)
    story.end_search(finalists)
    known = [case for case in story.view.validation if story.view.knows_seed(case)]
    for case in known[4:12]:
        story.rollout(child, case, 1.0, Purpose.FINAL)
        story.rollout(other, case, 0.0, Purpose.FINAL)
    story.narrow((child, story.seed))

    assert known[:4] + known[12:] == [case for case in story.view.validation if story.view.knows_seed(case)]
    assert child == POLICY.winner(story.view, finalists)


def test_after_validation_come_training_cases_and_then_repeats(told):
    story = told(validation=4, train=2)
    story.validate(story.seed, [0.5] * 4)
    child = story.child(story.seed, "b")
    story.validate(child, [0.5] * 4)
    cells = POLICY.final_cells(story.view, (child, story.seed), 12)

    assert {"t0", "t1"} == {case for _, (case, _) in cells[:4]}
    assert {0} == {repeat for _, (_, repeat) in cells[:4]}
    assert [1] * 8 == [repeat for _, (_, repeat) in cells[4:]]
    assert set(story.view.validation) == {case for _, (case, _) in cells[4:]}


@settings(deadline=None)
@given(steps=STEPS, rollouts=st.integers(0, 150))
def test_the_plan_has_exactly_the_length_asked_for_and_no_cell_twice(steps, rollouts, random_story):
    story = random_story(steps)
    finalists = PLAIN.finalists(story.view)
    launched = {event.key for event in story.events if event.kind == "rollout_started"}
    cells = PLAIN.final_cells(story.view, finalists, rollouts)

    assert (rollouts if len(finalists) > 1 else 0) == len(cells) == len(set(cells))
    assert {candidate for candidate, _ in cells} <= set(finalists)
    assert not {(key.candidate, (key.case, key.repeat)) for key in launched} & set(cells)


@settings(deadline=None)
@given(steps=STEPS, rollouts=st.integers(0, 150))
def test_a_plan_cut_in_two_is_the_same_plan(steps, rollouts, random_story):
    story = random_story(steps)
    finalists = PLAIN.finalists(story.view)
    whole = PLAIN.final_cells(story.view, finalists, rollouts)
    first = PLAIN.final_cells(story.view, finalists, rollouts // 2)
    for candidate, (case, _) in first:
        story.rollout(candidate, case, 0.5, Purpose.FINAL)

    assert set(whole[len(first) :]) == set(PLAIN.final_cells(story.view, finalists, rollouts - len(first)))


def test_a_search_that_ended_early_spends_only_what_was_kept_for_the_finals(told):
    story = told(rollouts=1000)
    child = story.child(story.seed, "b")
    finalists = (child, story.seed)
    story.end_search(finalists, StopReason.TARGET)

    assert 180 == len(POLICY.final_cells(story.view, finalists, 900))

    story.rollout(child, "v0", 1.0, Purpose.FINAL)

    assert 179 == len(POLICY.final_cells(story.view, finalists, 900))


def test_a_search_that_ran_out_of_budget_spends_all_that_is_left(told):
    story = told(rollouts=1000)
    finalists = (story.child(story.seed, "b"), story.seed)
    story.end_search(finalists, StopReason.BUDGET)

    assert 250 == len(POLICY.final_cells(story.view, finalists, 250))


def heats(story, finalists, scores):
    """Tell of finals in which each finalist got these scores on new validation cases."""
    for place, row in enumerate(scores):
        for finalist, score in zip(finalists, row, strict=True):
            story.rollout(finalist, f"v{20 + place}", score, Purpose.FINAL)


def test_a_lucky_child_that_the_finals_do_not_confirm_loses_to_the_seed(told):
    story = told(validation=40, rollouts=300)
    story.validate(story.seed, [0.0] * 16)
    child = story.child(story.seed, "lucky")
    story.validate(child, [1.0] * 16)
    finalists = POLICY.finalists(story.view)
    story.end_search(finalists)
    heats(story, (child, story.seed), [(1.0, 0.0), (0.0, 1.0)] * 5)

    assert child == PLAIN.winner(story.view, finalists)
    assert story.seed == POLICY.winner(story.view, finalists)


def test_a_child_that_the_finals_confirm_wins(told):
    story = told(validation=40, rollouts=300)
    story.validate(story.seed, [0.0] * 16)
    child = story.child(story.seed, "good")
    story.validate(child, [1.0] * 16)
    finalists = POLICY.finalists(story.view)
    story.end_search(finalists)
    heats(story, (child, story.seed), [(1.0, 0.0)] * 8 + [(0.5, 0.5)] * 2)

    assert child == POLICY.winner(story.view, finalists)


def test_without_finals_the_searchs_own_figures_must_convince_in_spite_of_all_who_were_tried(told):
    def winner(children):
        story = told(validation=40, rollouts=100)
        story.validate(story.seed, [0.0] * 8)
        others = members(story, [0.0] * children)
        best = story.child(story.seed, "best")
        story.validate(best, [1.0] * 7 + [0.0])
        won = POLICY.winner(story.view, POLICY.finalists(story.view))
        assert won in {best, story.seed}
        assert others or won == best
        return won == best

    assert [True, True, False] == [winner(children) for children in (0, 1, 20)]


def test_after_the_heats_the_leader_and_the_seed_are_measured_further(told):
    story = told(validation=60, rollouts=1000)
    story.validate(story.seed, [0.25] * 8)
    children = members(story, [0.5, 0.625, 0.75])
    finalists = POLICY.finalists(story.view)
    story.end_search(finalists)
    before = POLICY.final_cells(story.view, finalists, 180)

    assert 88 == len(before)  # a half, the same for each
    assert {22} == {sum(each == finalist for each, _ in before) for finalist in finalists}

    heats(story, finalists, [(0.5, 0.5, 0.5, 0.5)] * 22)
    left = POLICY.narrowed(story.view, finalists)
    story.narrow(left)

    assert (children[2], story.seed) == left
    assert 92 == len(POLICY.final_cells(story.view, finalists, 92))
    assert {children[2], story.seed} == {each for each, _ in POLICY.final_cells(story.view, finalists, 92)}


def test_once_the_seed_is_surely_beaten_the_better_half_of_the_others_is_measured_further(told):
    story = told(validation=60, rollouts=1000)
    story.validate(story.seed, [0.25] * 8)
    children = members(story, [0.5, 0.625, 0.75])
    finalists = POLICY.finalists(story.view)
    story.end_search(finalists)
    heats(story, finalists, [(1.0, 1.0, 1.0, 0.0)] * 22)
    left = POLICY.narrowed(story.view, finalists)
    story.narrow(left)

    assert (children[2], children[1]) == left
    assert {*left} == {each for each, _ in POLICY.final_cells(story.view, finalists, 92)}

    heats(story, left, [(0.0, 1.0)] * 22)

    assert children[1] == POLICY.winner(story.view, finalists)


def test_the_best_mean_over_common_cells_wins(told):
    story = told(validation=10)
    story.validate(story.seed, [0.5] * 8)
    child = story.child(story.seed, "b")
    story.validate(child, [0.75] * 8)

    assert child == PLAIN.winner(story.view, (story.seed, child))


def test_a_child_that_changes_nothing_never_replaces_its_elder(story):
    story.validate(story.seed, [0.1, 0.7, 0.2, 0.3, 0.9, 0.6, 0.4, 0.8])
    child = story.child(story.seed, "the same in other words")
    story.validate(child, [0.1, 0.7, 0.2, 0.3, 0.9, 0.6, 0.4, 0.8])

    assert story.seed == PLAIN.winner(story.view, (child, story.seed))


def test_cells_that_one_finalist_alone_knows_do_not_count(told):
    story = told(validation=20)
    story.validate(story.seed, [0.5] * 8)
    easy = story.child(story.seed, "met the easy cases later")
    story.validate(easy, [0.4] * 8 + [1.0] * 12)

    assert story.seed == PLAIN.winner(story.view, (easy, story.seed))


def test_training_cells_count_when_all_finalists_have_them(story):
    story.validate(story.seed, [0.5] * 8)
    child = story.child(story.seed, "b")
    story.validate(child, [0.5] * 8)
    story.rollout(child, "t0", 1.0, Purpose.FINAL)

    assert story.seed == PLAIN.winner(story.view, (child, story.seed))

    story.rollout(story.seed, "t0", 0.0, Purpose.FINAL)

    assert child == PLAIN.winner(story.view, (child, story.seed))


def test_a_sixth_to_a_quarter_is_kept_for_the_finals_and_nothing_of_a_small_budget():
    assert [0, 0, 25, 75, 540] == [POLICY.reserve(budget) for budget in (None, 99, 100, 300, 3000)]
    assert 192 == POLICY.final_least(["a"] * 6)
