"""Keys of the environment and of headers: a whole run with marked ones, then every byte that it left is searched."""

import json
import logging
import os
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import EqualsExpected

from spanwright import Budget, Run, UserBug, optimizable, optimize
from spanwright.core.known_secrets import KnownSecrets
from spanwright.core.rollout import Blame, Failure, Observed, Purpose, Rollout, RolloutKey
from spanwright.core.trace import Trace
from spanwright.store import SqliteStore, export
from spanwright.testing.simulated.host import serve
from spanwright.testing.simulated.models import default_models
from spanwright.testing.simulated.server import simulated_app

KEY = "sk-" + "marked0123456789abcdefMARKED"
ENVIRONMENT = "marked-environment-4711-MARKED"
MARK = "MARKED"


@pytest.fixture(autouse=True)
def marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_API_KEY", ENVIRONMENT)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def desk(provider: OpenAIProvider) -> Agent[None, str]:
    agent = optimizable(Agent(OpenAIChatModel("sim-task", provider=provider), name="desk", instructions="Help."))

    @agent.tool_plain
    def look_up(order: str) -> str:
        """Look an order up."""
        raise RuntimeError(f"401 from the shop: Authorization was Bearer {os.environ['ACME_API_KEY']}")

    return agent


def questions() -> Dataset[str, str, None]:
    cases = [Case(name=f"c{n}", inputs=f"Where is order A-{1000 + n}?", expected_output="Here.") for n in range(12)]
    return Dataset(name="questions", cases=cases, evaluators=[EqualsExpected()])


def everything_in(folder: Path) -> str:
    """Return all that a run left, what the store compresses included."""
    for path in folder.glob("*.sqlite"):
        for run in SqliteStore(path).reader.runs():
            export(path, run.name, folder / f"{run.name}.jsonl")
    return "\n".join(path.read_bytes().decode(errors="replace") for path in folder.rglob("*") if path.is_file())


async def test_no_key_of_the_environment_or_of_a_header_is_in_what_a_run_leaves(tmp_path: Path, caplog, capfd):
    caplog.set_level(logging.DEBUG, logger="spanwright")
    messages: list[str] = []
    with serve(simulated_app(default_models())) as url:
        provider = OpenAIProvider(base_url=url, api_key=KEY)
        try:
            await optimize(
                desk(provider),
                questions(),
                budget=Budget(rollouts=30),
                store=tmp_path / "store.sqlite",
                run=Run(name="marked", progress=True),
            )
        except UserBug as bug:  # a tool that fails on every case
            messages.append(str(bug))
        finally:
            await provider.client.close()
    told = capfd.readouterr()
    left = everything_in(tmp_path)

    assert "Where is order A-1000?" in left
    assert MARK not in left
    assert MARK not in "\n".join((*messages, told.out, told.err, caplog.text))
    assert json.loads((tmp_path / "marked.jsonl").read_text().splitlines()[0])


def test_only_values_whose_name_says_so_are_secret_and_what_is_clean_stays_itself():
    environment = {"ACME_TOKEN": "abcdefgh-1", "KEY_FILE": "/etc/keys/acme", "HOME": "/srv/ada", "PIN_KEY": "1234"}
    secrets = KnownSecrets.of(environment)
    told = Observed(rollout=rollout("Help."), trace=Trace(), output="at /etc/keys/acme for 1234")

    assert secrets.observed(told) is told
    assert "Bearer <secret>." == secrets.text("Bearer abcdefgh-1.", "")
    failure = secrets.observed(replace(told, rollout=rollout("no: abcdefgh-1"))).rollout.failure
    assert failure is not None
    assert "no: <secret>" == failure.message


def rollout(said: str) -> Rollout:
    failure = Failure(boundary="tool look_up", blame=Blame.CANDIDATE, message=said)
    return Rollout(number=1, key=RolloutKey(candidate="c", case="c1"), purpose=Purpose.MINIBATCH, failure=failure)
