"""The commands that make eval cases of production traces: import them, and pick what failed."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

import anyio
import typer

from spanwright.cli.exits import ExitCode
from spanwright.core.trace import Span
from spanwright.errors import MalformedOtlp, UsageError
from spanwright.mining import Archive, Imported, archive_of, harvest, import_files, import_spans
from spanwright.mining.pages import write_dataset, write_page
from spanwright.telemetry import folded, read_spans
from spanwright.telemetry.importing import from_mlflow, from_phoenix
from spanwright.telemetry.redaction import Redactor


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where traces come from."""

    files: Sequence[Path] = ()
    phoenix: str | None = None
    """The address of a Phoenix server."""
    project: str | None = None
    mlflow: str | None = None
    """The address of an MLflow server."""
    experiment: str | None = None
    since: datetime | None = None
    """Of servers, traces that began before are left out."""

    def check(self) -> None:
        """Raise UsageError for what names no source, or says something about none."""
        if not self.files and self.phoenix is None and self.mlflow is None:
            raise UsageError("nothing to import from was named", "Give files, --from-phoenix URL or --from-mlflow URL")
        if self.project is not None and self.phoenix is None:
            raise UsageError("--project names a project of no server", "Give --from-phoenix URL, too")
        if self.experiment is not None and self.mlflow is None:
            raise UsageError("--experiment names an experiment of no server", "Give --from-mlflow URL, too")
        if self.since is not None and self.phoenix is None and self.mlflow is None:
            raise UsageError("--since is for servers", "Leave it out: of files only what is new is read")

    def servers(self) -> Iterator[AsyncGenerator[Span, None]]:
        """Yield what each server has."""
        if self.phoenix is not None:
            yield from_phoenix(self.phoenix, self.project, since=self.since)
        if self.mlflow is not None:
            yield from_mlflow(self.mlflow, self.experiment, since=self.since)


def take_in(sources: Sources, store: Path, *, redactor: Redactor | None) -> int:
    """Import traces beside a store; the number that is returned is the exit code. Raises StoreError, UsageError."""
    sources.check()
    path = archive_of(store)
    with Archive(path, redactor) as archive:
        unread = [line for server in sources.servers() if (line := anyio.run(partial(_fetched, server, archive)))]
        done = import_files(sources.files, archive)
    done = replace(done, unread=(*unread, *done.unread))
    typer.echo(_told(done, path, redacted=redactor is not None))
    for line in (*done.unread, *done.diagnoses):
        typer.echo(line, err=True)
    return ExitCode.ERROR if done.unread else ExitCode.BETTER


async def _fetched(server: AsyncGenerator[Span, None], archive: Archive) -> str:
    """Import what a server has, and return why not all of it came; empty where it did."""
    async with aclosing(server):
        try:
            await import_spans(server, archive)
        except (UsageError, MalformedOtlp) as error:
            return str(error)
    return ""


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
    if not found.cases:
        typer.echo("No cases: nothing that failed tells its input.")
        return
    unknown = sum(mined.wanted is None for mined in found.cases)
    fill = f"; of {unknown} no expected output is known: add it there" if unknown else ""
    typer.echo(f"{len(found.cases)} cases: {out}{fill}")


def _told(done: Imported, path: Path, *, redacted: bool) -> str:
    repeated = f", {done.repeated} were there already" if done.repeated else ""
    kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(done.redacted.items()))
    safe = f"Redacted: {kinds or 'nothing was found'}." if redacted else "NOT redacted, as you wished."
    late = f" {done.judgements} new evaluations of those were added." if done.judgements else ""
    return f"{done.spans} spans of {done.traces} traces went into {path}{repeated}.{late}\n{safe}"
