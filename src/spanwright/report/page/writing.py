"""Writes the page of a run where it was asked for: whole or not at all, and readable by its owner alone.

A report holds prompts, answers and tool results, which may be anybody's secrets: so it is never wider open than 0600.
"""

import gzip
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from spanwright.core.annotation import Annotation
from spanwright.errors import StoreError, UsageError
from spanwright.report.page.document import static_document
from spanwright.report.page.model import Page
from spanwright.report.page.packing import packed
from spanwright.report.page.paging import Surroundings, page_from
from spanwright.report.page.traces import TRACE, trace_page
from spanwright.store import Reader, Status

MOST_BYTES = 24_000_000
"""Of traces that are put into a file; compressed a rollout takes a few thousand."""


def page_of_run(reader: Reader, run: str, *, command: str = "", store: str = "") -> Page:
    """Return the page of a stored run. Raises UsageError where there is none."""
    running = any(each.name == run and each.status is Status.RUNNING for each in reader.runs())
    annotations: tuple[Annotation, ...] = tuple(reader.annotations(run))
    around = Surroundings(running=running, command=command, store=store, annotations=annotations)
    return page_from(reader.events(run), around)


def html_of(reader: Reader, page: Page, most_bytes: int = MOST_BYTES) -> str:
    """Return the page as a document that holds everything, with as many traces as fit."""
    numbers = list(_by_interest(page))
    traces: dict[int, bytes] = {}
    room = most_bytes
    for number, body in _packed(reader, page.head.run, numbers):
        room -= len(body)
        if room < 0:
            break
        traces[number] = body
    title = f"{page.head.run} · Spanwright"
    return static_document(title, packed(page), traces, left_out=len(numbers) - len(traces)).html


def write_private(path: Path, text: str) -> None:
    """Put a text in place of the file `path`, at once and for its owner alone. Raises UsageError, StoreError."""
    folder = path.parent
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}", "Make it, or name another place with --output")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=folder)  # 0600 from its first moment
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="replace", newline="") as file:
                file.write(text)
            Path(name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise StoreError.of_writing(path, error) from error


def _packed(reader: Reader, run: str, numbers: Iterable[int]) -> Iterator[tuple[int, bytes]]:
    for number in numbers:
        try:
            observed = reader.trace(run, number)
        except UsageError:  # lost between two commits: its event is there, its evidence is not
            continue
        yield number, gzip.compress(TRACE.dump_json(trace_page(observed)), 6, mtime=0)


def _by_interest(page: Page) -> Iterator[int]:
    """Yield the rollouts, those first that a reader will ask for: annotated, of winner and seed, failed, the rest."""
    tries = page.tries
    winner = next(place for place, node in enumerate(page.candidates) if node.id == page.head.best)
    annotated = {each.rollout for each in page.annotations}
    failed = {number for trouble in page.troubles for number in trouble.rollouts}
    weights: Mapping[int, int] = {winner: 1, 0: 2}

    def weight(place: int) -> tuple[int, int]:
        number = tries.number[place]
        first = 0 if number in annotated else 3 if number in failed else 4
        return (min(first, weights.get(tries.candidate[place], 4)), -number)

    yield from (tries.number[place] for place in sorted(range(len(tries.number)), key=weight))
