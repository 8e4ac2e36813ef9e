"""`champion`: where a champion file comes from, and whether it still fits an agent."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import anyio
import typer
from pydantic import TypeAdapter

from spanwright.cli.exits import ExitCode
from spanwright.cli.printing import columns
from spanwright.core.candidate import Component
from spanwright.report.figures import number
from spanwright.subject import Champion, Measured, Misfit, discover, misfits, named, read_champion, texts_in_code
from spanwright.subject.rewriting import agents_in


def examine(file: Path, reference: str | None, *, as_json: bool) -> ExitCode:
    """Print what a champion file says of itself, and its misfits; return how that ends."""
    champion = read_champion(file)
    found = () if reference is None else misfits(champion, anyio.run(_components, reference))
    if as_json:
        typer.echo(_record(champion, found))
    else:
        for line in _lines(champion, found, reference):
            typer.echo(line)
    return ExitCode.ERROR if found else ExitCode.BETTER


async def _components(reference: str) -> Sequence[Component]:
    agents = agents_in(named(reference))
    found = [component for agent in agents for component in await discover(agent)]
    return [*found, *texts_in_code([agent.name or "" for agent in agents])]


def _lines(champion: Champion, found: Sequence[Misfit], reference: str | None) -> Iterator[str]:
    yield f"Champion of run {champion.run or '(not said)'}, {number(len(champion.texts), 'text')}: {champion.summary}"
    if champion.measured is not None:
        yield f"  measured    {_told(champion.measured)}"
    if reference is not None and not found:
        yield f"  fit         it fits {reference}"
    if found:
        yield f"  fit         it does not fit {reference} any more:"
        yield columns([(f"    {each.component}", each.said) for each in found])


def _told(measured: Measured) -> str:
    around = "" if measured.low is None or measured.high is None else f" [{measured.low:+.2f}, {measured.high:+.2f}]"
    scores = f"{measured.seed:.2f} -> {measured.winner:.2f}, difference {measured.difference:+.2f}{around}"
    return f"{scores}, on {measured.cases} {measured.on} cases"


def _record(champion: Champion, found: Sequence[Misfit]) -> str:
    record = {
        "run": champion.run,
        "summary": champion.summary,
        "measured": TypeAdapter(Measured | None).dump_python(champion.measured, mode="json"),
        "components": sorted(champion.texts),
        "misfits": [{"component": each.component, "said": each.said} for each in found],
    }
    return json.dumps(record, ensure_ascii=False)
