import json


def test_an_agent_against_itself_shows_how_noisy_the_evals_are(spanwright):
    ended = spanwright("calibrate", "tiny:agent", "--evals", "tiny:noisy", "--repeats", "4", "--run", "noise", "-q")

    assert 0 == ended.exit_code, ended.output
    assert "Run noise: the agent against itself, 10 cases, 40 scores." in ended.stdout
    assert "mean score        0.65" in ended.stdout
    assert "from one time to the next" in ended.stdout
    assert "flaky             c2" in ended.stdout
    assert "a gain of 0.05    would take" in ended.stdout


def test_it_says_what_it_will_spend_before_it_starts(spanwright):
    ended = spanwright("calibrate", "tiny:agent", "--evals", "tiny:noisy", "--repeats", "3")

    assert "Budget: at most 30 rollouts, 0 reflections." in ended.stderr


def test_json_is_the_only_thing_on_stdout(spanwright):
    ended = spanwright("calibrate", "tiny:agent", "--evals", "tiny:noisy", "--rollouts", "400", "--json")

    record = json.loads(ended.stdout)
    assert (40, 10, True) == (record["rollouts"], record["cases"], record["complete"])
    assert 0.15 < record["variance_within_cases"] < 0.3
    assert 0.1 < record["smallest_gain_in_finals"] < 0.6
    assert record["smallest_gain_in_test"] is None
    assert record["itself"][1] < 0 < record["itself"][2]


def test_a_metric_that_never_changes_is_warned_of(spanwright):
    ended = spanwright("calibrate", "tiny:agent", "--evals", "tiny:silent", "-q")

    assert "warning           each case scored 0.50, each time" in ended.stdout
    assert "the metric may be constant" in ended.stdout


def test_a_calibration_that_is_known_is_not_paid_for_again(spanwright):
    first = spanwright("calibrate", "tiny:agent", "--evals", "tiny:noisy", "--run", "noise", "--json")
    again = spanwright("calibrate", "tiny:agent", "--evals", "tiny:noisy", "--run", "noise", "--json")

    assert first.stdout == again.stdout


def test_a_single_try_shows_no_noise(spanwright):
    ended = spanwright("calibrate", "tiny:agent", "--evals", "tiny:noisy", "--repeats", "1")

    assert 2 == ended.exit_code


def test_what_was_odd_about_the_seed_stands_in_the_result(spanwright):
    ended = spanwright("optimize", "tiny:agent", "--evals", "tiny:silent", "--rollouts", "60")

    told = "the seed scored 0.50 on each of {} validation cases: if that is not so, the metric is constant"
    assert f"warning: {told.format(8)}" in ended.stderr  # before it has met all of them
    assert f"note        {told.format(10)}" in ended.stdout


def test_before_money_is_spent_it_is_told_what_could_be_seen(spanwright):
    ended = spanwright("optimize", "tiny:agent", "--evals", "tiny:cases", "--rollouts", "80")

    assert "Room: about 4 proposals: few for a search" in ended.stderr
    assert "the test split a gain of 0.63" in ended.stderr
    assert "No rollouts are kept for finals" in ended.stderr


def test_a_search_knows_the_noise_that_was_measured_before(spanwright):
    spanwright("calibrate", "tiny:agent", "--evals", "tiny:noisy", "--run", "noise", "-q")

    ended = spanwright("optimize", "tiny:agent", "--evals", "tiny:noisy", "--rollouts", "400")

    assert "with the noise that noise measured: the finals a gain of" in ended.stderr
    assert "at even chances" not in ended.stderr


def test_what_was_measured_of_other_cases_is_not_taken_for_these(spanwright):
    spanwright("calibrate", "tiny:agent", "--evals", "tiny:noisy", "--run", "noise", "-q")

    ended = spanwright("optimize", "tiny:agent", "--evals", "tiny:cases", "--rollouts", "80")

    assert "at even chances" in ended.stderr
