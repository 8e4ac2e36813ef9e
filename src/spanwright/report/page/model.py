"""What the page of a run shows, as plain values: the static file, the live page, Markdown and JSON all read this.

Texts stand here as they were written, and nothing is marked up: who shows them decides how. Figures that do not exist
are None, never NaN or infinity, because JSON has neither. What grows with the run stands in columns of equal length.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import TypeAdapter

from spanwright.core.annotation import Annotation
from spanwright.core.candidate import CandidateId, ComponentId
from spanwright.core.limits import Counts
from spanwright.core.usage import Budget, Usage

VERSION = 1
"""Of this shape: a page that was written by one Spanwright is never read by another, but programs read `--json`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A mean and its 95 % interval; the ends are None where nothing bounds them."""

    mean: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Seed and winner on the cases that both were tried on."""

    seed: Range
    best: Range
    difference: Range


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What the first screen answers: better, by how much, how sure, for how much, and what changed."""

    run: str
    status: Literal["running", "paused", "ended"]
    stop_reason: str
    headline: str
    improved: bool
    at_hand: bool = False
    """Whether the cases are the problem itself, so that there are no others to be good at."""
    measured_on: Literal["test", "validation"]
    validation: Compared | None
    test: Compared | None
    usage: Usage
    budget: Budget
    seconds: float
    started: float
    policy: str
    seed: CandidateId
    best: CandidateId
    changed: tuple[ComponentId, ...]
    proposed: int
    accepted: int
    refused: int
    lost: int
    in_flight: int
    held_up: tuple[str, ...]
    """What makes it wait just now."""
    notes: tuple[str, ...]
    """What is odd about the eval set."""
    paid: tuple[str, ...]
    """What the parts of the search brought, a line each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A component with its text in the seed and in the winner."""

    component: ComponentId
    kind: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A candidate in the tree: the seed, and every child that was judged."""

    id: CandidateId
    parents: tuple[int, ...]
    """Places in `Page.candidates`; the edits are on the texts of the first."""
    attempt: int | None
    origin: str
    admitted: bool
    verdict: str
    edits: Mapping[ComponentId, str]
    diagnosis: str = ""
    rationale: str = ""
    differences: tuple[float, ...] = ()
    """What the gate compared: child minus parent on each case."""
    evidence: tuple[int, ...] = ()
    """Numbers of the rollouts that its attempt looked at."""
    learnt_from: int | None = None
    """Whose rollouts these are, as a place: where the edits went onto a better candidate, that is not the parent."""
    estimate: float | None = None
    """The mean of its validation cells, own or inherited."""
    own: int = 0
    """Validation cells that it measured itself."""
    measured: Range | None = None
    """The mean of these alone."""
    usage: Usage = field(default_factory=Usage)
    """Its attempt, and every rollout of its own since."""
    born_rollouts: int = 0
    born_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseColumn:
    """A case of the eval set."""

    id: str
    split: Literal["train", "validation", "test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """Every finished rollout, in columns."""

    number: tuple[int, ...] = ()
    candidate: tuple[int, ...] = ()
    """Places in `Page.candidates`; -1 for a candidate that is not judged yet."""
    case: tuple[int, ...] = ()
    """Places in `Page.cases`."""
    purpose: tuple[int, ...] = ()
    """Places in `Page.purposes`."""
    score: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The incumbent's score on validation cases while the run went on, in columns."""

    rollouts: tuple[int, ...] = ()
    usd: tuple[float, ...] = ()
    seconds: tuple[float, ...] = ()
    mean: tuple[float, ...] = ()
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()
    incumbent: tuple[int, ...] = ()
    seed: Range | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tradeoff:
    """A candidate in the figures that goals name."""

    candidate: int
    on_front: bool
    figures: Mapping[str, Range]


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """What there is to choose from."""

    figures: tuple[str, ...] = ()
    """The score first."""
    less: tuple[str, ...] = ()
    """Those of the figures that should be small."""
    limits: tuple[str, ...] = ()
    measured_on: Literal["test", "validation"] = "validation"
    candidates: tuple[Tradeoff, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRow:
    """One tool with one candidate. All but `calls`, `refused`, `raised` and `ignored` count rollouts."""

    calls: int = 0
    called: int = 0
    known: int = 0
    needless: int = 0
    missed: int = 0
    refused: int = 0
    raised: int = 0
    ignored: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """In how many rollouts a tool was called in place of another."""

    called: str
    should: str
    seed: int
    best: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """How tools were used with the seed and with the winner."""

    seed: Mapping[str, ToolRow] = field(default_factory=dict[str, ToolRow])
    best: Mapping[str, ToolRow] = field(default_factory=dict[str, ToolRow])
    seed_rollouts: int = 0
    """Those of the seed of which it is known which tools they called."""
    best_rollouts: int = 0
    confusions: tuple[Confusion, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """How much was under way at the same time: means over steps of equal length."""

    step: float = 0.0
    """Seconds."""
    rollouts: tuple[float, ...] = ()
    reflections: tuple[float, ...] = ()
    most: int = 0
    """The most rollouts at the same time."""
    mean: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """How the requests to one model went."""

    model: str
    counts: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Failures of one kind."""

    what: str
    blame: Literal["candidate", "world", "user", "reflection"]
    message: str
    count: int
    cases: int
    rollouts: tuple[int, ...] = ()
    """Some of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unscored:
    """A case that was tried and never got a score: it decided nothing."""

    case: str
    split: str
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """How to come by the same result."""

    spanwright: str
    python: str
    command: str
    """How it was started, as far as that is known."""
    commands: tuple[tuple[str, str], ...]
    """What to do with it: a command and what for."""
    splits: Mapping[str, int]
    fingerprints: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A run as people look at it."""

    version: int = VERSION
    head: Head
    words: tuple[Words, ...]
    candidates: tuple[Node, ...]
    line: tuple[int, ...]
    """The winner's line, the seed first."""
    cases: tuple[CaseColumn, ...]
    purposes: tuple[str, ...]
    tries: Tries
    course: Course
    front: Front
    tools: Tools
    spent: Mapping[str, Usage]
    """By purpose, with `reflection`."""
    slots: Slots
    lanes: tuple[Lane, ...]
    """Of the models that were not always well."""
    troubles: tuple[Trouble, ...]
    unscored: tuple[Unscored, ...]
    reproduction: Reproduction
    annotations: tuple[Annotation, ...] = ()


PAGE: TypeAdapter[Page] = TypeAdapter(Page)
