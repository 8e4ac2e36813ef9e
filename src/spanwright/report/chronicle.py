"""What reports know of a run: the pool's view, and the few counts that no decision needs and the pool does not keep.

A fold over events like the pool: what it says of a run is the same while the run goes on and when it is read again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from spanwright.core.candidate import CandidateId, ComponentId
from spanwright.core.events import (
    Event,
    Judged,
    ReflectionEnded,
    ReflectionStarted,
    Refused,
    RolloutEnded,
    RolloutStarted,
    RunEnded,
    RunResumed,
    RunStarted,
)
from spanwright.core.limits import Counts
from spanwright.core.proposal import Refusal, RefusalReason
from spanwright.core.rollout import STRAGGLER, Purpose, Rollout
from spanwright.core.usage import Usage
from spanwright.report import figures
from spanwright.report.best_of_case import BestOfCase, BestTries
from spanwright.report.lanes import Lanes
from spanwright.report.taken import Taken, Takings
from spanwright.report.tool_report import ToolReport
from spanwright.report.worth import Tally, Worth
from spanwright.search import Pool, PoolView


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One step from the seed to a candidate: who came of it, what was changed, and why."""

    candidate: CandidateId
    attempt: int
    changed: tuple[ComponentId, ...]
    diagnosis: str = ""
    rationale: str = ""
    takes: tuple[Taken, ...] = ()
    """What it did to tool calls, requests, tokens and cost, against the candidate that it was made of."""

    @property
    def price(self) -> str:
        """That in words; empty where nothing is known."""
        if not self.takes:
            return ""
        cases = figures.number(max(each.cases for each in self.takes), "case")
        return f"{', '.join(each.words for each in self.takes)} on {cases}"


class Chronicle:
    """Folds the events of one run, its first event first."""

    def __init__(self) -> None:
        self._pool = Pool()
        self._tally = Tally()
        self._lanes = Lanes()
        self._rollouts_under_way: set[int] = set()
        self._reflections_under_way: set[int] = set()
        self._generations: dict[CandidateId, Generation] = {}
        self._since = 0.0
        self._latest = 0.0
        self._before = 0.0
        self._with_tools: list[Rollout] = []
        self._best = BestTries()
        self._takings = Takings()
        self.usage = Usage()
        """What was spent on rollouts and reflections that ended. Those that were lost with a process do not count."""
        self.proposed = 0
        """Children that were judged."""
        self.accepted = 0
        self.spending: dict[str, Usage] = {}
        """What went into what: rollouts by their purpose, less what judges and a refiner took; these; reflections."""
        self.unscored = 0
        """Rollouts that the world failed, with those that were cut."""
        self.cut = 0
        """Rollouts that were cut because nothing else was waited for any longer."""
        self.failed_reflections = 0
        self.refused = 0
        """Answers of the reflector that could not be used."""
        self.started: RunStarted | None = None
        self.ended: RunEnded | None = None

    @property
    def view(self) -> PoolView:
        """What the pool knows."""
        return self._pool.view

    @property
    def worth(self) -> Worth:
        """What the parts of the search brought so far."""
        return self._tally.worth(self.view)

    def tools(self, best: CandidateId) -> ToolReport:
        """Return how tools were used with the seed and with `best`."""
        return ToolReport.of(self._with_tools, self.view.seed, best)

    @property
    def in_flight(self) -> int:
        """Rollouts under way."""
        return len(self._rollouts_under_way)

    @property
    def reflecting(self) -> int:
        """Reflections under way."""
        return len(self._reflections_under_way)

    @property
    def lost(self) -> int:
        """Rollouts that were under way when their process ended."""
        return len(self.view.lost)

    @property
    def seconds(self) -> float:
        """Wall-clock time in which some process worked on the run."""
        return self._before + self.seconds_here

    @property
    def seconds_here(self) -> float:
        """Those of the process that works on it now, or did so last."""
        return self._latest - self._since

    @property
    def latest(self) -> float:
        """When the latest event happened, in seconds since the epoch."""
        return self._latest

    @property
    def lanes(self) -> Mapping[str, Counts]:
        """How the requests to each model went, of all processes; empty where all was well."""
        return self._lanes.counts

    @property
    def held_up(self) -> tuple[str, ...]:
        """What models make the run wait for just now; nothing where it has ended."""
        return () if self.ended is not None else tuple(self._lanes.held_up())

    def apply(self, event: Event) -> None:
        """Take an event into account."""
        self._pool.apply(event)
        self._tally.apply(event)
        self._lanes.apply(event)
        self._time(event)
        match event:
            case RunStarted():
                self.started = event
                self.usage += event.drafted
            case RolloutStarted():
                self._rollouts_under_way.add(event.number)
            case RolloutEnded():
                self._end(event.rollout)
            case ReflectionStarted():
                self._reflections_under_way.add(event.attempt)
            case ReflectionEnded():
                self._reflections_under_way.discard(event.attempt)
                self.usage += event.usage
                self._spend("reflections", event.usage)
                self.failed_reflections += _failed(event)
            case RunResumed():
                self._rollouts_under_way.clear()
                self._reflections_under_way.clear()
            case Judged():
                self._judge(event)
            case Refused():
                self.refused += 1
            case RunEnded():
                self.ended = event
            case _:
                pass

    @property
    def best_of_cases(self) -> tuple[BestOfCase, ...]:
        """The best try of each case that both teaches and chooses."""
        if self.started is None:
            return ()
        teaching = frozenset(self.started.train)
        best = [self._best.of(case) for case in self.started.validation if case in teaching]
        return tuple(
            BestOfCase(
                case=each.key.case,
                candidate=self.view.candidate(each.key.candidate),
                score=each.score.value,
                rollout=each.number,
            )
            for each in best
            if each is not None and each.score is not None and each.key.candidate in self.view
        )

    def lineage(self, candidate: CandidateId) -> tuple[Generation, ...]:
        """Return the steps that led from the seed to `candidate`, the earliest first; none for the seed."""
        line = [*self.view.lineage(candidate)]
        steps = [
            replace(self._generations[child], takes=self._takings.between(parent, child))
            for child, parent in pairwise(line)
            if child in self._generations
        ]
        return tuple(reversed(steps))

    def _end(self, rollout: Rollout) -> None:
        self._rollouts_under_way.discard(rollout.number)
        self.usage += rollout.usage
        self._best.add(rollout)
        self._takings.add(rollout)
        self._spend(_PURPOSES[rollout.purpose], rollout.usage - rollout.judging - rollout.refining)
        if rollout.judging.requests:
            self._spend("judges", rollout.judging)
        if rollout.refining.requests:
            self._spend("refiner", rollout.refining)
        self.unscored += rollout.score is None
        self.cut += rollout.failure is not None and rollout.failure.signature == STRAGGLER
        if rollout.tools is not None:
            self._with_tools.append(rollout)

    def _spend(self, on: str, usage: Usage) -> None:
        self.spending[on] = self.spending.get(on, Usage()) + usage

    def _judge(self, event: Judged) -> None:
        self.proposed += 1
        if not event.verdict.accepted:
            return
        self.accepted += 1
        proposal = event.proposal
        generation = Generation(
            candidate=event.child.id,
            attempt=event.attempt,
            changed=tuple(sorted(proposal.edits)),
            diagnosis=proposal.diagnosis,
            rationale=proposal.rationale,
        )
        self._generations.setdefault(event.child.id, generation)

    def _time(self, event: Event) -> None:
        at = time_of(event)
        if isinstance(event, RunStarted | RunResumed):
            self._before = self.seconds
            self._since = at
            self._latest = at
        self._latest = max(self._latest, at)


_PURPOSES: Final = {
    Purpose.MINIBATCH: "minibatches",
    Purpose.GATE: "gates",
    Purpose.VALIDATION: "validation",
    Purpose.FINAL: "finals",
    Purpose.TEST: "test",
    Purpose.CALIBRATION: "calibration",
}


def _failed(event: ReflectionEnded) -> bool:
    return isinstance(event.result, Refusal) and event.result.reason is RefusalReason.FAILED


def time_of(event: Event) -> float:
    """Return when an event happened, in seconds since the epoch."""
    return event.rollout.ended if isinstance(event, RolloutEnded) else event.at
