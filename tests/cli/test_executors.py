"""Where rollouts are done, from the command line."""

import json

import pytest


@pytest.mark.slow
def test_workers_do_the_rollouts_of_a_run_from_the_command_line_and_of_one_that_is_resumed(spanwright):
    command = ("optimize", "tiny:agent", "--evals", "tiny:cases", "--rollouts", "80", "--json", "--run", "there")
    ended = spanwright(*command, "--executor", "processes:1")

    record = json.loads(ended.stdout)
    assert (True, 80) == (record["improved"], record["rollouts"])


@pytest.mark.parametrize("place", ["threads", "processes:", "processes:many", "processes:0"])
def test_a_place_that_is_none_is_a_usage_error(spanwright, place):
    ended = spanwright("optimize", "tiny:agent", "--evals", "tiny:cases", "--rollouts", "80", "--executor", place)

    assert 2 == ended.exit_code
    assert "no place for rollouts" in ended.output or "workers=0" in ended.output


@pytest.mark.ray
def test_the_demo_runs_on_a_local_ray_cluster_of_two_workers(spanwright):
    ended = spanwright("demo", "--executor", "ray:2", "--rollouts", "150", "--json", "-q")

    record = json.loads(ended.stdout)
    assert ended.exit_code in {0, 3}
    assert record["complete"]
    assert 60 < record["rollouts"] <= 150  # a seed that nothing beats is tested alone
