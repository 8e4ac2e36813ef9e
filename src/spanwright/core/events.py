"""The history of a run. Everything that a run knows is a fold over these: resume is replay, progress is an observer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field, TypeAdapter

from spanwright.core.candidate import Candidate, CandidateId, Component
from spanwright.core.goal import Goal
from spanwright.core.limits import Counts
from spanwright.core.proposal import Draft, Lesson, Proposal, Refusal, Verdict
from spanwright.core.rollout import Purpose, Rollout, RolloutKey
from spanwright.core.usage import Budget, Usage

SCHEMA_VERSION = 1


class StopReason(StrEnum):
    """Why a run ended. PAUSED runs can be resumed."""

    BUDGET = "budget"
    TIME = "time"
    TARGET = "target"
    PATIENCE = "patience"
    NOTHING_TO_LEARN = "nothing left to learn"
    FRUITLESS = "fruitless reflections"
    COUNT = "count reached"
    RULE = "a rule of your own"
    WORLD_DOWN = "world down"
    STOPPED = "stopped"
    FAILED = "failed"


class Estimator(StrEnum):
    """How a run judges what its members are worth."""

    MEAN = "mean"
    """By the mean of their validation cells, own or inherited."""
    LINEAGE = "lineage"
    """By a model of what edits bring, which learns from all scores of a member's family."""


class Escape(StrEnum):
    """What an attempt does otherwise, because the search makes no progress."""

    WIDEN = "widen"
    """It chooses its parent among members that are less sure to be good."""
    RESTART = "restart"
    """It starts from a promising member off the incumbent's line."""
    QUESTION = "question"
    """Its reflector is told to question what the texts say, rather than to add to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """The first event of a run. `fingerprints` must be equal when it is resumed."""

    kind: Literal["run_started"] = "run_started"
    version: int = SCHEMA_VERSION
    run: str
    at: float
    seed: Candidate
    components: tuple[Component, ...]
    budget: Budget
    policy: str
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    fingerprints: Mapping[str, str] = field(default_factory=dict[str, str])
    lessons: tuple[Lesson, ...] = ()
    """What other runs have learnt."""
    goals: tuple[Goal, ...] = ()
    estimator: Estimator = Estimator.MEAN
    drafted: Usage = field(default_factory=Usage)
    """What it took to write the seed, where a model wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResumed:
    """The run went on in a new process. What had started and not ended before this event was lost in flight."""

    kind: Literal["run_resumed"] = "run_resumed"
    at: float
    budget: Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutStarted:
    """The intent to spend one rollout; durable before the first model request goes out."""

    kind: Literal["rollout_started"] = "rollout_started"
    number: int
    key: RolloutKey
    purpose: Purpose
    attempt: int | None = None
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutEnded:
    """A rollout with its score or its failure."""

    kind: Literal["rollout_ended"] = "rollout_ended"
    rollout: Rollout


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptStarted:
    """An attempt to improve `parent`. Its number keys its random stream."""

    kind: Literal["attempt_started"] = "attempt_started"
    attempt: int
    parent: CandidateId
    cases: tuple[str, ...]
    """The minibatch; of a draft, the cases of its bar."""
    escape: Escape | None = None
    partner: CandidateId | None = None
    """Whom a reflection is to cross the parent with."""
    draft: Draft | None = None
    """What is tried in place of a reflection's proposal. None: the attempt reflects on its minibatch."""
    round: int | None = None
    """The first attempt of its round; None where attempts are made one by one."""
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflectionStarted:
    """The intent to spend one reflection."""

    kind: Literal["reflection_started"] = "reflection_started"
    attempt: int
    components: tuple[str, ...]
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflectionEnded:
    """What the reflector answered and what it cost."""

    kind: Literal["reflection_ended"] = "reflection_ended"
    attempt: int
    result: Proposal | Refusal
    usage: Usage
    trace_id: str = ""
    """The trace of the reflection model's calls; empty where they left no spans."""
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The end of an attempt that led to a child: admitted to the pool or not."""

    kind: Literal["judged"] = "judged"
    attempt: int
    proposal: Proposal
    child: Candidate
    verdict: Verdict
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The end of an attempt whose answer could not be used."""

    kind: Literal["refused"] = "refused"
    attempt: int
    parent: CandidateId
    refusal: Refusal
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Abandoned:
    """The end of an attempt that led to no answer: nothing to learn on its minibatch, world failures, a stop."""

    kind: Literal["abandoned"] = "abandoned"
    attempt: int
    parent: CandidateId
    reason: str
    perfect: bool = False
    """True where every case of the minibatch had the best possible score."""
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchEnded:
    """No further attempts: what follows re-measures the finalists and scores the test split."""

    kind: Literal["search_ended"] = "search_ended"
    reason: StopReason
    finalists: tuple[CandidateId, ...]
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """The first part of the finals is over: only `finalists` are measured further. Without the seed: it is beaten."""

    kind: Literal["narrowed"] = "narrowed"
    finalists: tuple[CandidateId, ...]
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Paced:
    """How the requests to models go in this process, where not all is well: they wait, are refused, fail."""

    kind: Literal["paced"] = "paced"
    lanes: Mapping[str, Counts]
    """By `provider:name`."""
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """The last event of a run that came to its end. A run without it can be resumed."""

    kind: Literal["run_ended"] = "run_ended"
    reason: StopReason
    winner: CandidateId
    usage: Usage
    at: float


Event: TypeAlias = (
    RunStarted
    | RunResumed
    | RolloutStarted
    | RolloutEnded
    | AttemptStarted
    | ReflectionStarted
    | ReflectionEnded
    | Judged
    | Refused
    | Abandoned
    | SearchEnded
    | Narrowed
    | Paced
    | RunEnded
)
"""What observers are shown and stores keep; `kind` tells them apart."""

EVENT: TypeAdapter[Event] = TypeAdapter(
    Annotated[Event, Field(discriminator="kind")],
    config=ConfigDict(ser_json_inf_nan="strings"),  # the default writes an infinite figure as null: it cannot be read
)
"""Validates and serializes an event at the store's border."""
