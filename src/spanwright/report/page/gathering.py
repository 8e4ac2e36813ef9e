"""What a page tells beyond a run's result: a fold over events that keeps columns of figures, and no rollout as a whole.

It goes on where it was, so that a live page pays for what is new alone.
"""

from array import array
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace

from spanwright.core.candidate import CandidateId
from spanwright.core.events import (
    Abandoned,
    AttemptStarted,
    Event,
    Judged,
    ReflectionEnded,
    ReflectionStarted,
    Refused,
    RolloutEnded,
    RunStarted,
)
from spanwright.core.rollout import Purpose, Rollout
from spanwright.core.usage import Usage
from spanwright.report.chronicle import Chronicle, time_of
from spanwright.search.statistics import Interval, mean_interval

REFLECTION = "reflection"
PURPOSES = (*(purpose.value for purpose in Purpose),)
POINTS = 512
"""The most points of a course: when there are more, every other one is forgotten."""
_EXAMPLES = 12
"""Rollouts that a kind of failure is shown by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Where a run stood when so much was spent."""

    rollouts: int
    usd: float
    seconds: float
    incumbent: CandidateId
    score: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Birth:
    """A child that was judged, and what had been spent by then."""

    event: Judged
    evidence: tuple[int, ...]
    looked_at: CandidateId
    """Whose rollouts the attempt looked at; empty where none was made."""
    rollouts: int
    seconds: float


@dataclass(slots=True)
class Group:
    """Failures of one kind in the making."""

    message: str
    count: int = 0
    cases: set[str] = field(default_factory=set[str])
    rollouts: list[int] = field(default_factory=list[int])


@dataclass(slots=True)
class Columns:
    """Every finished rollout."""

    number: "array[int]" = field(default_factory=lambda: array("q"))
    case: "array[int]" = field(default_factory=lambda: array("q"))
    purpose: "array[int]" = field(default_factory=lambda: array("b"))
    candidate: list[CandidateId] = field(default_factory=list[CandidateId])
    score: list[float | None] = field(default_factory=list[float | None])


@dataclass(slots=True)
class Stretches:
    """When something was under way, in seconds of work on the run."""

    started: "array[float]" = field(default_factory=lambda: array("d"))
    ended: "array[float]" = field(default_factory=lambda: array("d"))

    def add(self, started: float, ended: float) -> None:
        """Take note of one stretch."""
        self.started.append(max(0.0, started))
        self.ended.append(ended)


class Gathering:
    """Folds the events of one run, its first event first."""

    def __init__(self) -> None:
        self.chronicle = Chronicle()
        self.columns = Columns()
        self.births: dict[CandidateId, Birth] = {}
        self.moments: list[Moment] = []
        self.spent: dict[str, Usage] = defaultdict(Usage)
        self.spent_on: dict[CandidateId, Usage] = defaultdict(Usage)
        self.rollouts = Stretches()
        self.reflections = Stretches()
        self.groups: dict[tuple[str, str], Group] = {}
        self.setbacks: dict[tuple[str, str], Group] = {}
        """Attempts that came to nothing, by how and why."""
        self.unscored: Counter[str] = Counter()
        """Rollouts without a score, by case."""
        self.places: dict[str, int] = {}
        """Of the cases: train, then validation, then test."""
        self.events = 0
        self._attempts: dict[int, Usage] = defaultdict(Usage)
        self._seen: dict[int, list[int]] = defaultdict(list)
        self._looked_at: dict[int, CandidateId] = {}
        self._reflecting: dict[int, float] = {}
        self._since = 0
        self._stride = 1
        self._incumbent = ""

    def apply(self, event: Event) -> None:
        """Take an event into account."""
        self.chronicle.apply(event)
        self.events += 1
        match event:
            case RunStarted():
                cases = (*event.train, *event.validation, *event.test)
                self.places = {case: place for place, case in enumerate(cases)}
            case RolloutEnded():
                self._end(event.rollout)
            case AttemptStarted():
                self._seen[event.attempt].clear()
                self._looked_at[event.attempt] = event.parent
            case ReflectionStarted():
                self._reflecting[event.attempt] = event.at
            case ReflectionEnded():
                self._reflected(event)
            case Judged():
                self._judge(event)
            case Refused():
                self._set_back(event.attempt, "refused", event.refusal.reason.value, event.refusal.detail)
            case Abandoned():
                self._set_back(event.attempt, "abandoned", event.reason, "")
            case _:
                pass

    def _end(self, rollout: Rollout) -> None:
        columns, key = self.columns, rollout.key
        columns.number.append(rollout.number)
        columns.case.append(self.places[key.case])
        columns.purpose.append(PURPOSES.index(rollout.purpose.value))
        columns.candidate.append(key.candidate)
        columns.score.append(None if rollout.score is None else rollout.score.value)
        self.spent[rollout.purpose.value] += rollout.usage
        if rollout.attempt is not None:
            self._attempts[rollout.attempt] += rollout.usage
            self._seen[rollout.attempt].append(rollout.number)
        else:
            self.spent_on[key.candidate] += rollout.usage
        now = self.chronicle.seconds
        self.rollouts.add(now - (rollout.ended - rollout.started), now)
        self._note_failure(rollout)
        self._watch()

    def _note_failure(self, rollout: Rollout) -> None:
        if rollout.score is None:
            self.unscored[rollout.key.case] += 1
        failure = rollout.failure
        if failure is None:
            return
        group = self.groups.setdefault((failure.blame.value, failure.boundary), Group(failure.message))
        group.count += 1
        group.cases.add(rollout.key.case)
        if len(group.rollouts) < _EXAMPLES:
            group.rollouts.append(rollout.number)

    def _reflected(self, event: ReflectionEnded) -> None:
        now = self.chronicle.seconds
        took = max(0.0, time_of(event) - self._reflecting.pop(event.attempt, event.at))
        usage = replace(event.usage, seconds=took)  # usages of reflections count no time of work
        self.spent[REFLECTION] += usage
        self._attempts[event.attempt] += usage
        self.reflections.add(now - took, now)

    def _judge(self, event: Judged) -> None:
        birth = Birth(
            event=event,
            evidence=tuple(self._seen.pop(event.attempt, ())),
            looked_at=self._looked_at.pop(event.attempt, ""),
            rollouts=self.chronicle.usage.rollouts,
            seconds=self.chronicle.seconds,
        )
        if event.child.id not in self.births or event.verdict.accepted:
            self.births[event.child.id] = birth
        self.spent_on[event.child.id] += self._attempts.pop(event.attempt, Usage())
        self._watch()

    def _set_back(self, attempt: int, how: str, why: str, detail: str) -> None:
        group = self.setbacks.setdefault((how, why), Group(detail))
        group.count += 1
        self._looked_at.pop(attempt, None)
        for number in self._seen.pop(attempt, ()):
            if len(group.rollouts) < _EXAMPLES:
                group.rollouts.append(number)

    def _watch(self) -> None:
        """Note where the run stands, when that is news."""
        incumbent, usage = self.chronicle.view.incumbent, self.chronicle.usage
        if incumbent == self._incumbent and usage.rollouts - self._since < self._stride:
            return
        moment = self.moment()
        if moment is None:
            return
        self._incumbent, self._since = incumbent, usage.rollouts
        self.moments.append(moment)
        if len(self.moments) > POINTS:
            del self.moments[1::2]
            self._stride *= 2

    def moment(self) -> Moment | None:
        """Return where the run stands; None while nothing is known of the incumbent."""
        view, usage = self.chronicle.view, self.chronicle.usage
        incumbent = view.incumbent
        cells = (view.cell(incumbent, case) for case in view.validation)
        known = [each for each in cells if each is not None]
        if not known:
            return None
        return Moment(
            rollouts=usage.rollouts,
            usd=usage.usd,
            seconds=self.chronicle.seconds,
            incumbent=incumbent,
            score=mean_interval(known),
        )
