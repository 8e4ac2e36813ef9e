"""What goes to a worker and back, as JSON: values by their own codecs, traces folded as the store folds them.

A worker is told the case by its id: cases are the user's own objects, and it has imported them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from struct import Struct
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import ConfigDict, Field, TypeAdapter

from spanwright.core.limits import Deadlines
from spanwright.core.prices import Price
from spanwright.core.trace import Span, Trace
from spanwright.engine.executors.protocol import Recipe, Tried
from spanwright.models.far import FromSender, ToSender
from spanwright.store.codec import decode, encode
from spanwright.store.folding import Folded, as_bytes, as_text, fold, unfold

HEAD: Final = Struct(">I")
"""Before each message in a pipe: its length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """The first message to a worker: what the run is about."""

    kind: Literal["setup"] = "setup"
    recipe: Recipe
    path: tuple[str, ...]
    """Where modules are looked for."""
    deadlines: Deadlines
    prices: Mapping[str, Price]
    concurrency: int
    """Rollouts that may come at a time."""
    exported: bool = False
    """Whether its spans go to the user's backend, by the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Perform:
    """A job to be done."""

    kind: Literal["perform"] = "perform"
    number: int
    texts: Mapping[str, str]
    """The candidate's."""
    case: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CutShort:
    """A job is a straggler: it is to end with what it has."""

    kind: Literal["cut_short"] = "cut_short"
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """A job is not wanted any more, and neither is its end."""

    kind: Literal["drop"] = "drop"
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """The last message to a worker; it answers with `Closed`."""

    kind: Literal["close"] = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A worker has imported what it needs."""

    kind: Literal["ready"] = "ready"
    fingerprints: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unable:
    """A worker cannot work: what is wrong, and what to do."""

    kind: Literal["unable"] = "unable"
    what: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a job led to."""

    kind: Literal["done"] = "done"
    number: int
    tried: Tried
    """Without its trace."""
    trace: Folded
    texts: tuple[str, ...]
    """Those that the trace points at, in its order."""

    @classmethod
    def of(cls, number: int, tried: Tried) -> "Done":
        """Return the message for a job's end."""
        folded, bodies = fold(tried.trace)
        texts = tuple(as_text(bodies[key]) for key in folded.texts)
        return cls(number=number, tried=replace(tried, trace=Trace()), trace=folded, texts=texts)

    @property
    def whole(self) -> Tried:
        """What the job led to, with its trace."""
        bodies = {key: as_bytes(text) for key, text in zip(self.trace.texts, self.texts, strict=True)}
        return replace(self.tried, trace=unfold(self.trace, bodies))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spanned:
    """A span has ended that is to be exported."""

    kind: Literal["spanned"] = "spanned"
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """A sign of life, every second or so."""

    kind: Literal["beat"] = "beat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """The last message of a worker."""

    kind: Literal["closed"] = "closed"
    diagnoses: Sequence[str] = field(default_factory=tuple[str, ...])
    """What is missing in its traces."""


ToWorker: TypeAlias = Setup | Perform | CutShort | Drop | Close | ToSender
FromWorker: TypeAlias = Ready | Unable | Done | Spanned | Beat | Closed | FromSender

# An infinite or undefined figure would be written as null, which cannot be read.
_LOSSLESS = ConfigDict(ser_json_inf_nan="constants")
_TO: TypeAdapter[ToWorker] = TypeAdapter(Annotated[ToWorker, Field(discriminator="kind")], config=_LOSSLESS)
_FROM: TypeAdapter[FromWorker] = TypeAdapter(Annotated[FromWorker, Field(discriminator="kind")], config=_LOSSLESS)


def to_worker(message: ToWorker) -> bytes:
    """Return a message to a worker as JSON."""
    return encode(_TO, message)


def read_by_worker(raw: bytes) -> ToWorker:
    """Return the message that was written. Raises ValidationError."""
    return decode(_TO, raw)


def from_worker(message: FromWorker) -> bytes:
    """Return a message of a worker as JSON."""
    return encode(_FROM, message)


def read_from_worker(raw: bytes) -> FromWorker:
    """Return the message that was written. Raises ValidationError."""
    return decode(_FROM, raw)
