"""All that a reflector may know. Nothing in it is live, and no validation or test case is in it."""

from dataclasses import dataclass, field

from spanwright.core.candidate import Candidate, Component, ComponentId
from spanwright.core.case import Case
from spanwright.core.goal import Goal
from spanwright.core.proposal import Lesson, Proposal
from spanwright.core.rollout import Observed
from spanwright.core.trace import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A training case and what happened when the parent, or another member beside it, was tried on it."""

    case: Case
    observed: Observed
    blamed: tuple[ComponentId, ...] = ()
    """The components that the spans and the evaluators point at, most blamed first."""
    differing: tuple[ComponentId, ...] = ()
    """The components that had other texts than the parent's: another member had this try, and fared better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A trace from before the run that shows the seed at work: evidence that costs no rollout, and has no score."""

    trace: Trace
    about: tuple[ComponentId, ...]
    """The components that it speaks of, the most suspected first; where nothing went wrong, whose texts it carried."""
    complaints: tuple[str, ...] = ()
    """What went wrong in it or was recorded as wrong, the gravest first, each in a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedEdit:
    """An earlier edit of one of the components, and how it fared."""

    component: ComponentId
    text: str
    outcome: str
    """One line: "better: 0.42 -> 0.55 on 8 cases", "refused: text too long"."""
    replaced: str = ""
    """The text in whose place it was put."""
    together: tuple[ComponentId, ...] = ()
    """Other components that the same child changed: the outcome is that of all these edits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredText:
    """A text that a component had in an earlier candidate, and the best estimate that a candidate with it reached."""

    component: ComponentId
    text: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """An earlier proposal along the parent's lineage, or from the parent itself, and what came of it."""

    proposal: Proposal
    outcome: str
    """One line: "better: 0.42 -> 0.55 on 8 cases"."""
    kept: bool
    """Whether the parent descends from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """A second candidate that differs from the parent in the components on offer alone, tried on the same cases."""

    candidate: Candidate
    observed: tuple[Observed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflectionContext:
    """One request to a reflector: improve `components` of `parent`, given the evidence."""

    attempt: int
    parent: Candidate
    components: tuple[Component, ...]
    """The components on offer, the most suspected first; `Component.text` is the seed's, not the parent's."""
    examples: tuple[Example, ...]
    recorded: tuple[Recorded, ...] = ()
    """What was seen before the run of texts on offer that the parent still has as they were then."""
    partner: Partner | None = None
    """Whom the parent is crossed with: the answer shall do what each of the two does well."""
    tried: tuple[TriedEdit, ...] = ()
    lessons: tuple[Lesson, ...] = ()
    scored: tuple[ScoredText, ...] = ()
    """Earlier texts of the components on offer, the worst first; empty unless the policy shows scores."""
    turns: tuple[Turn, ...] = ()
    """What was proposed before along the parent's lineage, and from the parent, the latest last: for reflectors that
    carry on a conversation."""
    proposals: tuple[Proposal, ...] = ()
    """Proposals of other reflectors on this evidence, or on parts of it, for one that joins or checks them."""
    others: tuple[Component, ...] = field(default=())
    """Components that may not be edited now: named, so that the reflector knows who else is at work."""
    shared: frozenset[ComponentId] = frozenset()
    """Those of `others` that another reader of the same reflection may edit."""
    stuck: bool = False
    """True where the search makes no progress: what the texts say is to be questioned, rather than added to."""
    objective: str = ""
    """What the score measures, in words."""
    most_edits: int | None = None
    """How many of the components one answer may edit; None: all of them. More may be on offer, so that each rule finds
    its place."""
    goals: tuple[Goal, ...] = ()
    """What is wanted beside a high score."""
    own: frozenset[str] = frozenset()
    """Runs of words that the cases of these examples have for themselves, where a guard forbids to repeat them."""
