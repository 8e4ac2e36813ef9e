"""The attempts of a run: which are open and what is known of them, and how long there has been no progress."""

from collections import Counter
from dataclasses import dataclass, replace

from spanwright.core.candidate import CandidateId
from spanwright.core.events import (
    Abandoned,
    AttemptStarted,
    Escape,
    Judged,
    ReflectionEnded,
    ReflectionStarted,
    Refused,
    RolloutStarted,
)
from spanwright.core.proposal import Draft, Proposal, Refusal
from spanwright.core.rollout import Purpose, Rollout


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAttempt:
    """An attempt that has not ended, as far as it came. A resumed run goes on from here."""

    attempt: int
    parent: CandidateId
    cases: tuple[str, ...]
    escape: Escape | None = None
    """What it does otherwise than usual."""
    partner: CandidateId | None = None
    """Whom a reflection is to cross the parent with."""
    rollouts: tuple[Rollout, ...] = ()
    """The finished rollouts on the minibatch, of the parent and of its partner; of one case there may be several."""
    gate: tuple[Rollout, ...] = ()
    """The finished rollouts of the child on the same cases."""
    components: tuple[str, ...] | None = None
    """What the reflection may edit; None where none was started."""
    result: Proposal | Refusal | None = None
    """What the reflection answered; None where it did not."""
    draft: Draft | None = None
    """What is tried without a reflection; None where the attempt reflects."""
    round: int | None = None
    """The first attempt of its round; None where attempts are made one by one."""

    @classmethod
    def of(cls, event: AttemptStarted) -> "OpenAttempt":
        """Return an attempt of which nothing is known yet but how it started."""
        return cls(
            attempt=event.attempt,
            parent=event.parent,
            cases=event.cases,
            escape=event.escape,
            partner=event.partner,
            draft=event.draft,
            round=event.round,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUp:
    """That a member was measured further before an attempt was to build on it."""

    attempt: int
    member: CandidateId


class Attempts:
    """Folds the events of attempts."""

    def __init__(self) -> None:
        self.open: dict[int, OpenAttempt] = {}
        self.next = 1
        self.latest_round = 0
        """The first attempt of the latest round, which is the latest attempt itself where there are no rounds."""
        self.judged_in_round: list[Judged] = []
        """How attempts of the latest round ended that led to a child."""
        self.top_up: TopUp | None = None
        """The latest."""
        self.ended = 0
        self.judged = 0
        self.reflections = 0
        self.fruitless = 0
        """Attempts since the last child was judged, but for those with nothing to learn from."""
        self.perfect = 0
        """Minibatches in a row on which there was nothing to learn."""
        self.turns: Counter[CandidateId] = Counter()
        """Reflections on a candidate and, before it was born, on its ancestors."""
        self._incumbents: set[CandidateId] = set()
        self._crowned_at = 0
        self.landmark: CandidateId | None = None
        """The last incumbent that was better than the landmark before it beyond chance; at first the seed."""
        self._passed_at = 0

    def since_new(self, incumbent: CandidateId) -> int:
        """Return how many attempts ended since a member first was the incumbent; `incumbent` is so now."""
        return self.ended - self._crowned_at if incumbent in self._incumbents else 0

    @property
    def since_landmark(self) -> int:
        """How many attempts ended since the landmark was passed."""
        return self.ended - self._passed_at

    def launch(self, event: RolloutStarted) -> None:
        """Take note of a rollout that measures a member further on behalf of an attempt."""
        if event.purpose is Purpose.VALIDATION and event.attempt is not None:
            self.top_up = TopUp(attempt=event.attempt, member=event.key.candidate)

    def start(self, event: AttemptStarted) -> None:
        """Open an attempt."""
        self.next = max(self.next, event.attempt + 1)
        first = event.attempt if event.round is None else event.round
        if first != self.latest_round:
            self.latest_round = first
            self.judged_in_round = []
        self.open[event.attempt] = OpenAttempt.of(event)

    def add(self, rollout: Rollout) -> None:
        """Keep a rollout of an open attempt, so that a resumed run need not pay for it again."""
        attempt = None if rollout.attempt is None else self.open.get(rollout.attempt)
        if attempt is None:
            return
        if rollout.purpose is Purpose.MINIBATCH:
            self.open[attempt.attempt] = replace(attempt, rollouts=(*attempt.rollouts, rollout))
        elif rollout.purpose is Purpose.GATE:
            self.open[attempt.attempt] = replace(attempt, gate=(*attempt.gate, rollout))

    def reflect(self, event: ReflectionStarted) -> None:
        """Take note that a reflection was paid for. One that is done again, after a crash, is the same turn."""
        self.reflections += 1
        attempt = self.open.get(event.attempt)
        if attempt is not None:
            self.turns[attempt.parent] += attempt.components is None
            self.open[event.attempt] = replace(attempt, components=event.components)

    def answer(self, event: ReflectionEnded) -> None:
        """Keep what a reflection answered."""
        attempt = self.open.get(event.attempt)
        if attempt is not None:
            self.open[event.attempt] = replace(attempt, result=event.result)

    def end(self, event: Judged | Refused | Abandoned) -> OpenAttempt | None:
        """Close an attempt, and return what was known of it."""
        self.ended += 1
        if isinstance(event, Abandoned) and event.perfect:
            self.perfect += 1
        elif isinstance(event, Judged):
            self.judged += 1
            if event.attempt >= self.latest_round:
                self.judged_in_round.append(event)
            self.perfect = self.fruitless = 0
        else:
            self.fruitless += 1
            if isinstance(event, Refused):
                self.perfect = 0
        return self.open.pop(event.attempt, None)

    def crown(self, incumbent: CandidateId) -> None:
        """Take note of who is the incumbent, at a moment when an attempt starts or ends.

        In between it may change with each cell that comes in, in whatever order they come.
        """
        if incumbent not in self._incumbents:
            self._incumbents.add(incumbent)
            self._crowned_at = self.ended

    def pass_landmark(self, incumbent: CandidateId) -> None:
        """Take note that the incumbent is better than the landmark."""
        self.landmark = incumbent
        self._passed_at = self.ended
