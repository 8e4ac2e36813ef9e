"""`spanwright store`: check the file that remembers runs, make it smaller, take a run out of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spanwright.cli.exits import ExitCode, complain
from spanwright.cli.options import DEFAULT_STORE, AsJson, RunName, Store

if TYPE_CHECKING:
    from spanwright.store import Checkup

app = typer.Typer(no_args_is_help=True, help="Check the file that remembers runs, make it smaller, export a run.")


@app.command("check")
def check_store(store: Store = DEFAULT_STORE, as_json: AsJson = False) -> None:
    """Read every record, text and account of the store; exits with 1 where something is damaged or booked wrongly."""
    from pydantic import TypeAdapter

    from spanwright.store import Checkup, check

    found = check(store)
    typer.echo(TypeAdapter(Checkup).dump_json(found).decode() if as_json else told(found, store))
    raise typer.Exit(ExitCode.BETTER if found.ok else ExitCode.ERROR)


@app.command("compact")
def compact_store(
    forget: Annotated[
        list[str] | None,
        typer.Option(metavar="RUN", help="A run to remove with its traces, for good; can be repeated."),
    ] = None,
    store: Store = DEFAULT_STORE,
) -> None:
    """Drop what no run refers to and give the room back; no run may be open meanwhile."""
    import anyio

    from spanwright.cli.invocation import forget as forget_start
    from spanwright.store import compact

    done = anyio.run(compact, store, tuple(forget or ()))
    for run in forget or ():
        forget_start(store, run)
    typer.echo(f"{store}: {size(done.before)} before, {size(done.after)} now; {done.texts} unused texts were dropped")


@app.command("export")
def export_run(
    run: RunName,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="JSON lines; only you can read it.")],
    store: Store = DEFAULT_STORE,
) -> None:
    """Write all that the store knows of a run; of a damaged store all that can be read, and exits with 1."""
    from spanwright.errors import StoreError
    from spanwright.store import export

    missing = export(store, run, out)
    typer.echo(f"run {run!r} was written to {out}")
    if missing:
        complain(
            StoreError(
                f"{len(missing)} records could not be read: {'; '.join(missing[:5])}",
                "All others are in the file; `spanwright store check` says more",
            )
        )
        raise typer.Exit(ExitCode.ERROR)


def told(found: "Checkup", store: Path) -> str:
    """Return what a checkup came to, as lines."""
    lines = [
        f"{store}: schema version {found.version}, {size(found.bytes)}, of which `compact` can free {size(found.spare)}"
    ]
    lines += [f"  DAMAGED  {fault}" for fault in found.faults]
    lines += [f"  note     {note}" for note in found.notes]
    for run in found.runs:
        lost = f", {run.lost} lost in flight" if run.lost else ""
        lines.append(f"{run.name}: {run.events} events, {run.rollouts} rollouts{lost}")
        lines += [f"  DAMAGED  {fault}" for fault in run.faults]
        lines += [f"  note     {note}" for note in run.notes]
    lines.append("All is well." if found.ok else "Save what can be read: spanwright store export RUN --out FILE")
    return "\n".join(lines)


def size(count: int) -> str:
    """Return bytes in words."""
    for unit, least in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= least:
            return f"{count / least:.1f} {unit}"
    return f"{count} bytes"
