"""The commands that look at a run, show it, or carry its winner away."""

from pathlib import Path
from typing import Annotated

import typer

from spanwright.cli.options import (
    DEFAULT_STORE,
    AsJson,
    RunName,
    Store,
    Subject,
)


def runs(store: Store = DEFAULT_STORE, as_json: AsJson = False) -> None:
    """List the runs of a store."""
    from spanwright.cli.looking import list_runs

    list_runs(store, as_json=as_json)


def show(
    run: RunName,
    store: Store = DEFAULT_STORE,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print a summary to be pasted into a pull request.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what came of a run."""
    from spanwright.cli.looking import show_run
    from spanwright.cli.reporting import Form
    from spanwright.cli.reporting import report as write_report

    if as_markdown:
        write_report(run, store, Form(markdown=True, as_json=as_json))
    else:
        show_run(run, store, as_json=as_json)


def diff(run: RunName, store: Store = DEFAULT_STORE) -> None:
    """Show what changed from the seed to the winner of a run."""
    from spanwright.cli.looking import show_diff

    show_diff(run, store)


def report(
    run: RunName,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="report.html unless said; with --markdown or --json: stdout."
        ),
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="The summary of `spanwright show --markdown`.")] = False,
    store: Store = DEFAULT_STORE,
    as_json: AsJson = False,
) -> None:
    """Write what came of a run as one HTML file that opens offline, traces included."""
    from spanwright.cli.reporting import Form
    from spanwright.cli.reporting import report as write_report

    write_report(run, store, Form(output=output, markdown=markdown, as_json=as_json))


def ui(
    store: Annotated[Path, typer.Argument(metavar="[STORE]", help="The store to show.")] = DEFAULT_STORE,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 is any that is free.")] = 0,
) -> None:
    """Show the runs of a store in the browser, live while they go on; annotate rollouts, compare two runs."""
    from spanwright.cli.reporting import show_page
    from spanwright.telemetry.receiver import Place

    show_page(store, Place(port=port))


def track(
    run: RunName,
    to: Annotated[str, typer.Option("--to", metavar="TRACKER", help="mlflow, mlflow:URI, wandb or wandb:PROJECT.")],
    store: Store = DEFAULT_STORE,
) -> None:
    """Tell a tracker of a run that is over or paused; of one that it knows only what it does not have yet."""
    from spanwright.cli.tracking import track_run

    raise typer.Exit(track_run(run, store, to))


def apply_winner(
    run: RunName,
    agent: Annotated[str, typer.Option(metavar="MODULE:NAME", help="Whose source: the agent, factory or program.")],
    write: Annotated[bool, typer.Option("--write", help="Write the files; otherwise nothing is written.")] = False,
    champion: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --write: what cannot be written goes to this champion file."),
    ] = None,
    store: Store = DEFAULT_STORE,
    as_json: AsJson = False,
) -> None:
    """Put the winner's texts into the source, docstrings and literals; without --write only show the patch."""
    from spanwright.cli.applying import apply_run

    apply_run(run, agent, store, write=write, champion=champion, as_json=as_json)


def look_at_champion(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `--save` or `Result.save` wrote.")],
    agent: Annotated[
        str | None, typer.Option(metavar="MODULE:NAME", help="Say whether it still fits this agent or program.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show where a champion file comes from and whether it still fits an agent; exits with 1 where it does not."""
    from spanwright.cli.crowning import examine

    raise typer.Exit(examine(file, agent, as_json=as_json))


def components(subject: Subject, as_json: AsJson = False) -> None:
    """List the texts of an agent that can be optimized; no model is called."""
    from spanwright.cli.looking import show_components

    show_components(subject, as_json=as_json)
