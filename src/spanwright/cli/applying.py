"""`apply`: a winner's texts into the source, or what that would change."""

from pathlib import Path

import typer

from spanwright.cli.looking import result_of
from spanwright.cli.printing import coloured, columns
from spanwright.report import Result, Screen
from spanwright.report.figures import number
from spanwright.subject import named
from spanwright.subject.rewriting import Reach, WriteBack, write_back


def apply_run(run: str, reference: str, store: Path, *, write: bool, champion: Path | None, as_json: bool) -> None:
    """Print the patch of a run's winner, and what it leaves out; write both where they are wanted."""
    result = result_of(run, store)
    named(reference)  # says what is wrong with it, and looks in the working folder from now on
    module, _, name = reference.partition(":")
    found = write_back(Reach(module=module, name=name), result.seed.texts, result.best.texts, write=write)
    left = [each.component for each in found.unwritable]
    if write and champion is not None and left:
        result.save(champion, components=left)
    if as_json:
        typer.echo(found.to_json())
        return
    if found.patches:
        Screen().print(coloured(found.diff))
    for line in _lines(found, result, champion):
        typer.echo(line, err=True)
    if found.unwritable:
        rows = [(f"  {each.component}", each.reason) for each in found.unwritable]
        where = _where(champion, write=write)
        typer.echo(f"Not written{where}:\n{columns(rows)}", err=True)


def _lines(found: WriteBack, result: Result, champion: Path | None) -> list[str]:
    count, files = number(len(found.components), "text"), ", ".join(str(patch.path) for patch in found.patches)
    if result.best == result.seed:
        said = "Nothing to write: the seed is the best."
    elif not found.patches:
        said = "Nothing to write: the source has these texts." if found.already else "Nothing can be written."
    elif found.written:
        said = f"Wrote {count} to {files}."
    else:
        said = f"Would write {count} to {files}: say --write."
    return [said, *found.remarks]


def _where(champion: Path | None, *, write: bool) -> str:
    if champion is None:
        return ", say --champion FILE to keep it in a champion file"
    return f", so {'it is in' if write else 'it would go to'} {champion}"
