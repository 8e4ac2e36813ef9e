"""Histories of runs, told event by event, for what reports make of them."""

from collections.abc import Mapping

import pytest

from spanwright.core.candidate import Candidate, Component, Kind
from spanwright.core.events import (
    AttemptStarted,
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
    SearchEnded,
    StopReason,
)
from spanwright.core.proposal import Proposal, Refusal, RefusalReason, Verdict
from spanwright.core.rollout import Purpose, Rollout, RolloutKey
from spanwright.core.score import Score
from spanwright.core.usage import Budget, Usage

INSTRUCTIONS = "support/instructions"
TOOL = "support/tool:refund"


class History:
    """Tells a run of the agent `support`; every event takes a second."""

    def __init__(self, *, test: int = 4) -> None:
        self.seed = Candidate(texts={INSTRUCTIONS: "Help the customer.", TOOL: "Refund."})
        self.events: list[Event] = []
        self.now = 1000.0
        self._rollouts = 0
        self._attempts = 0
        self.test = tuple(f"test{place}" for place in range(test))
        self.validation = tuple(f"v{place}" for place in range(4))
        components = (
            Component(id=INSTRUCTIONS, kind=Kind.INSTRUCTIONS, agent="support", text="Help the customer."),
            Component(id=TOOL, kind=Kind.TOOL, agent="support", text="Refund."),
        )
        self.tell(
            RunStarted(
                run="evening",
                at=self.now,
                seed=self.seed,
                components=components,
                budget=Budget(rollouts=100, reflections=10),
                policy="default",
                train=("t0", "t1"),
                validation=self.validation,
                test=self.test,
            )
        )

    def tell(self, event: Event) -> None:
        self.events.append(event)
        self.now += 1.0

    def start(self, candidate: Candidate, case: str, purpose: Purpose) -> RolloutKey:
        self._rollouts += 1
        key = RolloutKey(candidate=candidate.id, case=case)
        self.tell(RolloutStarted(number=self._rollouts, key=key, purpose=purpose, at=self.now))
        return key

    def roll(self, candidate: Candidate, scores: Mapping[str, float], purpose: Purpose = Purpose.VALIDATION) -> None:
        for case, score in scores.items():
            key = self.start(candidate, case, purpose)
            usage = Usage(rollouts=1, requests=2, input_tokens=100, output_tokens=10, usd=0.001)
            rollout = Rollout(
                number=self._rollouts,
                key=key,
                purpose=purpose,
                score=Score(value=score),
                usage=usage,
                started=self.now,
                ended=self.now,
            )
            self.tell(RolloutEnded(rollout=rollout))

    def validate(self, candidate: Candidate, *scores: float) -> None:
        self.roll(candidate, dict(zip(self.validation, scores, strict=True)))

    def score_test(self, candidate: Candidate, *scores: float) -> None:
        self.roll(candidate, dict(zip(self.test, scores, strict=True)), Purpose.TEST)

    def reflect(self, parent: Candidate, edits: Mapping[str, str]) -> Proposal:
        self._attempts += 1
        self.tell(AttemptStarted(attempt=self._attempts, parent=parent.id, cases=("t0",), at=self.now))
        self.tell(ReflectionStarted(attempt=self._attempts, components=tuple(edits), at=self.now))
        proposal = Proposal(parents=(parent.id,), edits=edits, diagnosis="It guesses.", rationale="Say the rule.")
        usage = Usage(reflections=1, requests=1, input_tokens=1000, output_tokens=100, usd=0.01)
        self.tell(ReflectionEnded(attempt=self._attempts, result=proposal, usage=usage, at=self.now))
        return proposal

    def evolve(self, parent: Candidate, edits: Mapping[str, str], *, accepted: bool = True) -> Candidate:
        proposal = self.reflect(parent, edits)
        child = proposal.apply(parent)
        verdict = Verdict(accepted=accepted, reason="admitted without a gate" if accepted else "-0.50 on 3 cases")
        self.tell(Judged(attempt=self._attempts, proposal=proposal, child=child, verdict=verdict, at=self.now))
        return child

    def refuse(self, parent: Candidate) -> None:
        self.reflect(parent, {INSTRUCTIONS: "echo"})
        refusal = Refusal(reason=RefusalReason.ECHO)
        self.tell(Refused(attempt=self._attempts, parent=parent.id, refusal=refusal, at=self.now))

    def resume(self) -> None:
        self.tell(RunResumed(at=self.now, budget=Budget(rollouts=200, reflections=10)))

    def end_search(self, *finalists: Candidate) -> None:
        ids = tuple(each.id for each in finalists)
        self.tell(SearchEnded(reason=StopReason.BUDGET, finalists=ids, at=self.now))

    def end(self, winner: Candidate) -> None:
        self.tell(RunEnded(reason=StopReason.BUDGET, winner=winner.id, usage=Usage(), at=self.now))


@pytest.fixture
def history() -> History:
    return History()


@pytest.fixture
def without_test_split() -> History:
    return History(test=0)


@pytest.fixture
def better(history: History) -> History:
    """A run whose winner, a grandchild of the seed, is better on every test case."""
    history.validate(history.seed, 0.0, 0.5, 0.0, 0.5)
    child = history.evolve(history.seed, {INSTRUCTIONS: "Help the customer.\nLook the order up first."})
    history.validate(child, 0.5, 1.0, 0.5, 1.0)
    history.evolve(child, {TOOL: "Bad."}, accepted=False)
    history.refuse(child)
    winner = history.evolve(child, {TOOL: "Refund an order that was paid."})
    history.validate(winner, 1.0, 1.0, 1.0, 1.0)
    history.end_search(winner, child)
    history.score_test(history.seed, 0.0, 0.2, 0.1, 0.0)
    history.score_test(winner, 1.0, 1.0, 0.9, 1.0)
    history.end(winner)
    return history
