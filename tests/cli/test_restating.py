"""The command that began a run is said again whole: in a report, in a summary, on the page."""

from dataclasses import fields, replace

import typer.main

from spanwright import at_most, minimize
from spanwright.cli import app
from spanwright.cli.invocation import Invocation, PaperRun
from spanwright.cli.restating import OPTIONS, words_of

ALL = Invocation(
    subject="shop:agent",
    evals="shop:cases",
    run="it",
    deps="shop:deps",
    evaluators=("shop:Right", "shop:Kind"),
    group="customer",
    model="openai:small",
    reflection_model="openai:large",
    base_url="http://localhost:1/v1",
    rollouts=100,
    reflections=10,
    usd=2.5,
    seconds=60.0,
    concurrency=4,
    seed=7,
    policy="gepa",
    ordered=True,
    components=("shop/*",),
    pinned=("shop/tool:*",),
    max_tokens=("*=200",),
    forbid=("*=a b",),
    max_more=("*=tokens=0.2",),
    no_regression=("shop/tool:*",),
    tools="replay",
    objective="Right",
    evidence="spans.jsonl",
    lessons_from="before",
    goals=(minimize("cost"), at_most("latency", 2.0)),
    export="otlp",
    track=("mlflow:http://localhost:5000", "wandb"),
    executor="processes:2",
)


def test_every_field_of_an_invocation_is_said_again() -> None:
    assert {each.name for each in fields(Invocation)} == OPTIONS | {"subject", "evals", "run", "paper"}


def test_what_is_said_again_means_the_same() -> None:
    spanwright, command, *words = words_of(ALL)
    parsed = typer.main.get_command(app).commands[command].make_context(command, list(words)).params

    assert ("spanwright", "optimize") == (spanwright, command)
    said = {"subject", "evals", "evaluator", "pin", "low", "most"} | OPTIONS - {"evaluators", "pinned", "goals"}
    for name in said:
        assert parsed[name] not in {None, ()} if not isinstance(parsed[name], list) else parsed[name], name
    assert (["shop:Right", "shop:Kind"], ["*=a b"]) == (parsed["evaluator"], parsed["forbid"])
    assert (4, 7, "gepa", True) == tuple(parsed[name] for name in ("concurrency", "seed", "policy", "ordered"))
    assert (["cost"], ["latency=2"]) == (parsed["low"], parsed["most"])


def test_what_is_as_by_default_is_not_said() -> None:
    plain = Invocation(subject="shop:agent", evals="shop:cases", run="it")
    task = Invocation(subject="shop:task", evals="", run="it", rollouts=5)

    assert "spanwright optimize shop:agent --evals shop:cases" == " ".join(words_of(plain))
    assert "spanwright text shop:task --rollouts 5" == " ".join(words_of(task))


def test_a_task_of_the_paper_is_named_by_its_own_command() -> None:
    task = Invocation(
        subject="spanwright_agents.paper.hover:TASK",
        evals="",
        run="it",
        model="openai:small",
        paper=PaperRun(data="official", helper_model="openai:judge"),
    )

    said = "spanwright paper hover --data official --helper-model openai:judge --model openai:small"
    assert said == " ".join(words_of(task))
    assert "spanwright paper hover --quick" == " ".join(words_of(replace(task, model=None, paper=PaperRun())))
