"""GEPA's own rules."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from spanwright.search import Policy, covering_front, front, not_worse, strict

GEPA = Policy.gepa()

TABLES = st.integers(1, 5).flatmap(
    lambda cases: st.lists(
        st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=cases, max_size=cases), min_size=1, max_size=7
    )
)
"""A row of scores for each member."""


def measured(told, table):
    """Tell a story in which the members have exactly these scores."""
    story = told(validation=len(table[0]))
    members = [story.seed, *(story.child(story.seed, f"text {n}") for n in range(1, len(table)))]
    for member, scores in zip(members, table, strict=True):
        story.validate(member, scores)
    return story, members


def gepas_pruning(table):
    """Strike off, as gepa 0.1 does: worst first, whoever is not alone on any front; and begin again after each."""
    fronts = [
        {n for n, row in enumerate(table) if row[case] == max(r[case] for r in table)} for case in range(len(table[0]))
    ]
    order = sorted(set().union(*fronts), key=lambda n: (sum(table[n]), -n))
    removed = set()
    again = True
    while again:
        again = False
        for n in order:
            if n not in removed and all(each - removed - {n} for each in fronts if n in each):
                removed.add(n)
                again = True
                break
    return [n for n in sorted(order) if n not in removed]


@settings(deadline=None)
@given(table=TABLES)
def test_the_front_is_pruned_as_gepa_prunes_it(table, told):
    story, members = measured(told, table)

    assert [members[n] for n in gepas_pruning(table)] == list(covering_front(story.view))


@settings(deadline=None)
@given(table=TABLES)
def test_the_pruned_front_still_wins_every_case(table, told):
    story, members = measured(told, table)
    survivors = [members.index(each) for each in covering_front(story.view)]

    assert set(covering_front(story.view)) <= set(front(story.view))
    assert story.view.fronts[:, survivors].any(axis=1).all()


def test_parents_are_drawn_in_proportion_to_their_wins(told):
    story, (first, second, never) = measured(told, [[1.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0], [0.5] * 4])
    drawn = [GEPA.parent(story.view, Random(n)) for n in range(800)]

    assert 0.70 < drawn.count(first) / 800 < 0.80
    assert drawn.count(second) == 800 - drawn.count(first)
    assert never not in drawn


def test_components_take_turns_along_a_lineage(story):
    def turn(member):
        return GEPA.components(story.view, member, {"agent/d": 9.0}, Random(0))

    assert ("agent/a",) == turn(story.seed)

    child = story.child(story.seed, "b", components=turn(story.seed))

    assert ("agent/b",) == turn(story.seed)
    assert ("agent/b",) == turn(child)

    grandchild = story.child(child, "c", components=turn(child))

    assert [("agent/b",), ("agent/c",), ("agent/c",)] == [turn(each) for each in (story.seed, child, grandchild)]


def test_after_the_last_component_the_first_one_is_in_turn_again(told):
    story = told(components=2)
    for _ in range(2):
        story.reflect(story.attempt(story.seed))

    assert ("agent/a",) == GEPA.components(story.view, story.seed, {}, Random(0))


def test_a_member_is_measured_on_all_of_validation_at_once(story):
    cells = GEPA.next_block(story.view, story.seed)

    assert set(story.view.validation) == {case for case, _ in cells}
    assert 12 == GEPA.commitment(story.view)

    for case, _ in cells:
        story.rollout(story.seed, case, 0.0)

    assert () == GEPA.next_block(story.view, story.seed)
    assert GEPA.top_up(story.view) is None


def test_nothing_is_kept_for_finals_and_as_in_gepa_the_best_mean_wins_where_no_confidence_is_asked_for(story):
    story.validate(story.seed, [0.5] * 12)
    child = story.child(story.seed, "b")
    story.validate(child, [0.5] * 11 + [0.6])
    finalists = GEPA.finalists(story.view)

    assert (child, story.seed) == finalists
    assert child == Policy.gepa(confidence=None).winner(story.view, finalists)
    assert story.seed == GEPA.winner(story.view, finalists)
    assert 0 == GEPA.reserve(10_000)


def test_what_is_too_little_for_another_attempt_measures_the_best_again(story):
    story.validate(story.seed, [0.5] * 12)
    story.validate(story.child(story.seed, "b"), [0.6] * 12)

    assert 7 == len(GEPA.final_cells(story.view, GEPA.finalists(story.view), 7))


def test_its_reflections_have_no_memory(story):
    child = story.child(story.seed, "b")

    assert () == GEPA.tried(story.view, story.seed, ["agent/a"]) == GEPA.lessons(story.view, child, ["agent/a"])
    assert 1 == len(Policy.default().tried(story.view, story.seed, ["agent/a"]))


def test_a_child_must_be_better_in_sum():
    assert GEPA.gated
    assert GEPA.gate({"t0": 1.0, "t1": 0.0}, {"t0": 0.0, "t1": 1.0}).accepted is False
    assert GEPA.gate({"t0": 1.0, "t1": 0.0}, {"t0": 0.5, "t1": 0.6}).accepted is True


def test_sums_that_differ_by_rounding_alone_are_equal():
    assert not strict({"t0": 0.1, "t1": 0.2, "t2": 0.3}, {"t0": 0.3, "t1": 0.1, "t2": 0.2}).accepted


def test_only_cases_with_both_scores_count():
    verdict = strict({"t0": 0.0, "t1": 0.5}, {"t1": 1.0, "t2": 0.0})

    assert verdict.accepted
    assert (0.5,) == verdict.differences
    assert "+0.50 on 1 cases" == verdict.reason


def test_without_a_pair_nobody_passes():
    assert not strict({"t0": 0.0}, {"t1": 1.0}).accepted
    assert not not_worse({}, {}).accepted


def test_a_lenient_gate_lets_equals_pass():
    assert not_worse({"t0": 0.5}, {"t0": 0.5}).accepted
    assert not not_worse({"t0": 0.5}, {"t0": 0.4}).accepted


def test_the_default_has_no_gate():
    policy = Policy.default()

    assert not policy.gated
    assert policy.gate({"t0": 1.0}, {"t0": 0.0}).accepted


def test_it_runs_one_attempt_at_a_time_unless_told_otherwise():
    assert 1 == GEPA.in_flight(1000, 64)
    assert 8 == Policy.gepa(schedule="steady", max_in_flight=8).in_flight(0, 64)
    assert "gepa" == GEPA.name


def test_gepa_may_edit_all_that_its_component_rule_offers():
    assert GEPA.edits is None
    assert 3 == Policy.default().edits
