"""Files of OTLP, read in batches into the archive, each from where the last import of it ended.

A file is known by its first line, so a log that was rotated or compressed meanwhile is not read again. The cursor only
saves time: what was imported is known by (trace, span), with or without it.
"""

import os
from collections.abc import AsyncIterable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json

from spanwright.core.trace import Span
from spanwright.errors import StoreError, UsageError
from spanwright.mining.archive import Archive
from spanwright.telemetry.compressed import opened
from spanwright.telemetry.span_files import read_lines, read_spans, shortened

_BATCH = 8 * 2**20
_LONGEST = 2**28
_CHUNK = 2**20
_SPANS = 1_000
"""Spans of a backend that are written together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did."""

    spans: int
    traces: int
    repeated: int
    """Spans that were there already."""
    judgements: int
    """Evaluations that were new of spans that were there already."""
    unread: tuple[str, ...]
    """Files that could not be read to their end, and why."""
    diagnoses: tuple[str, ...]
    """Lines that could not be read."""
    redacted: dict[str, int] = field(default_factory=dict[str, int])
    """Different values that were replaced, by kind."""


class _Mark(BaseModel):
    """How far a file was read."""

    model_config = ConfigDict(frozen=True)

    bytes: int
    lines: int
    digest: str
    """Of those bytes: a file that begins alike and goes on otherwise is read from its start."""


class _Marks(BaseModel):
    """The cursor file."""

    files: dict[str, _Mark] = {}
    """By the digest of a file's first line."""


class _Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


def import_files(paths: Iterable[Path], archive: Archive) -> Imported:
    """Read files into an archive that is open. What cannot be read is told in the result. Raises StoreError."""
    cursor = _Cursor(archive.path.with_suffix(".cursor.json"))
    unread, faults = list[str](), list[str]()
    for path in paths:
        try:
            faults.extend(f"{path.name}: {fault}" for fault in _import(path, archive, cursor))
        except UsageError as error:
            unread.append(str(error))
    return Imported(
        spans=archive.spans,
        traces=len(archive.traces),
        repeated=archive.repeated,
        judgements=archive.judgements,
        unread=tuple(unread),
        diagnoses=tuple(shortened(faults)),
        redacted=dict(archive.redacted),
    )


async def import_spans(spans: AsyncIterable[Span], archive: Archive) -> None:
    """Read what a backend yields into an archive that is open. Raises StoreError, and what the backend's reader does.

    What came before an error stays; what is there already is not taken again.
    """
    batch = list[Span]()
    try:
        async for span in spans:
            batch.append(span)
            if len(batch) == _SPANS:
                archive.add(batch)
                batch = []
    finally:
        archive.add(batch)


def _import(path: Path, archive: Archive, cursor: "_Cursor") -> Iterator[str]:
    with opened(path) as file:
        first = file.readline(_LONGEST)
        file.seek(0)
        if _is_line(first):
            yield from _import_lines(sha256(first.rstrip(b"\r\n")).hexdigest(), file, archive, cursor)
            return
    if first:
        whole = read_spans(path)
        archive.add(whole.spans)
        yield from whole.diagnoses


def _is_line(first: bytes) -> bool:
    try:
        return isinstance(from_json(first), dict)
    except ValueError:
        return False


def _import_lines(name: str, file: IO[bytes], archive: Archive, cursor: "_Cursor") -> Iterator[str]:
    digest, known = sha256(), cursor.of(name)
    size, lines = (known.bytes, known.lines) if known else (0, 0)
    if known is not None and not _passed(file, known, digest):
        file.seek(0)  # it begins like a file that was read and is another one
        digest, size, lines = sha256(), 0, 0
    while batch := _batch(file):
        records = read_lines(batch, first=lines + 1)
        archive.add(records.spans, records.events)
        yield from records.faults
        if not batch.endswith(b"\n"):  # its writer may not be done with the last line
            return
        digest.update(batch)
        size, lines = size + len(batch), lines + batch.count(b"\n")
        cursor.move(name, _Mark(bytes=size, lines=lines, digest=digest.hexdigest()))


def _passed(file: IO[bytes], known: _Mark, digest: _Digest) -> bool:
    """Pass over what was imported, and say whether it was that."""
    left = known.bytes
    while left > 0 and (chunk := file.read(min(left, _CHUNK))):
        digest.update(chunk)
        left -= len(chunk)
    return not left and digest.hexdigest() == known.digest


def _batch(file: IO[bytes]) -> bytes:
    """Return the next lines, some megabytes of them, whole; nothing at the end of the file."""
    lines, size = list[bytes](), 0
    while size < _BATCH and (line := file.readline(_LONGEST)):
        lines.append(line)
        size += len(line)
    return b"".join(lines)


class _Cursor:
    """How far each file was read, in a file beside the archive."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._marks = _Marks.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            self._marks = _Marks()  # lost or broken it costs time, and nothing else

    def of(self, name: str) -> _Mark | None:
        return self._marks.files.get(name)

    def move(self, name: str, mark: _Mark) -> None:
        self._marks = _Marks(files={**self._marks.files, name: mark})
        beside = self._path.with_suffix(".part")
        try:
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(self._marks.model_dump_json())
            beside.replace(self._path)
        except OSError as error:
            raise StoreError.of_writing(self._path, error) from error
