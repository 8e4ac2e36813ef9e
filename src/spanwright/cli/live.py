"""`spanwright live`: optimize both packaged agents against a real endpoint, and write a dated page about it.

The budget is small and so are the splits: the page shows that everything works with the model at hand and what that
costs, not how far a long search would get.
"""

import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import typer
from pydantic_evals import Case

from spanwright.cli.demo import exhibit
from spanwright.cli.exits import ExitCode
from spanwright.cli.invocation import Invocation
from spanwright.cli.loading import evals_of
from spanwright.cli.options import Packaged
from spanwright.cli.running import Manner, carry_out, new_name
from spanwright.core.events import Event, Refused, RolloutEnded
from spanwright.core.proposal import Reflection
from spanwright.errors import UsageError
from spanwright.report import Result, figures
from spanwright.report.summary import fenced
from spanwright.store import SqliteReader
from spanwright.subject import Evals

TEST, VALIDATION, TRAIN = 8, 6, 16
"""Cases of each split: scoring the test split and validating the seed leave the search 38 of 60 rollouts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A server, and what it serves."""

    base_url: str
    model: str
    reflection_model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of one agent."""

    agent: Packaged
    result: Result
    events: tuple[Event, ...]
    reflection: Reflection | None
    """An example of what the reflection model was asked and answered."""


def try_out(endpoint: Endpoint, *, rollouts: int, folder: Path, store: Path) -> ExitCode:
    """Optimize the agents that come along and run anywhere, write the page, and return the exit code."""
    trials = [_trial(agent, endpoint, rollouts, store) for agent in Packaged if not exhibit(agent).needs_sandbox]
    slug = re.sub(r"[^A-Za-z0-9.]+", "-", endpoint.model).strip("-")
    path = folder / f"{time.strftime('%Y-%m-%d')}-{slug}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(endpoint, trials), encoding="utf-8")
    for trial in trials:
        typer.echo(str(trial.result))
    typer.echo(f"Written: {path}")
    return ExitCode.BETTER if all(trial.result.complete for trial in trials) else ExitCode.PAUSED


def page(endpoint: Endpoint, trials: Sequence[Trial]) -> str:
    """Return the page as Markdown. The endpoint's address stays out of it."""
    reflection = endpoint.reflection_model or endpoint.model
    head = (
        f"# {endpoint.model}, {time.strftime('%Y-%m-%d')}\n\n"
        f"Written by `make live`: the agents that come along, with `{endpoint.model}` for the agents and"
        f" `{reflection}` for reflection, behind an OpenAI-compatible endpoint.\n"
    )
    return "\n".join([head, *(line for trial in trials for line in _section(trial))])


def _trial(agent: Packaged, endpoint: Endpoint, rollouts: int, store: Path) -> Trial:
    exhibited = exhibit(agent)
    invocation = Invocation(
        subject=exhibited.subject,
        evals=exhibited.evals,
        group=exhibited.group,
        run=new_name(f"live-{agent.value}"),
        model=endpoint.model,
        reflection_model=endpoint.reflection_model or endpoint.model,
        base_url=endpoint.base_url,
        rollouts=rollouts,
        components=exhibited.components,
    )
    result = carry_out(invocation, Manner(store=store), _few(evals_of(invocation)))
    reader = SqliteReader(store)
    events = tuple(reader.events(result.run))
    return Trial(agent=agent, result=result, events=events, reflection=_example(reader, result))


def _few(evals: Evals[Any, Any, Any]) -> Evals[Any, Any, Any]:
    """Return small splits of an eval set, drawn once and for all."""
    given = evals.cases
    cases: list[Case[Any, Any, Any]] = list(given if isinstance(given, Sequence) else given.cases)
    Random("spanwright live").shuffle(cases)
    parts = (cases[:TEST], cases[TEST : TEST + VALIDATION], cases[TEST + VALIDATION :][:TRAIN])
    if isinstance(given, Sequence):
        test, validation, train = parts
        return Evals(cases=train, validation=validation, test=test, metric=evals.metric)
    test, validation, train = (given.model_copy(update={"cases": part}) for part in parts)
    return Evals(cases=train, validation=validation, test=test, metric=evals.metric)


def _example(reader: SqliteReader, result: Result) -> Reflection | None:
    """Return the reflection that the winner came from; None where nothing beat the seed."""
    try:
        return reader.reflection(result.run, result.lineage[-1].attempt) if result.lineage else None
    except UsageError:
        return None


def _section(trial: Trial) -> Iterator[str]:
    result = trial.result
    yield f"\n## {trial.agent.value}\n"
    yield f"```text\n{result}\n```\n"
    yield "| | seed | winner |\n|---|---|---|"
    for split, compared in (("test", result.test), ("validation", result.validation)):
        if compared is not None:
            yield f"| {split} | {figures.interval(compared.seed)} | {figures.interval(compared.best)} |"
    yield f"\nCost: {figures.spent(result.usage)}, in {figures.duration(result.seconds)}.\n"
    yield f"Reflection answers that could not be used: {_counted(_refusals(trial.events))}.\n"
    yield f"Rollouts that failed: {_counted(_failures(trial.events))}.\n"
    yield "### Prompts, before and after\n"
    yield f"```diff\n{result.diff()}```\n" if result.components_changed else "Nothing changed.\n"
    if trial.reflection is not None:
        yield _folded("The reflection prompt that led to the winner", trial.reflection.prompt)
        yield _folded("The answer", trial.reflection.answer)


def _refusals(events: Sequence[Event]) -> Iterator[str]:
    return (event.refusal.reason.value for event in events if isinstance(event, Refused))


def _failures(events: Sequence[Event]) -> Iterator[str]:
    for event in events:
        if isinstance(event, RolloutEnded) and event.rollout.failure is not None:
            failure = event.rollout.failure
            yield f"{failure.boundary} ({failure.blame.value})"


def _counted(names: Iterator[str]) -> str:
    return ", ".join(f"{count} x {name}" for name, count in Counter(names).most_common()) or "none"


def _folded(title: str, body: str) -> str:
    """Return a text that a reader unfolds."""
    return f"<details><summary>{title}</summary>\n\n{fenced(body)}\n\n</details>\n"
