"""The arithmetic of comparisons, on courses that are made up."""

import json
import math

from comparing import Results
from contest import Contest, Course, Point
from differences import difference
from pydantic import TypeAdapter
from running import Kept, do, key_of
from showing import Figure, Table, show
from standings import aims, lost_worlds, quarters, standings


def course(arm="spanwright", seed=1, salt=0, budget=100, steps=((10, 0.3), (100, 0.5)), **more):
    points = tuple(Point(rollouts=at, seconds=at / 10, truth=truth) for at, truth in steps)
    facts = {"reflections": 5, "seconds": 10.0, "busy": 320.0, "candidate": "c", "estimate": 0.6, **more}
    contest = Contest(family="rules", seed=seed, salt=salt, budget=budget)
    return Course(
        arm=arm, contest=contest, seed_truth=0.2, oracle_truth=0.9, points=points, rollouts=steps[-1][0], **facts
    )


def worlds(arm, finals):
    return [course(arm, seed, steps=((50, final), (100, final))) for seed, final in enumerate(finals)]


def test_salts_of_a_world_are_one_witness():
    ours = [course(seed=seed, salt=salt) for seed in range(3) for salt in range(4)]
    theirs = [
        course("gepa", seed=seed, salt=salt, steps=((100, 0.2 + 0.1 * seed),)) for seed in range(3) for salt in range(4)
    ]
    found = Results([*ours, *theirs]).final("spanwright", "gepa")

    assert found.worlds == 3
    assert math.isclose(20.0, found.mean)
    assert found.low < 20.0 < found.high


def test_only_salts_that_both_have_are_compared():
    ours = [course(salt=0, steps=((100, 0.5),)), course(salt=1, steps=((100, 0.9),))]
    theirs = [course("gepa", salt=0, steps=((100, 0.4),))]

    assert math.isclose(10.0, Results([*ours, *theirs]).final("spanwright", "gepa").mean)


def test_two_worlds_have_no_interval():
    assert "+15.0" == str(difference([0.1, 0.2]))
    assert difference([0.1, 0.2]).cell.value["low"] is None


def test_a_quality_is_reached_when_it_is_kept_for_good():
    ours = course(steps=((10, 0.6), (20, 0.3), (40, 0.6), (100, 0.6)))
    results = Results([ours, course("gepa", steps=((80, 0.5), (200, 0.5)))])

    assert [0.2] == results.reach("spanwright", "gepa")
    assert [2.5] == results.sooner("spanwright", "gepa")
    assert [math.inf] == results.reach("gepa", "spanwright")
    assert [0.0] == results.sooner("gepa", "spanwright")


def test_every_world_on_which_another_arm_wins_is_shown():
    results = Results([*worlds("spanwright", (0.5, 0.4, 0.6)), *worlds("gepa", (0.4, 0.5, 0.5))])
    shown = lost_worlds(results, "100 rollouts", "spanwright")

    assert [("gepa", "rules 1", "-10.0")] == [tuple(map(str, row)) for row in shown.rows]


def test_whole_runs_with_a_quarter_of_the_rollouts_meet_whole_runs_of_the_others():
    ours = [course(seed=seed, budget=25, steps=((25, 0.5),)) for seed in range(3)]
    (table,) = quarters([*ours, *worlds("gepa", (0.4, 0.4, 0.4))], base="spanwright")

    assert "+10.0 [+10.0, +10.0]" == str(table.rows[0][1])


def test_tables_fit_into_120_columns_and_their_figures_into_json(tmp_path, capsys):
    arms = ("spanwright", "gepa", "gepa merge", "gepa PxN", "gepa all", "gepa + our reflection")
    courses = [each for place, arm in enumerate(arms) for each in worlds(arm, (0.5, 0.4 - place / 50, 0.6, 0.3))]
    show([*standings(courses, base="spanwright"), aims(courses, base="spanwright")], tmp_path / "figures.json")

    assert max(map(len, capsys.readouterr().out.splitlines())) <= 120
    tables = json.loads((tmp_path / "figures.json").read_text())
    assert {"arm": "gepa", "score": 0.445, "reach": 0.5}.items() <= tables[0]["rows"][1].items()


def test_a_cell_of_a_table_may_hold_what_markdown_and_rich_would_read():
    table = Table(title="t", columns=("a", "b"), rows=(("x [bold]", Figure(1.0, "1|2")),))

    assert "| x [bold] | 1\\|2 |" in str(table)


def test_what_a_file_holds_is_not_run_again_even_if_its_last_line_was_cut_short(tmp_path):
    kept = Kept(file=tmp_path / "courses.jsonl", kind=TypeAdapter(Course), key=key_of)
    done = course()
    kept.add(done)
    with kept.file.open("a") as lines:
        lines.write('{"arm": "gep')

    assert [done] == do({key_of(done): None}, lambda _: None, kept)
    kept.add(course(seed=2))
    assert {1, 2} == {each.contest.seed for each in kept.before().values()}
