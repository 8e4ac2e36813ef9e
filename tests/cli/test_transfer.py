"""`spanwright transfer`: seed and winner of a stored run on other models, which answer over a real socket."""

import json
import re
import time
from collections import Counter
from dataclasses import dataclass

import pytest

from spanwright.testing.simulated.host import read_log, serve
from spanwright.testing.simulated.latency import Latency, LatencyLaw
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.wire import ChatReply


@dataclass
class Speaks:
    """Says yes where it is told to; a deaf one never does, and a contrary one only where it is not told."""

    told: str = "yes"
    untold: str = "no"

    def reply(self, request, draws):
        instructions = "\n".join(each.content for each in request.messages if each.role in ("system", "developer"))
        return ChatReply(text=self.told if "yes" in instructions else self.untold)


MODELS = {"obeys": Speaks(), "deaf": Speaks(told="no"), "contrary": Speaks(told="no", untold="yes")}


@pytest.fixture
def server():
    with serve(simulated_app(MODELS)) as base_url:
        yield base_url


def tried_on(spanwright, run):
    rollouts = json.loads(spanwright("traces", "list", run, "--json").stdout)
    return Counter((each["key"]["candidate"], each["key"]["case"]) for each in rollouts if each["purpose"] == "test")


def test_seed_and_winner_are_compared_on_each_model(optimized, server, spanwright):
    named = [part for model in MODELS for part in ("--model", model)]
    ended = spanwright("transfer", "first", *named, "--base-url", server, "-q")

    assert 0 == ended.exit_code, ended.output
    rows = {line.split()[0]: " ".join(line.split()) for line in ended.stdout.splitlines() if "openai:" in line}
    cases = len({case for _, case in tried_on(spanwright, "first")})
    gains = {name: re.sub(r"\[.*\]", "[]", row).split(" price")[0] for name, row in rows.items()}
    assert gains["openai:obeys"].startswith(f"openai:obeys 0.00 1.00 +1.00 [] better {cases} ")
    assert gains["openai:deaf"].startswith(f"openai:deaf 0.00 0.00 +0.00 [] not shown {cases} ")
    assert gains["openai:contrary"].startswith(f"openai:contrary 1.00 0.00 -1.00 [] worse {cases} ")
    assert "(the run's own)" in ended.stdout
    assert 2 * cases * len(MODELS) == sum(read_log(server).served.values())


def test_each_model_is_a_run_of_its_own_and_nothing_is_paid_twice(optimized, server, spanwright):
    first = spanwright("transfer", "first", "--model", "obeys", "--base-url", server, "--json")
    again = spanwright("transfer", "first", "--model", "obeys", "--base-url", server, "--json")
    asked = sum(read_log(server).served.values())

    assert first.stdout == again.stdout
    (row,) = json.loads(first.stdout)["models"]
    assert (True, "better", 1.0) == (row["complete"], row["verdict"], row["gain"])
    assert {1} == set(tried_on(spanwright, row["run"]).values())
    assert asked == sum(tried_on(spanwright, row["run"]).values())
    assert "The winner beats the seed: 0.00 -> 1.00" in spanwright("show", row["run"]).stdout
    assert "All is well." in spanwright("store", "check").stdout


def test_a_transfer_that_was_killed_goes_on(optimized, start, spanwright):
    slow = Latency(scale=1.0, laws=(LatencyLaw(models="*", median=0.3, sigma=0.01),))
    with serve(simulated_app(MODELS, latency=slow)) as base_url:
        words = ("transfer", "first", "--model", "obeys", "--model", "deaf", "--base-url", base_url)
        process = start(*words, "--concurrency", "4")
        deadline = time.monotonic() + 60
        while len(read_log(base_url).calls) < 6 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.kill()
        process.communicate(timeout=10)
        before = len(read_log(base_url).calls)
        ended = spanwright(*words, "--json")
        calls = len(read_log(base_url).calls)

    assert 0 == ended.exit_code, ended.output
    rows = json.loads(ended.stdout)["models"]
    assert ["better", "not shown"] == [each["verdict"] for each in rows]
    needed = 2 * sum(each["cases"] for each in rows)
    assert needed <= calls <= needed + 4
    assert 6 <= before < needed


def test_the_offline_models_stand_in_for_others(optimized, spanwright):
    ended = spanwright("transfer", "first", "--model", "simulated:sim-task-small", "--json", "-q")

    (row,) = json.loads(ended.stdout)["models"]
    assert ("openai:sim-task-small", True) == (row["model"], row["complete"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere", "--model", "obeys"), "there is no run 'nowhere'"),
        (("first", "--model", "nobody:nothing"), "does not resolve"),
        (("first", "--model", "simulated:other"), "there is no simulated model 'simulated:other'"),
        (("first", "--model", "obeys", "--base-url", "http://127.0.0.1:9/v1", "--usd", "1"), "the price of 'obeys'"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_asked(optimized, spanwright, words, said):
    ended = spanwright("transfer", *words)

    assert 2 == ended.exit_code
    assert said in ended.output


def test_a_run_without_a_test_split_cannot_be_transferred(spanwright):
    words = "optimize tiny:agent --evals tiny:split --rollouts 40 --run bare --ordered -q"
    spanwright(*words.split())

    ended = spanwright("transfer", "bare", "--model", "simulated")

    assert 2 == ended.exit_code
    assert "run 'bare' has no test split" in ended.output


def test_a_folder_without_a_store_is_told(spanwright):
    ended = spanwright("transfer", "first", "--model", "simulated")

    assert 2 == ended.exit_code
    assert "there is no store" in ended.output
