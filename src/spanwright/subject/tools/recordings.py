"""The file of calls and what they came to: JSON lines, appended, readable by their owner alone.

Calls are known by agent, tool, arguments and case, and equal ones of one try by their order. Where a redactor is at
work the arguments are kept redacted, with a digest by which equal ones are known; results are what the redactor leaves,
and calls with a placeholder from an earlier result are known, too.
"""

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias, cast

from pydantic import TypeAdapter, ValidationError

from spanwright.core.protocols import TraceRedactor
from spanwright.errors import StoreError, UsageError
from spanwright.subject.tools.calls import Digest, RehearsedCall, canonical, digest_of
from spanwright.subject.tools.outcomes import Outcome

SCHEMA = "spanwright.tool-call/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A line: one call and what it came to."""

    schema: str = SCHEMA
    agent: str
    tool: str
    case: str = ""
    arguments: Mapping[str, object]
    outcome: Outcome
    take: str = ""
    """The try in which it was recorded."""
    place: int = 0
    """How many equal calls came before it in that try."""
    digest: Digest = ""
    """Of the arguments in clear, where they are kept redacted."""


_RECORDED: TypeAdapter[Recorded] = TypeAdapter(Recorded)
_Key: TypeAlias = tuple[str, str, str, Digest]


@dataclass(slots=True)
class Sequences:
    """What is replayed, by call: the longest sequence that one try recorded, the first of several as long."""

    of: dict[_Key, Sequence[Outcome]] = field(default_factory=dict[_Key, Sequence[Outcome]])

    @classmethod
    def read(cls, recorded: Iterable[Recorded]) -> "Sequences":
        """Return the sequences in what was recorded."""
        takes: defaultdict[_Key, defaultdict[str, dict[int, Outcome]]] = defaultdict(lambda: defaultdict(dict))
        for each in recorded:
            for digest in {digest_of(each.arguments), each.digest or digest_of(each.arguments)}:
                takes[each.agent, each.tool, each.case, digest][each.take][each.place] = each.outcome
        return cls({key: max((_unbroken(take) for take in of.values()), key=len) for key, of in takes.items()})

    def outcome(self, call: RehearsedCall, place: int) -> Outcome | None:
        """Return what the call came to that came after `place` equal ones; None where that was not recorded.

        What was recorded outside of a case holds for all. One that always came to the same is repeated beyond that.
        """
        for case in dict.fromkeys((call.case, "")):
            sequence = self.of.get((call.agent, call.tool, case, call.digest)) or ()
            if place < len(sequence):
                return sequence[place]
            if sequence and all(each == sequence[0] for each in sequence):
                return sequence[0]
        return None


def _unbroken(take: Mapping[int, Outcome]) -> Sequence[Outcome]:
    """Return a try's outcomes in order, up to the first that is missing, as one that the world failed is."""
    return [take[place] for place in range(len(take)) if all(before in take for before in range(place))]


class Recordings:
    """A file of recorded calls, written to and read from by one process."""

    def __init__(self, path: Path, redactor: TraceRedactor | None = None) -> None:
        self.path = path
        self._redactor = redactor
        self._sequences: Sequences | None = None

    def add(self, call: RehearsedCall, outcome: Outcome, *, take: str, place: int) -> None:
        """Append what a call came to. Raises StoreError where the file cannot be written."""
        line = Recorded(
            agent=call.agent,
            tool=call.tool,
            case=call.case,
            arguments=call.arguments,
            outcome=outcome,
            take=take,
            place=place,
        )
        if self._redactor is not None:
            line = _redacted(line, self._redactor)
        _append(self.path, _RECORDED.dump_json(line) + b"\n")

    @property
    def sequences(self) -> Sequences:
        """What can be replayed; read once. Raises UsageError where the file is missing or malformed."""
        if self._sequences is None:
            self._sequences = Sequences.read(_read(self.path))
        return self._sequences


def _redacted(line: Recorded, redactor: TraceRedactor) -> Recorded:
    """Return a line without what should not be kept; placeholders count within its try."""
    arguments = cast("Mapping[str, object]", json.loads(redactor.text(canonical(line.arguments), line.take)))
    value = cast("object", json.loads(redactor.text(json.dumps(line.outcome.value, ensure_ascii=False), line.take)))
    return Recorded(
        agent=line.agent,
        tool=line.tool,
        case=line.case,
        arguments=arguments,
        outcome=Outcome(came=line.outcome.came, value=value),
        take=line.take,
        place=line.place,
        digest=digest_of(line.arguments),
    )


def _append(path: Path, line: bytes) -> None:
    """Append a line in one write: several processes may do it at the same time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            os.fchmod(handle, 0o600)
            os.write(handle, line)
        finally:
            os.close(handle)
    except OSError as error:
        raise StoreError.of_writing(f"the recordings {path}", error) from error


def _read(path: Path) -> Iterable[Recorded]:
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError as error:
        raise UsageError(f"there are no recordings at {path}", f"Record calls first: {HOW_TO_RECORD}") from error
    except OSError as error:
        raise UsageError(f"the recordings {path} cannot be read: {error.strerror}", "Check the path") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            recorded = _RECORDED.validate_json(line)
        except ValidationError as error:
            what = f"line {number} of {path} is no recorded call: {error.errors()[0]['msg']}"
            raise UsageError(what, "Take the line out, or record anew") from error
        if recorded.schema != SCHEMA:
            what = f"line {number} of {path} has the schema {recorded.schema!r}, this version reads {SCHEMA!r}"
            raise UsageError(what, "Use the version that wrote it")
        yield recorded


HOW_TO_RECORD = 'Tools("live", recordings=...) where calling the tools is safe'
