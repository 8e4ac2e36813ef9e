"""Tell a tracker of a run that is in a store: one that was not tracked, or not all the way."""

from pathlib import Path

import typer

from spanwright.cli.exits import ExitCode
from spanwright.cli.looking import reader_of
from spanwright.report.tracking import Tracker, track


def track_run(run: str, store: Path, to: str) -> ExitCode:
    """Track a run and return the exit code. Raises UsageError."""
    tracker = Tracker.named(to).waiting(600)  # somebody waits for nothing else
    missing = track(reader_of(store), run, tracker)
    for line in missing:
        typer.echo(line, err=True)
    if missing:
        return ExitCode.ERROR
    typer.echo(f"{tracker.name} has all of run {run!r}")
    return ExitCode.BETTER
