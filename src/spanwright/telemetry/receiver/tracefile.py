"""Received spans as OTLP/JSON lines in a file that is rotated, for other programs and for the `traces` commands.

Evaluations and other events go to a file beside it: `spans.jsonl` has its `spans.events.jsonl`.
"""

import os
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

from spanwright.core.trace import Span
from spanwright.errors import StoreError
from spanwright.telemetry.names import PREFIX
from spanwright.telemetry.otlp import encode_json, encode_logs_json
from spanwright.telemetry.sink import LoggedEvent, Receipt

_REMEMBERED = 100_000
"""The spans and traces by which a second delivery is known."""
_NOT_OURS = (
    "the trace is of no rollout: no span of it carries spanwright.rollout. "
    "Copy the baggage to your spans, or start the receiver with --any-trace"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """When a file is put aside, and how many are kept beside the current one."""

    bytes: int = 64 * 2**20
    files: int = 15


class TraceFile:
    """A Sink that appends to a file: of any traces, or of those alone that Spanwright's baggage marks as rollouts'."""

    def __init__(self, path: Path, *, any_trace: bool = False, rotation: Rotation | None = None) -> None:
        self.busy = ""
        self.spans = 0
        self.traces = 0
        self._any_trace = any_trace
        self._seen = _Lately(_REMEMBERED)
        self._known = _Lately(_REMEMBERED)
        self._lines = _Lines(path, rotation or Rotation())
        self._events = _Lines(path.with_suffix(f".events{path.suffix}"), rotation or Rotation())

    def __enter__(self) -> Self:
        """Open the file, which is made if need be. Raises StoreError."""
        self._lines.append(b"")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the files."""
        self._lines.close()
        self._events.close()

    def take_spans(self, spans: Sequence[Span]) -> Receipt:
        """Write spans that were not written lately. Raises StoreError where that cannot be done; then none is."""
        ours = {span.trace_id for span in spans if self._any_trace or f"{PREFIX}rollout" in span.attributes}
        known = [span for span in spans if span.trace_id in ours or span.trace_id in self._known]
        new = {key: span for span in known if (key := (span.trace_id, span.span_id)) not in self._seen}
        if new:
            self._lines.append(encode_json(new.values()))
        for key, span in new.items():
            self._seen.note(key)
            self.traces += self._known.note(span.trace_id)
        self.spans += len(new)
        rejected = len(spans) - len(known)
        return Receipt(rejected=rejected, reason=_NOT_OURS if rejected else "")

    def take_events(self, events: Sequence[LoggedEvent]) -> Receipt:
        """Write events of traces that are written. Raises StoreError where that cannot be done."""
        known = [event for event in events if self._any_trace or event.trace_id in self._known]
        if known:
            self._events.append(encode_logs_json(known))
        rejected = len(events) - len(known)
        return Receipt(rejected=rejected, reason=_NOT_OURS if rejected else "")


class _Lately:
    """What was noted last, up to a number."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._noted: OrderedDict[Hashable, None] = OrderedDict()

    def __contains__(self, thing: Hashable) -> bool:
        return thing in self._noted

    def note(self, thing: Hashable) -> bool:
        """Remember a thing; True when it is new."""
        new = thing not in self._noted
        self._noted[thing] = None
        self._noted.move_to_end(thing)
        if len(self._noted) > self._most:
            self._noted.popitem(last=False)
        return new


class _Lines:
    """A file of lines, readable by its owner alone, that is put aside when it is long: `spans.1.jsonl` is the last."""

    def __init__(self, path: Path, rotation: Rotation) -> None:
        self._path = path
        self._rotation = rotation
        self._file: FileIO | None = None

    def append(self, line: bytes) -> None:
        """Write a line, whole or not at all as far as the disk allows. Raises StoreError."""
        try:
            file = self._opened()
            if file.tell() and file.tell() + len(line) > self._rotation.bytes:
                self._rotate()
                file = self._opened()
            rest = memoryview(line)
            while rest:
                rest = rest[file.write(rest) :]
        except OSError as error:
            self.close()
            raise StoreError.of_writing(self._path, error) from error

    def close(self) -> None:
        """Close the file; the next line opens it again."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _opened(self) -> FileIO:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            self._file = FileIO(handle, "a+b")  # without a buffer, which a full disk would leave full
            end = self._file.seek(0, os.SEEK_END)
            if end and os.pread(handle, 1, end - 1) != b"\n":  # a crash broke a line off: the next one is not its rest
                self._file.write(b"\n")
        return self._file

    def _rotate(self) -> None:
        self.close()
        aside = [self._aside(number) for number in range(1, self._rotation.files + 1)]
        for path, older in reversed(list(zip([self._path, *aside], aside, strict=False))):
            if path.exists():
                path.replace(older)

    def _aside(self, number: int) -> Path:
        return self._path.with_suffix(f".{number}{self._path.suffix}")
