"""The commands that only look: runs, a run, its changes, its rollouts, and the components of an agent."""

import time
from dataclasses import dataclass, fields
from pathlib import Path

import anyio
import typer
from pydantic import TypeAdapter

from spanwright.cli.modelling import agents_of
from spanwright.cli.printing import coloured, columns
from spanwright.core.candidate import Component
from spanwright.core.events import RolloutEnded
from spanwright.core.protocols import Subject
from spanwright.core.rollout import Observed, Rollout
from spanwright.errors import UsageError
from spanwright.report import Result, Screen, reflection_transcript, rollout_transcript
from spanwright.report.figures import approximate_tokens, score
from spanwright.store import RunSummary, SqliteReader
from spanwright.subject import OutOfReach, chosen, named, preview_of, texts_in_code
from spanwright.subject.rewriting import Reach, Whereabouts, whereabouts

_EXCERPT = 60


def list_runs(store: Path, *, as_json: bool) -> None:
    """Print the runs of a store, the oldest first."""
    found = SqliteReader(store).runs() if store.exists() else ()
    if as_json:
        typer.echo(TypeAdapter(tuple[RunSummary, ...]).dump_json(found).decode())
        return
    if not found:
        typer.echo(f"No runs in {store} yet.")
        return
    head = ("RUN", "STATUS", "STARTED", "ROLLOUTS", "REFLECTIONS", "ADMITTED", "POLICY")
    typer.echo(columns([head, *(_row(run) for run in found)]))


def show_run(run: str, store: Path, *, as_json: bool) -> None:
    """Print the result of a run, so far or at its end, what its parts brought, and how its winner came to be."""
    result = result_of(run, store)
    if as_json:
        typer.echo(result.to_json())
        return
    typer.echo(str(result))
    for line in result.worth.lines():
        typer.echo(f"  paid        {line}")
    for line in result.tools.lines():
        typer.echo(f"  tools       {line}")
    for step in result.lineage:
        reason = " ".join((step.diagnosis or step.rationale).split())
        typer.echo(f"  attempt {step.attempt:<4}changed {', '.join(step.changed)}" + (f": {reason}" if reason else ""))
        if step.price:
            typer.echo(f"              {step.price}")


def show_diff(run: str, store: Path) -> None:
    """Print what changed from the seed to the winner."""
    result = result_of(run, store)
    if not result.components_changed:
        typer.echo("Nothing changed: the seed is the best.", err=True)
        return
    Screen().print(coloured(result.diff()))


def show_components(subject: str, *, as_json: bool) -> None:
    """Print the components of an agent, a factory or a program, without calling a model."""
    found, beyond = anyio.run(_discover, subject)
    if as_json:
        records = tuple(Listed.of(component, place) for component, place in found)
        typer.echo(TypeAdapter(tuple[Listed, ...]).dump_json(records).decode())
        return
    by_default = {component.id for component in chosen([component for component, _ in found], None)}
    rows = [("COMPONENT", "KIND", "DEFAULT", "~TOKENS", "FROM", "TEXT")]
    for component, place in found:
        mark = "dynamic" if component.dynamic else "yes" if component.id in by_default else "no"
        tokens = str(approximate_tokens(component.text))
        rows.append((component.id, component.kind.value, mark, tokens, _place(place), _excerpt(component.text)))
    typer.echo(columns(rows))
    obstacles = [(place.component, place.obstacle) for _, place in found if place.obstacle]
    if obstacles:
        typer.echo("Cannot be written back into the source:", err=True)
        typer.echo(columns([(f"  {component}", reason) for component, reason in obstacles]), err=True)
    if beyond:
        typer.echo("Cannot be changed:", err=True)
        typer.echo(columns([(f"  {each.agent}: {each.what}", each.why) for each in beyond]), err=True)


def list_rollouts(run: str, store: Path, *, as_json: bool) -> None:
    """Print the finished rollouts of a run."""
    reader = reader_of(store)
    rollouts = tuple(event.rollout for event in reader.events(run) if isinstance(event, RolloutEnded))
    if as_json:
        typer.echo(TypeAdapter(tuple[Rollout, ...]).dump_json(rollouts).decode())
        return
    rows = [("ROLLOUT", "PURPOSE", "ATTEMPT", "CANDIDATE", "SCORE", "CASE")]
    rows.extend(
        (
            str(rollout.number),
            rollout.purpose.value,
            "-" if rollout.attempt is None else str(rollout.attempt),
            rollout.key.candidate,
            score(rollout.score.value if rollout.score else None),
            rollout.key.case,
        )
        for rollout in rollouts
    )
    typer.echo(columns(rows))


def show_rollout(run: str, number: int, store: Path, *, whole: bool, as_json: bool) -> None:
    """Print the trace of a rollout, and what the reflector of its attempt was shown and answered."""
    reader = reader_of(store)
    observed = reader.trace(run, number)
    if as_json:
        typer.echo(TypeAdapter(Observed).dump_json(observed).decode())
        return
    screen = Screen()
    screen.print(rollout_transcript(observed, longest=None) if whole else rollout_transcript(observed))
    attempt = observed.rollout.attempt
    if attempt is None:
        screen.print(f"No reflector saw it: it was for the {observed.rollout.purpose.value}.", markup=False)
        return
    try:
        screen.print(reflection_transcript(attempt, reader.reflection(run, attempt)))
    except UsageError:
        screen.print(f"Attempt {attempt} came to no reflection.", markup=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed(Component):
    """A component as `components --json` prints it."""

    tokens: int
    """Approximately: four bytes each."""
    file: str
    """Where its text is written; empty where that cannot be."""
    line: int
    obstacle: str
    """Why it cannot be written back; empty where it can."""

    @classmethod
    def of(cls, component: Component, place: Whereabouts) -> "Listed":
        """Return what is printed of a component."""
        known = {each.name: getattr(component, each.name) for each in fields(component)}
        file = "" if place.file is None else str(place.file)
        tokens = approximate_tokens(component.text)
        return cls(**known, tokens=tokens, file=file, line=place.line, obstacle=place.obstacle)


async def _discover(subject: str) -> tuple[tuple[tuple[Component, Whereabouts], ...], tuple[OutOfReach, ...]]:
    meant = named(subject)
    if isinstance(meant, Subject):
        elsewhere = "another process has it"
        return tuple(
            (each, Whereabouts(component=each.id, obstacle=elsewhere)) for each in await meant.components()
        ), ()
    module, _, name = subject.partition(":")
    agents = agents_of(meant)
    previews = [await preview_of(agent) for agent in agents]
    found = [component for preview in previews for component in preview.components.values()]
    found += texts_in_code([agent.name or "" for agent in agents])
    beyond = tuple(each for preview in previews for each in preview.out_of_reach)
    return whereabouts(found, meant, agents, Reach(module=module, name=name)), beyond


def _place(place: Whereabouts) -> str:
    if place.file is None:
        return "-"
    here = Path.cwd()
    file = place.file.relative_to(here) if place.file.is_relative_to(here) else place.file
    return f"{file}:{place.line}"


def reader_of(store: Path) -> SqliteReader:
    """Return what reads a store. Raises UsageError where there is none."""
    if not store.exists():
        raise UsageError(f"there is no store {store}", "Optimize something first, or say which with --store")
    return SqliteReader(store)


def result_of(run: str, store: Path) -> Result:
    """Return the result of a run in a store. Raises UsageError where there is none."""
    return Result.from_events(reader_of(store).events(run))


def _row(run: RunSummary) -> tuple[str, ...]:
    status = run.status.value + (f" ({run.reason.value})" if run.reason else "")
    started = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.started))
    counts = (str(run.rollouts), str(run.reflections), str(run.admitted))
    return (run.name, status, started, *counts, run.policy)


def _excerpt(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _EXCERPT else f"{line[: _EXCERPT - 1]}…"
