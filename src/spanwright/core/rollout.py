"""A rollout: one candidate tried on one case."""

from dataclasses import dataclass, field
from enum import StrEnum

from spanwright.core.candidate import CandidateId
from spanwright.core.goal import SCORE
from spanwright.core.measured import MEASURED, Measured
from spanwright.core.score import Score
from spanwright.core.tools_used import ToolsUsed
from spanwright.core.trace import Image, Trace
from spanwright.core.usage import Usage


class Blame(StrEnum):
    """Who is to blame for a failure. See docs/design/blame.md."""

    CANDIDATE = "candidate"
    WORLD = "world"
    USER = "user"


STRAGGLER = "straggler"
"""The signature of a rollout that was cut because the others of its block were done."""


class Purpose(StrEnum):
    """Why a rollout was run."""

    MINIBATCH = "minibatch"
    GATE = "gate"
    VALIDATION = "validation"
    FINAL = "final"
    TEST = "test"
    CALIBRATION = "calibration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A rollout that did not end with an output."""

    boundary: str
    blame: Blame
    message: str
    signature: str = ""
    """Equal for failures of the same kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutKey:
    """What a rollout is a measurement of. A key is scored at most once in a run."""

    candidate: CandidateId
    case: str
    repeat: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """The record of one finished rollout."""

    number: int
    """Counts the rollouts of a run from 1: the name by which people ask for it."""
    key: RolloutKey
    purpose: Purpose
    attempt: int | None = None
    """The attempt that asked for it; None for the validation of a child, for finals and test."""
    score: Score | None = None
    """None where the world failed. A failure of the candidate has the floor score."""
    failure: Failure | None = None
    usage: Usage = field(default_factory=Usage)
    judging: Usage = field(default_factory=Usage)
    """What of `usage` the evaluators' models took, in the last try."""
    refining: Usage = field(default_factory=Usage)
    """What of `usage` a refiner within the evaluation took, in the last try."""
    trace_id: str = ""
    judge_trace_id: str = ""
    """The trace of the evaluators; empty where they left no spans."""
    started: float = 0.0
    ended: float = 0.0
    measured: Measured = field(default_factory=Measured)
    tools: ToolsUsed | None = None
    """None where nobody looked: in runs of before, and where nothing was recorded."""

    def figure(self, name: str) -> float | None:
        """Return the score, a measured figure or one of an evaluator's by name; None where it is unknown."""
        if name in MEASURED:
            return self.measured.known.get(name)
        if self.score is None:
            return None
        return self.score.value if name == SCORE else self.score.objectives.get(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a Subject returns whose run is its own judgement: an output with its score. No evaluator is asked then."""

    output: str
    """What came out, as text: it is kept whole."""
    score: Score
    images: tuple[Image, ...] = ()
    """What it looks like: kept with the trace, for reflection models that can see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """A rollout with its evidence, which is too large to keep in the pool."""

    rollout: Rollout
    trace: Trace
    output: str
    """The output as text, shortened; empty after a failure."""
