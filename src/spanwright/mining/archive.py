"""A file of imported spans, one a (trace, span): OTLP/JSON lines, which every command that reads spans can read.

Redaction happens in `add`, so that nothing can get into the file around it. The file itself says what it holds: after
a crash the next import reads it and goes on.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

from spanwright.core.trace import Attribute, Span
from spanwright.errors import StoreError
from spanwright.telemetry.names import EVALUATION
from spanwright.telemetry.otlp import LoggedEvent, encode_json, encode_logs_json
from spanwright.telemetry.redaction import Redactor
from spanwright.telemetry.redaction.redactor import PLACEHOLDER
from spanwright.telemetry.span_files import read_lines

Key: TypeAlias = tuple[str, str]


def archive_of(store: Path) -> Path:
    """Return the file of imported traces that belongs to a store: `store.traces.jsonl` of `store.sqlite`."""
    return store.with_suffix(".traces.jsonl")


class Archive:
    """Appends to the file of imported traces. One process at a time; only its owner can read the file."""

    def __init__(self, path: Path, redactor: Redactor | None) -> None:
        self.path = path
        self.spans = 0
        """Spans that were written."""
        self.repeated = 0
        """Spans that were there already."""
        self.judgements = 0
        """Evaluations that were written of spans that were there already."""
        self.traces: set[str] = set()
        """The traces of the spans that were written."""
        self._redactor = redactor
        self._known: set[Key] = set()
        self._events: set[bytes] = set()
        self._handle = -1

    def __enter__(self) -> Self:
        """Open the file and read what it holds. Raises StoreError."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._read()
        except BlockingIOError as error:
            self._close()
            raise StoreError(f"{self.path} is being written by another import", "Wait for its end") from error
        except OSError as error:
            self._close()
            raise StoreError(
                f"{self.path} cannot be opened: {error.strerror}", "Check that it is a file that you may read and write"
            ) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()

    @property
    def redacted(self) -> Mapping[str, int]:
        """Different values that were replaced, by kind."""
        return self._redactor.counted if self._redactor else {}

    def add(self, spans: Sequence[Span], events: Sequence[LoggedEvent] = ()) -> int:
        """Write what is not there yet, redacted, and return how many spans that were. Raises StoreError.

        Of a span that is there already, evaluations that are not are written: people judge late.
        """
        new = {key: span for span in spans if (key := (span.trace_id, span.span_id)) not in self._known}
        late = [event for span in spans if (span.trace_id, span.span_id) in self._known for event in _judgements(span)]
        told, said = tuple(new.values()), (*events, *late)
        if self._redactor is not None:
            told, said = self._redactor.spans(told), self._redactor.events(said)
            self._redactor.forget_texts()
        borne = {_mark(event) for span in told for event in _judgements(span)}
        fresh = {mark: event for event in said if (mark := _mark(event)) not in self._events | borne}
        self._append((encode_json(told) if told else b"") + (encode_logs_json(fresh.values()) if fresh else b""))
        self._known.update(new)
        self._events.update(fresh, borne)
        self.judgements += len(fresh.keys() & {_mark(event) for event in said[len(events) :]})
        self.traces.update(trace for trace, _ in new)
        self.spans += len(new)
        self.repeated += len(spans) - len(new)
        return len(new)

    def _read(self) -> None:
        """Learn what the file holds, and let the next line begin at a line's start."""
        line = b""
        with self.path.open("rb") as file:
            for line in file:
                records = read_lines(line)
                self._known.update((span.trace_id, span.span_id) for span in records.spans)
                borne = (event for span in records.spans for event in _judgements(span))
                self._events.update(_mark(event) for event in (*records.events, *borne))
                self._reserve(records.spans, records.events)
        if line and not line.endswith(b"\n"):  # a crash broke it off; the import that was cut short comes again
            os.write(self._handle, b"\n")

    def _reserve(self, spans: Iterable[Span], events: Iterable[LoggedEvent]) -> None:
        if self._redactor is None:
            return
        for span in spans:
            self._redactor.reserve(repr(span), span.trace_id)
        for event in events:
            self._redactor.reserve(repr(event), event.trace_id)

    def _append(self, lines: bytes) -> None:
        try:
            rest = memoryview(lines)
            while rest:
                rest = rest[os.write(self._handle, rest) :]
            os.fsync(self._handle)
        except OSError as error:
            raise StoreError.of_writing(self.path, error) from error

    def _close(self) -> None:
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)


def _judgements(span: Span) -> Iterator[LoggedEvent]:
    """Yield the evaluations that a span bears, as those that come by themselves."""
    for event in span.events:
        if event.name == EVALUATION:
            yield LoggedEvent(
                name=event.name,
                trace_id=span.trace_id,
                span_id=span.span_id,
                time=event.time,
                attributes=event.attributes,
            )


def _mark(event: LoggedEvent) -> bytes:
    """Return by what a second delivery of an event is known, however its placeholders are numbered."""
    said: list[tuple[str, Attribute]] = sorted(event.attributes.items(), key=lambda pair: pair[0])
    whole = (event.trace_id, event.span_id, event.name, event.time, said)
    return sha256(PLACEHOLDER.sub(r"<\1>", repr(whole)).encode("utf-8", "replace")).digest()
