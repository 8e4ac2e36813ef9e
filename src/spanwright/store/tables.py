"""The rows of a run: what is written through the writer's connection, and the forms in which evidence is kept.

Bulky texts (messages, instructions, tools, outputs, prompts, answers) go to the blobs; rows hold their hashes.
"""

import sqlite3
import zlib
from dataclasses import dataclass

from pydantic import ConfigDict, TypeAdapter

from spanwright.core.annotation import Annotation
from spanwright.core.events import EVENT, Event
from spanwright.core.proposal import Proposal, Reflection, Refusal
from spanwright.core.rollout import Observed, Rollout
from spanwright.core.usage import Usage
from spanwright.errors import StoreError
from spanwright.store.blobs import Blobs
from spanwright.store.codec import decode, encode
from spanwright.store.folding import Folded, as_bytes, as_text, fold, unfold
from spanwright.store.summary import time_of


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """An event as it is written."""

    kind: str
    at: float
    json: str
    crc: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRollout:
    """The evidence of a rollout as it is written."""

    rollout: Rollout
    trace: Folded
    output: str
    """The hash of the output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptReflection:
    """A reflection as it is written; prompt and answer are hashes."""

    result: Proposal | Refusal
    usage: Usage
    prompt: str
    answer: str


# The default writes an infinite figure as null, which cannot be read. Tuples of one, because pydantic hands a config
# down to unions only from what is no dataclass itself.
LOSSLESS = ConfigDict(ser_json_inf_nan="constants")
ROLLOUT = TypeAdapter(tuple[KeptRollout], config=LOSSLESS)
REFLECTION = TypeAdapter(tuple[KeptReflection], config=LOSSLESS)


def row_of(event: Event) -> EventRow:
    """Return the row of an event."""
    raw = encode(EVENT, event)
    return EventRow(kind=event.kind, at=time_of(event), json=raw.decode(), crc=zlib.crc32(raw))


def event_of(seq: int, json: str, crc: int | None) -> Event:
    """Return the event of a row. Raises StoreError where the row is not what was written."""
    return decode(EVENT, genuine(json, crc, f"event {seq}"))


def genuine(json: str, crc: int | None, what: str) -> bytes:
    """Return what was written. Raises StoreError where its checksum says that it was changed since."""
    raw = json.encode()
    if crc is not None and zlib.crc32(raw) != crc:  # files of version 1 have no checksums
        raise StoreError(f"the store is damaged: {what} is not what was written", "Restore it from a copy")
    return raw


class Tables:
    """Writes the rows of one run. Only the thread that owns the connection calls it."""

    def __init__(self, connection: sqlite3.Connection, run: int) -> None:
        self._connection = connection
        self._run = run
        self._blobs = Blobs(connection)

    def add_event(self, seq: int, row: EventRow) -> None:
        self._connection.execute(
            "INSERT INTO events (run, seq, kind, at, json, crc) VALUES (?, ?, ?, ?, ?, ?)",
            (self._run, seq, row.kind, row.at, row.json, row.crc),
        )

    def add_rollout(self, observed: Observed) -> None:
        folded, bodies = fold(observed.trace)
        for key, body in bodies.items():
            self._blobs.put_hashed(key, body)
        output = self._blobs.put(as_bytes(observed.output))
        kept = KeptRollout(rollout=observed.rollout, trace=folded, output=output)
        self._connection.execute(
            "INSERT OR REPLACE INTO rollouts (run, number, body) VALUES (?, ?, ?)",
            (self._run, observed.rollout.number, zlib.compress(encode(ROLLOUT, (kept,)))),
        )

    def add_reflection(self, attempt: int, reflection: Reflection) -> None:
        kept = KeptReflection(
            result=reflection.result,
            usage=reflection.usage,
            prompt=self._blobs.put(as_bytes(reflection.prompt)),
            answer=self._blobs.put(as_bytes(reflection.answer)),
        )
        raw = encode(REFLECTION, (kept,))
        self._connection.execute(
            "INSERT OR REPLACE INTO reflections (run, attempt, json, crc) VALUES (?, ?, ?, ?)",
            (self._run, attempt, raw.decode(), zlib.crc32(raw)),
        )


def add_annotation(connection: sqlite3.Connection, run: int, annotation: Annotation) -> None:
    """Write an annotation. Unlike all else it comes from other processes than the run's own."""
    connection.execute(
        "INSERT INTO annotations (run, rollout, at, text) VALUES (?, ?, ?, ?)",
        (run, annotation.rollout, annotation.at, annotation.text.encode("utf-8", "replace").decode()),
    )


def find_annotations(connection: sqlite3.Connection, run: int) -> tuple[Annotation, ...]:
    """Return the annotations of a run, the oldest first."""
    rows = connection.execute("SELECT rollout, text, at FROM annotations WHERE run = ? ORDER BY id", (run,))
    return tuple(Annotation(rollout=rollout, text=text, at=at) for rollout, text, at in rows)


def has_ended(connection: sqlite3.Connection, run: int, rollout: int) -> bool:
    """Say whether the evidence of a rollout was kept."""
    asked = "SELECT 1 FROM rollouts WHERE run = ? AND number = ?"
    return connection.execute(asked, (run, rollout)).fetchone() is not None


def enrol(connection: sqlite3.Connection, name: str) -> tuple[int, int]:
    """Return the id of a run, which is new or known, and the number of its last event."""
    connection.execute("INSERT OR IGNORE INTO runs (name) VALUES (?)", (name,))
    run: int = connection.execute("SELECT id FROM runs WHERE name = ?", (name,)).fetchone()[0]
    last: int | None = connection.execute("SELECT max(seq) FROM events WHERE run = ?", (run,)).fetchone()[0]
    return run, last or 0


def kept_rollout(body: bytes) -> KeptRollout:
    """Return the evidence of a row, whose texts are still hashes."""
    (kept,) = decode(ROLLOUT, zlib.decompress(body))
    return kept


def kept_reflection(attempt: int, json: str, crc: int | None) -> KeptReflection:
    """Return the reflection of a row, whose texts are still hashes."""
    (kept,) = decode(REFLECTION, genuine(json, crc, f"the reflection of attempt {attempt}"))
    return kept


def find_rollout(connection: sqlite3.Connection, run: int, number: int) -> Observed | None:
    """Return the evidence of a rollout, or None where none was kept."""
    asked = "SELECT body FROM rollouts WHERE run = ? AND number = ?"
    row = connection.execute(asked, (run, number)).fetchone()
    if row is None:
        return None
    kept = kept_rollout(row[0])
    blobs = Blobs(connection)
    trace = unfold(kept.trace, {key: blobs.get(key) for key in kept.trace.texts})
    return Observed(rollout=kept.rollout, trace=trace, output=as_text(blobs.get(kept.output)))


def find_reflection(connection: sqlite3.Connection, run: int, attempt: int) -> Reflection | None:
    """Return the reflection of an attempt, or None where none was kept."""
    asked = "SELECT json, crc FROM reflections WHERE run = ? AND attempt = ?"
    row = connection.execute(asked, (run, attempt)).fetchone()
    if row is None:
        return None
    kept = kept_reflection(attempt, *row)
    blobs = Blobs(connection)
    prompt, answer = (as_text(blobs.get(key)) for key in (kept.prompt, kept.answer))
    return Reflection(result=kept.result, usage=kept.usage, prompt=prompt, answer=answer)
