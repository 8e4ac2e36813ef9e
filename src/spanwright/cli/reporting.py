"""The commands that show a run in a browser: a report as a file, and the live page."""

import shlex
import signal
from dataclasses import dataclass
from pathlib import Path

import anyio
import typer

from spanwright.cli.invocation import Invocation, recall
from spanwright.cli.options import DEFAULT_STORE
from spanwright.core.goal import Goal, Sense
from spanwright.errors import UsageError
from spanwright.report.page import (
    PAGE,
    Watched,
    html_of,
    markdown_of,
    page_of_run,
    showing,
    store_at,
    write_private,
)
from spanwright.telemetry.receiver import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """In which form a report is wanted, and where."""

    output: Path | None = None
    markdown: bool = False
    as_json: bool = False


def report(run: str, store: Path, form: Form) -> None:
    """Write the report of a run, or print it as Markdown or JSON. Raises UsageError, StoreError."""
    if form.markdown and form.as_json:
        raise UsageError("--markdown and --json are two forms", "Ask for one of them")
    reader = store_at(store).reader
    page = page_of_run(reader, run, command=_started(store, run), store=_named(store))
    if form.markdown or form.as_json:
        text = markdown_of(page) if form.markdown else PAGE.dump_json(page).decode() + "\n"
        if form.output is None:
            typer.echo(text, nl=False)
            return
        write_private(form.output, text)
    else:
        write_private(form.output or Path("report.html"), html_of(reader, page))
    typer.echo(f"Wrote {form.output or Path('report.html')}", err=True)


def show_page(store: Path, place: Place) -> None:
    """Serve the live page of a store until the process is told to end. Raises UsageError."""
    watched = Watched(store=store_at(store), named=_named(store), command=lambda run: _started(store, run))
    anyio.run(_serve, watched, place)


async def _serve(watched: Watched, place: Place) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with showing(watched, place) as address:
            typer.echo("Showing the runs of this store, to this machine alone; Ctrl-C ends it. Open:", err=True)
            typer.echo(address)
            async for _ in signals:
                return


def _named(store: Path) -> str:
    return "" if store == DEFAULT_STORE else str(store)


def _started(store: Path, run: str) -> str:
    """Return the command that began a run; empty where it was begun by a program."""
    try:
        invocation: Invocation = recall(store, run)
    except UsageError:
        return ""
    words = ["spanwright", "optimize", invocation.subject, "--evals", invocation.evals]
    for name, value in (
        ("group", invocation.group),
        ("deps", invocation.deps),
        ("objective", invocation.objective),
        ("model", invocation.model),
        ("reflection-model", invocation.reflection_model),
        ("base-url", invocation.base_url),
        ("rollouts", invocation.rollouts),
        ("reflections", invocation.reflections),
        ("usd", invocation.usd),
        ("seconds", invocation.seconds),
        ("seed", invocation.seed or None),
        ("policy", None if invocation.policy == "default" else invocation.policy),
        ("evidence", invocation.evidence),
        ("lessons-from", invocation.lessons_from),
    ):
        words += [] if value is None else [f"--{name}", str(value)]
    words += [word for each in invocation.evaluators for word in ("--evaluator", each)]
    words += [word for each in invocation.components for word in ("--components", each)]
    words += [word for goal in invocation.goals for word in _wanted(goal)]
    words += ["--ordered"] if invocation.ordered else []
    return shlex.join(words)


def _wanted(goal: Goal) -> tuple[str, str]:
    if goal.limit is None:
        return ("--minimize" if goal.sense is Sense.LESS else "--maximize", goal.figure)
    return ("--at-most" if goal.sense is Sense.LESS else "--at-least", f"{goal.figure}={goal.limit:g}")
