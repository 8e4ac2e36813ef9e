"""What users are told, beside the truth: one whole run on a world, and shares of runs."""

from promises import Row, Trial, tables, tried
from verdicts import Seen, share


def test_a_run_on_a_world_is_judged_by_the_result_that_a_user_gets():
    row = Row(kind="nothing", family="judge", rollouts=60, test=8)
    seen = tried(Trial(row=row, number=1))

    assert seen.seed_returned
    assert not seen.improved
    assert "nothing|judge|60|8|1" == seen.key
    (table,) = tables([row], [seen])
    assert "100 [21, 100]" == str(table.rows[0][2])


def test_runs_that_promise_a_gain_that_is_none_are_counted():
    row = Row(kind="coverage", family="rules", rollouts=300, test=64)
    runs = [
        Seen(key=f"{row.name}|{n}", seed_returned=False, true_gain=gain, improved=True, covered=gain > 0)
        for n, gain in enumerate((0.1, 0.2, -0.01))
    ]
    (table,) = tables([row], runs)
    shown = dict(zip(table.columns, map(str, table.rows[0]), strict=True))

    assert ("3", "1") == (shown["runs"], shown["wrongly"])
    assert shown["holds truth"].startswith("67 ")


def test_nothing_has_no_share():
    assert "" == str(share([]))
