"""What a reflector answers, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from spanwright.core.candidate import Candidate, CandidateId, ComponentId
from spanwright.core.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A fact about the task that outlives one reflection: what failed, seen through one component."""

    component: ComponentId
    text: str
    case: str = ""
    """The training case that showed it."""
    evidence: int = 1
    """How many distinct cases and attempts speak for it."""
    returned: int = 0
    """How often an edit was to address it, and it was seen again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """A lesson, for another run to begin with."""

    lesson: Lesson
    text: str
    """The component's text with which it was seen."""


class Origin(StrEnum):
    """How a candidate came to be."""

    SEED = "seed"
    REFLECTION = "reflection"
    MERGE = "merge"
    EXTERNAL = "external"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """New texts for one or several components of `parents[0]`."""

    parents: tuple[CandidateId, ...]
    edits: Mapping[ComponentId, str]
    diagnosis: str = ""
    """The reflector's reading of the evidence."""
    rationale: str = ""
    """Why these edits."""
    lessons: tuple[Lesson, ...] = ()
    suspected: tuple[ComponentId, ...] = ()
    """Components that the diagnosis names, or that it asked to edit though they were not on offer."""
    origin: Origin = Origin.REFLECTION

    def apply(self, parent: Candidate) -> Candidate:
        """Return the child. Raises KeyError for an edit of a component that the parent does not have."""
        return parent.edited(self.edits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A proposal that took no reflection, and what its child has to reach before it is admitted."""

    proposal: Proposal
    bar: Mapping[str, float] = field(default_factory=dict[str, float])
    """Cases of the train or the validation split that the child is tried on, with scores whose sum it must reach at
    least. Empty: it is admitted as it is."""


class RefusalReason(StrEnum):
    """Why an answer of a reflector is not a proposal."""

    EMPTY = "empty answer"
    MALFORMED = "malformed answer"
    TRUNCATED = "truncated answer"
    WRONG_COMPONENT = "wrong component"
    UNCHANGED = "nothing changed"
    DUPLICATE = "duplicate candidate"
    NEAR_DUPLICATE = "said before in other words"
    TOO_LONG = "text too long"
    PLACEHOLDER = "placeholder lost"
    FORMAT = "wrong format"
    FORBIDDEN = "forbidden content"
    COPIED = "copied from a task"
    STRANGER = "from a stranger"
    ECHO = "prompt echoed"
    DECLINED = "model declined"
    PATCH = "patch does not fit"
    FAILED = "reflection failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A named reason for not using an answer. It costs a reflection, no rollout."""

    reason: RefusalReason
    detail: str = ""
    suspected: tuple[ComponentId, ...] = ()
    """As in a proposal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reflection:
    """One consultation of a reflector: what came of it, and what was said."""

    result: Proposal | Refusal
    prompt: str = ""
    answer: str = ""
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a child joins the pool, and on what evidence."""

    accepted: bool
    reason: str
    differences: tuple[float, ...] = ()
    """Paired differences child - parent, one for each case that both have."""
    passed: bool = False
    """Whether the gate let a child through that was not admitted all the same: others of its round were chosen."""
