"""How a run stands: all that its progress shows, as one value, and the fold over its events that it is read from.

Times are those of the events, so that nothing here needs a clock, and a history that is read again looks as it looked.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from spanwright.core.candidate import CandidateId
from spanwright.core.events import (
    AttemptStarted,
    Event,
    Judged,
    RolloutEnded,
    RolloutStarted,
    RunEnded,
    RunStarted,
    SearchEnded,
)
from spanwright.core.rollout import Blame, Purpose, Rollout
from spanwright.report.chronicle import Chronicle
from spanwright.report.comparison import Comparison, on_validation
from spanwright.report.findings import of_seed
from spanwright.report.words import accepted_edit, told
from spanwright.search import PoolView

MEASURING_SEED: Final = "measuring the seed"
_LEADERS = 3
"""Candidates of the frontier that are named."""
_RECENT = 50
"""Rollouts among which failures of the world are counted."""
_FORESEEN = 5
"""Units of an allowance that have to be spent before its end is foretold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """One kind of the budget: what is spent of it, and when it will be at its end."""

    kind: str
    used: float
    limit: float | None = None
    """None where it is not limited."""
    left: float | None = None
    """Seconds until it is spent at the pace so far; None where nothing ends, or nothing can be foretold yet."""

    @property
    def share(self) -> float | None:
        """The share that is spent; None where there is no limit."""
        return min(1.0, self.used / self.limit) if self.limit else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leader:
    """A candidate of the frontier: one that nobody beats on some validation case."""

    name: str
    """Its id; "seed" for the seed."""
    score: float | None
    cases: int
    """Validation cases on which nobody beats it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a run stands after an event."""

    run: str
    phase: str
    ended: bool = False
    at: float = 0.0
    """When, in seconds since the epoch."""
    seconds: float = 0.0
    """Working time, of all processes."""
    spending: tuple[Spending, ...] = ()
    """Rollouts, reflections, requests, tokens, cost and time, in this order."""
    unpriced: int = 0
    """Requests of unknown price: the cost does not contain them."""
    in_flight: int = 0
    slots: int | None = None
    """The most rollouts at once; None where that is not known."""
    reflecting: int = 0
    limits: tuple[str, ...] = ()
    """What holds the run up just now."""
    seed: float | None = None
    best: float | None = None
    compared: Comparison | None = None
    """Seed and best candidate on the validation cases that both were tried on; None while the seed is the best."""
    proposed: int = 0
    accepted: int = 0
    refused: int = 0
    members: int = 0
    front: int = 0
    """Candidates that nobody beats on some validation case."""
    leaders: tuple[Leader, ...] = ()
    """The first of them, by the number of such cases."""
    edit: str = ""
    """The edit that was accepted last, in one line."""
    news: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def ends_with(self) -> Spending | None:
        """The part of the budget that will be spent first at the pace so far; None where that cannot be foretold."""
        foretold = [each for each in self.spending if each.left is not None]
        return None if self.ended else min(foretold, key=lambda each: each.left or 0.0, default=None)

    def spent(self, kind: str) -> Spending:
        """Return one kind of the budget."""
        return next(each for each in self.spending if each.kind == kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What an event brought that is worth telling."""

    news: str = ""
    warnings: tuple[str, ...] = ()
    turned: bool = False
    """Whether the run took a turn: another phase, or a new best candidate."""


@dataclass(slots=True)
class Following:
    """Follows a run by its events, its first event first."""

    slots: int | None = None
    chronicle: Chronicle = field(default_factory=Chronicle)
    _phase: str = "starting"
    _news: str = ""
    _edit: str = ""
    _warnings: dict[str, str] = field(default_factory=dict[str, str])
    _recent: deque[bool] = field(default_factory=lambda: deque[bool](maxlen=_RECENT))

    @property
    def begun(self) -> bool:
        """Whether the run's first event was seen."""
        return self.chronicle.started is not None

    def apply(self, event: Event) -> Change:
        """Take an event into account."""
        best, phase = self._best, self._phase
        self.chronicle.apply(event)
        self._phase = _phase(event, phase)
        said = told(event) or ""
        self._news = said or self._news
        fresh = dict[str, str]()
        match event:
            case Judged() if event.verdict.accepted:
                self._edit = accepted_edit(event, self.chronicle.view.candidate(event.proposal.parents[0]))
            case RolloutEnded():
                fresh = self._failed(event.rollout) | self._odd(event.rollout)
            case _:
                pass
        fresh = {key: warning for key, warning in fresh.items() if key not in self._warnings}
        self._warnings |= fresh
        return Change(
            news=said,
            warnings=tuple(fresh.values()),
            turned=self._phase != phase or best not in {"", self._best},
        )

    def _odd(self, rollout: Rollout) -> dict[str, str]:
        """Return what is odd about the seed's scores, once what is under way of them has come in."""
        view = self.chronicle.view
        seed = rollout.purpose is Purpose.VALIDATION and rollout.key.candidate == view.seed
        if not seed or any(view.flying(view.seed, case) for case in view.validation):
            return {}
        return dict(zip(("the seed",), of_seed(view), strict=False))

    def replayed(self) -> None:
        """Forget the news: what went before was told by the process that did it."""
        self._news = ""

    @property
    def standing(self) -> Standing:
        """How the run stands."""
        chronicle, view = self.chronicle, self.chronicle.view
        if chronicle.started is None:
            return Standing(run="", phase=self._phase)
        return Standing(
            run=chronicle.started.run,
            phase=self._phase,
            ended=chronicle.ended is not None,
            at=chronicle.latest,
            seconds=chronicle.seconds,
            spending=_spending(chronicle),
            unpriced=chronicle.usage.unpriced,
            in_flight=chronicle.in_flight,
            slots=self.slots,
            reflecting=chronicle.reflecting,
            limits=tuple(self._limits()),
            seed=view.estimate(view.seed),
            best=view.estimate(view.incumbent),
            compared=on_validation(view, view.incumbent) if view.incumbent != view.seed else None,
            proposed=chronicle.proposed,
            accepted=chronicle.accepted,
            refused=chronicle.refused,
            members=len(view.members),
            front=int((view.wins > 0).sum()),
            leaders=_leaders(view),
            edit=self._edit,
            news=self._news,
            warnings=tuple(self._warnings.values()),
        )

    @property
    def _best(self) -> CandidateId:
        return self.chronicle.view.incumbent if self.begun else ""

    def _failed(self, rollout: Rollout) -> dict[str, str]:
        """Count a failure that no text is to blame for, and return the first of its kind to warn of."""
        failure = rollout.failure
        blamed = failure is not None and failure.blame is not Blame.CANDIDATE
        self._recent.append(blamed)
        if failure is None or not blamed:
            return {}
        told_of = f"rollout {rollout.number}: {failure.boundary}: {' '.join(failure.message.split())[:200]}"
        return {f"{failure.blame} {failure.boundary}": f"{told_of} (the like is counted, and not told again)"}

    def _limits(self) -> list[str]:
        limits: list[str] = []
        if self.slots is not None and self.chronicle.in_flight >= self.slots:
            limits.append(f"all {self.slots} slots are taken")
        limits += self.chronicle.held_up
        if failed := sum(self._recent):
            limits.append(f"{failed} of the last {len(self._recent)} rollouts failed by no fault of a text")
        return limits


def _spending(chronicle: Chronicle) -> tuple[Spending, ...]:
    usage, budget, took = chronicle.usage, chronicle.view.budget, chronicle.seconds
    seconds = budget.seconds.total_seconds() if isinstance(budget.seconds, timedelta) else budget.seconds
    counts = (
        ("rollouts", usage.rollouts, budget.rollouts),
        ("reflections", usage.reflections, budget.reflections),
        ("requests", usage.requests, budget.requests),
        ("tokens", usage.tokens, budget.tokens),
        ("cost", usage.usd, budget.usd),
    )
    here = chronicle.seconds_here
    time = Spending(
        kind="time",
        used=took if seconds is None else here,
        limit=seconds,
        left=None if seconds is None else max(0.0, seconds - here),
    )
    foretold = usage.rollouts >= _FORESEEN
    searched = chronicle.view.finalists is not None  # from then on nobody reflects any more
    return (
        *(
            Spending(
                kind=kind,
                used=used,
                limit=limit,
                left=_left(used, limit, took) if foretold and not (searched and kind == "reflections") else None,
            )
            for kind, used, limit in counts
        ),
        time,
    )


def _left(used: float, limit: float | None, seconds: float) -> float | None:
    return None if limit is None or not used else max(0.0, (limit - used) * seconds / used)


def _leaders(view: PoolView) -> tuple[Leader, ...]:
    wins = view.wins.tolist()
    first = sorted((place for place, won in enumerate(wins) if won), key=lambda place: -wins[place])[:_LEADERS]
    names = [view.members[place] for place in first]
    return tuple(
        Leader(
            name="seed" if name == view.seed else name,
            score=view.estimate(name),
            cases=int(wins[place]),
        )
        for place, name in zip(first, names, strict=True)
    )


def _phase(event: Event, before: str) -> str:
    """Return the phase that a run is in after an event."""
    match event:
        case RunStarted():
            return MEASURING_SEED
        case AttemptStarted():
            return "searching"
        case SearchEnded():
            return "measuring the finalists"
        case RolloutStarted(purpose=Purpose.TEST):
            return "scoring the test split"
        case RunEnded():
            return "finished"
        case _:
            return before
