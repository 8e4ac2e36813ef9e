"""The commands that show a run in a browser: a report as a file, and the live page."""

import signal
from dataclasses import dataclass
from pathlib import Path

import anyio
import typer

from spanwright.cli.restating import named, started
from spanwright.errors import UsageError
from spanwright.report import Result
from spanwright.report.page import (
    PAGE,
    Watched,
    html_of,
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
    if form.markdown:
        _put(markdown_of_run(run, store), form.output)
        return
    reader = store_at(store).reader
    page = page_of_run(reader, run, command=started(store, run), store=named(store))
    if form.as_json:
        _put(PAGE.dump_json(page).decode() + "\n", form.output)
    else:
        _put(html_of(reader, page), form.output or Path("report.html"))


def markdown_of_run(run: str, store: Path) -> str:
    """Return the summary of a run, with how it was started. Raises UsageError."""
    result = Result.from_events(store_at(store).reader.events(run))
    return result.to_markdown(command=started(store, run), store=named(store))


def _put(text: str, output: Path | None) -> None:
    """Write a text, or print it."""
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_private(output, text)
        typer.echo(f"Wrote {output}", err=True)


def show_page(store: Path, place: Place) -> None:
    """Serve the live page of a store until the process is told to end. Raises UsageError."""
    watched = Watched(store=store_at(store), named=named(store), command=lambda run: started(store, run))
    anyio.run(_serve, watched, place)


async def _serve(watched: Watched, place: Place) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with showing(watched, place) as address:
            typer.echo("Showing the runs of this store, to this machine alone; Ctrl-C ends it. Open:", err=True)
            typer.echo(address)
            async for _ in signals:
                return
