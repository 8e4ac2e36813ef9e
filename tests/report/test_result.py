import json
from dataclasses import dataclass

import pytest

from spanwright.core.candidate import Candidate
from spanwright.core.events import EVENT, RolloutEnded, RolloutStarted, StopReason
from spanwright.core.rollout import Purpose, Rollout, RolloutKey
from spanwright.core.score import Score
from spanwright.core.tools_used import Calls, Known, ToolsUsed, ToolsWanted
from spanwright.errors import UsageError
from spanwright.report import Result
from spanwright.subject import read_champion, worn


@dataclass
class Hanger:
    agent: str
    base: Candidate | None = None


def test_a_winner_that_is_better_on_the_test_split_has_improved(better):
    result = Result.from_events(better.events)

    assert result.improved
    assert result.complete
    assert result.difference is not None
    assert StopReason.BUDGET == result.stop_reason
    assert "test" == result.measured_on
    assert 0.075 == pytest.approx(result.seed_test)
    assert 0.975 == pytest.approx(result.best_test)
    assert 0.9 == pytest.approx(result.difference.mean)
    assert 0 < result.difference.low < 0.9 < result.difference.high
    assert 0.25 == pytest.approx(result.seed_validation)
    assert 1.0 == pytest.approx(result.best_validation)


def test_what_was_spent_and_tried_is_counted(better):
    result = Result.from_events(better.events)

    assert (3, 2, 1) == (result.proposed, result.accepted, result.refused)
    assert 20 == result.rollouts
    assert 4 == result.reflections
    assert 44 == result.usage.requests
    assert 0.06 == pytest.approx(result.usage.usd)
    assert better.events[-1].at - better.events[0].at == result.seconds


def test_the_winners_lineage_tells_each_change_from_the_seed_on(better):
    result = Result.from_events(better.events)

    told = [(step.attempt, step.changed, step.diagnosis) for step in result.lineage]

    assert [(1, ("support/instructions",), "It guesses."), (4, ("support/tool:refund",), "It guesses.")] == told
    assert result.best.id == result.lineage[-1].candidate


def test_a_result_that_is_read_again_equals_the_one_that_was_returned(better):
    stored = [EVENT.validate_json(EVENT.dump_json(event)) for event in better.events]

    assert Result.from_events(better.events) == Result.from_events(stored)


def test_when_the_seed_wins_nothing_has_beaten_it(history):
    history.validate(history.seed, 1.0, 1.0, 1.0, 1.0)
    history.evolve(history.seed, {"support/instructions": "Hm."})
    history.score_test(history.seed, 1.0, 1.0, 1.0, 0.5)
    history.end(history.seed)

    result = Result.from_events(history.events)

    assert not result.improved
    assert result.difference is None
    assert () == result.components_changed
    assert () == result.lineage
    assert "" == result.diff()
    assert "Nothing beat the seed." in str(result)


def test_a_gain_within_chance_is_no_improvement(history):
    history.validate(history.seed, 0.0, 0.5, 0.0, 0.5)
    child = history.evolve(history.seed, {"support/instructions": "Hm."})
    history.validate(child, 1.0, 1.0, 1.0, 1.0)
    history.score_test(history.seed, 0.0, 1.0, 0.0, 1.0)
    history.score_test(child, 1.0, 0.0, 0.5, 1.0)
    history.end(child)

    result = Result.from_events(history.events)

    assert not result.improved
    assert result.difference is not None
    assert result.difference.low < 0 < result.difference.high
    assert "Nothing beat the seed beyond chance" in str(result)


def test_without_a_test_split_nothing_is_proved_and_the_result_says_that_its_figure_is_optimistic(without_test_split):
    history = without_test_split
    history.validate(history.seed, 0.0, 0.1, 0.0, 0.1)
    child = history.evolve(history.seed, {"support/instructions": "Hm."})
    history.validate(child, 1.0, 1.0, 1.0, 1.0)
    history.end(child)

    result = Result.from_events(history.events)

    assert not result.improved
    assert "validation" == result.measured_on
    assert result.seed_test is None
    assert "so the figure is optimistic: 0.05 -> 1.00 on 4 validation cases" in result.headline
    assert "no test split" in str(result)


def test_only_cases_that_both_were_tried_on_are_compared(history):
    history.validate(history.seed, 0.0, 0.0, 1.0, 1.0)
    child = history.evolve(history.seed, {"support/instructions": "Hm."})
    history.roll(child, {"v0": 1.0, "v1": 0.5})
    history.end(child)

    result = Result.from_events(history.events)

    assert result.validation is not None
    assert 2 == result.validation.cases
    assert 0.0 == result.seed_validation
    assert 0.75 == result.best_validation


def test_a_paused_run_tells_the_best_so_far_and_how_to_resume(history):
    history.validate(history.seed, 0.0, 0.5, 0.0, 0.5)
    child = history.evolve(history.seed, {"support/instructions": "Hm."})
    history.validate(child, 1.0, 1.0, 1.0, 1.0)

    result = Result.from_events(history.events, paused_by=StopReason.WORLD_DOWN, remarks=["model: 503"])

    assert not result.complete
    assert child == result.best
    assert StopReason.WORLD_DOWN == result.stop_reason
    assert "model: 503" in str(result)
    assert "spanwright resume evening" in str(result)


def test_the_time_between_two_processes_is_not_counted(history):
    history.validate(history.seed, 0.0, 0.5, 0.0, 0.5)
    worked = history.events[-1].rollout.ended - history.events[0].at
    history.now += 86_400
    history.resume()
    history.end(history.seed)

    assert worked + 1.0 == Result.from_events(history.events).seconds


def test_a_rollout_that_was_lost_with_its_process_is_told_apart(history):
    history.validate(history.seed, 0.0, 0.5, 0.0, 0.5)
    history.start(history.seed, "t0", "minibatch")
    history.resume()
    history.end(history.seed)

    result = Result.from_events(history.events)
    assert 4 == result.rollouts
    assert 1 == result.lost
    assert "; 1 rollout lost with a process" in str(result)


def test_a_run_without_events_is_refused():
    with pytest.raises(UsageError, match="no events yet"):
        Result.from_events([])


def test_the_diff_shows_each_changed_component(better):
    expected = """\
--- support/instructions (seed)
+++ support/instructions (winner)
@@ -1 +1,2 @@
 Help the customer.
+Look the order up first.

--- support/tool:refund (seed)
+++ support/tool:refund (winner)
@@ -1 +1 @@
-Refund.
+Refund an order that was paid.
"""

    assert expected == Result.from_events(better.events).diff()


def test_the_diff_of_some_components_shows_those_alone(better):
    diff = Result.from_events(better.events).diff(components=["support/tool:refund"])

    assert diff.startswith("--- support/tool:refund (seed)")
    assert "instructions" not in diff


def test_the_printed_result_names_scores_changes_and_cost(better):
    expected = """\
Run evening: The winner beats the seed: 0.08 -> 0.97 on 4 test cases, +0.90 [+0.72, +1.08].
  test        0.08 [-0.08, 0.23] -> 0.97 [0.90, 1.05], difference +0.90 [+0.72, +1.08], on 4 cases
  validation  0.25 [-0.21, 0.71] -> 1.00 [1.00, 1.00], difference +0.75 [+0.29, +1.21], on 4 cases
  changed     support/instructions, support/tool:refund
  spent       20 rollouts, 4 reflections, 44 requests, 6,600 tokens, $0.06, in 58 s
  spent on    validation $0.012; reflections $0.04; test $0.008
  search      3 proposals, 2 admitted; 1 answer refused; policy default
  ended       budget"""

    assert expected == str(Result.from_events(better.events))


def test_the_json_has_the_figures_that_programs_read(better):
    record = json.loads(Result.from_events(better.events).to_json())

    promised = {
        "seed_test", "best_test", "seed_validation", "best_validation", "rollouts", "reflections", "seconds",
        "stop_reason", "accepted", "proposed", "components_changed",
    }  # fmt: skip
    assert promised <= record.keys()
    assert record["improved"] is True
    assert "budget" == record["stop_reason"]
    assert ["support/instructions", "support/tool:refund"] == record["components_changed"]


def test_an_unbounded_interval_is_null_in_json(without_test_split):
    history = without_test_split
    history.roll(history.seed, {"v0": 0.0})
    child = history.evolve(history.seed, {"support/instructions": "Hm."})
    history.roll(child, {"v0": 1.0})
    history.end(child)

    record = json.loads(Result.from_events(history.events).to_json())

    assert [None, None] == record["interval"]
    assert record["improved"] is False


def test_the_winner_is_saved_as_a_champion(better, tmp_path):
    result = Result.from_events(better.events)

    result.save(tmp_path / "champion.json")

    champion = read_champion(tmp_path / "champion.json")
    assert result.best == champion.candidate
    assert "evening" == champion.run


def test_the_winner_is_worn_inside_a_block_only(better):
    result = Result.from_events(better.events)

    with result.worn():
        inside = worn()

    assert result.best == inside
    assert worn() is None


def test_wearing_for_good_leaves_each_agent_its_own_texts(better):
    support, judge = Hanger("support", Candidate(texts={"support/tool:find": "Find."})), Hanger("judge")
    result = Result.from_events(better.events).worn_by([support, judge])

    result.wear()

    assert Candidate(texts={**result.best.texts, "support/tool:find": "Find."}) == support.base
    assert judge.base is None


def test_a_result_from_a_store_cannot_dress_agents_that_it_does_not_know(better):
    with pytest.raises(UsageError, match="does not know its agents"):
        Result.from_events(better.events).wear()


def test_a_result_tells_how_tools_were_used_with_seed_and_winner(history):
    used = ToolsUsed(
        calls={"refund": Calls(count=2, refused=1)},
        wanted=ToolsWanted(source=Known.CASE, should=("credit",), allowed=("credit",)),
    )
    rollout = Rollout(
        number=1,
        key=RolloutKey(candidate=history.seed.id, case="v0"),
        purpose=Purpose.VALIDATION,
        score=Score(value=0.0),
        tools=used,
    )
    history.tell(RolloutStarted(number=1, key=rollout.key, purpose=rollout.purpose, at=history.now))
    history.tell(RolloutEnded(rollout=rollout))

    result = Result.from_events(history.events)

    assert list(result.tools.lines()) == [
        "seed: 1 missed, 1 needless in 1 rollout; 1 of 2 calls refused",
        "  refund called in place of credit: 1 rollout",
    ]
    seed = json.loads(result.to_json())["tools"]["seed"]
    assert seed["confused"] == [{"called": "refund", "should": "credit", "rollouts": 1}]
    assert seed["tools"]["credit"]["missed"] == 1
