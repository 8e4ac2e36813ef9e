"""The commands that make eval cases of production traces: import them, and pick what failed."""

from collections.abc import Sequence
from pathlib import Path

import typer

from spanwright.cli.exits import ExitCode
from spanwright.errors import UsageError
from spanwright.mining import Archive, Imported, archive_of, harvest, import_files
from spanwright.mining.pages import write_dataset, write_page
from spanwright.telemetry import folded, read_spans
from spanwright.telemetry.redaction import Redactor


def take_in(files: Sequence[Path], store: Path, *, redactor: Redactor | None) -> int:
    """Import files beside a store; the number that is returned is the exit code. Raises StoreError."""
    path = archive_of(store)
    with Archive(path, redactor) as archive:
        done = import_files(files, archive)
    typer.echo(_told(done, path, redacted=redactor is not None))
    for line in (*done.unread, *done.diagnoses):
        typer.echo(line, err=True)
    return ExitCode.ERROR if done.unread else ExitCode.BETTER


def mine(store: Path, out: Path, page: Path, *, most: int, low: float, alike: float) -> None:
    """Write cases and clusters of what failed among the imported traces. Raises UsageError where none were."""
    path = archive_of(store)
    if not path.exists():
        raise UsageError(f"there are no imported traces in {path}", "Import some: spanwright traces import FILE")
    found = harvest(folded(read_spans(path).spans), most=most, low=low, alike=alike)
    write_page(found, page)
    if found.cases:
        write_dataset(found, out)
    typer.echo(f"{found.failed} of {found.traces} traces failed, in {len(found.clusters)} ways: {page}")
    typer.echo(f"{len(found.cases)} cases: {out}" if found.cases else "No cases: nothing that failed tells its input.")


def _told(done: Imported, path: Path, *, redacted: bool) -> str:
    repeated = f", {done.repeated} were there already" if done.repeated else ""
    kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(done.redacted.items()))
    safe = f"Redacted: {kinds or 'nothing was found'}." if redacted else "NOT redacted, as you wished."
    return f"{done.spans} spans of {done.traces} traces went into {path}{repeated}.\n{safe}"
