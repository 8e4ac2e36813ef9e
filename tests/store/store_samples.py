"""Small values for the store's tests."""

from spanwright.core.candidate import Candidate, Component, Kind
from spanwright.core.events import (
    AttemptStarted,
    Event,
    Judged,
    ReflectionStarted,
    RolloutEnded,
    RolloutStarted,
    RunEnded,
    RunResumed,
    RunStarted,
    SearchEnded,
    StopReason,
)
from spanwright.core.proposal import Proposal, Reflection, Verdict
from spanwright.core.rollout import Purpose, Rollout, RolloutKey
from spanwright.core.score import Score
from spanwright.core.trace import Message, ModelCall, Part, ToolCall, ToolDefinition, Trace
from spanwright.core.usage import Budget, Usage

SEED = Candidate(texts={"support/instructions": "Help."})
CHILD = SEED.edited({"support/instructions": "Help, and look the order up first."})


def begun(run: str = "monday", at: float = 10.0) -> RunStarted:
    component = Component(id="support/instructions", kind=Kind.INSTRUCTIONS, agent="support", text="Help.")
    return RunStarted(
        run=run,
        at=at,
        seed=SEED,
        components=(component,),
        budget=Budget(rollouts=600),
        policy="default",
        train=("t1", "t2"),
        validation=("v1",),
        test=(),
        fingerprints={"case:t1": "0123456789abcdef"},
    )


def resumed(at: float = 20.0) -> RunResumed:
    return RunResumed(at=at, budget=Budget(rollouts=900))


def attempt(number: int) -> AttemptStarted:
    return AttemptStarted(attempt=number, parent=SEED.id, cases=("t1", "t2"), at=float(number))


def rollout(number: int = 1) -> Rollout:
    key = RolloutKey(candidate=SEED.id, case="t1")
    score = Score(value=0.5, feedback="expected 12.50, got 20.00", objectives={"EndState": 0.0, "Tone": 1.0})
    return Rollout(number=number, key=key, purpose=Purpose.MINIBATCH, attempt=1, score=score, started=1.0, ended=2.0)


def rollout_events(number: int = 1) -> list[Event]:
    ended = rollout(number)
    intent = RolloutStarted(number=number, key=ended.key, purpose=ended.purpose, attempt=1, at=1.0)
    return [intent, RolloutEnded(rollout=ended)]


def reflection() -> Reflection:
    edits = {"support/instructions": CHILD.texts["support/instructions"]}
    return Reflection(result=Proposal(parents=(SEED.id,), edits=edits), prompt="What is wrong?", answer="Look it up.")


def reflection_started() -> ReflectionStarted:
    return ReflectionStarted(attempt=1, components=("support/instructions",), at=3.0)


def judged(*, accepted: bool) -> Judged:
    proposal = Proposal(parents=(SEED.id,), edits=CHILD.texts)
    verdict = Verdict(accepted=accepted, reason="better on 3 of 4", differences=(0.5, -0.5))
    return Judged(attempt=1, proposal=proposal, child=CHILD, verdict=verdict, at=4.0)


def endings(at: float = 30.0) -> list[Event]:
    return [
        SearchEnded(reason=StopReason.BUDGET, finalists=(CHILD.id,), at=at),
        RunEnded(reason=StopReason.BUDGET, winner=CHILD.id, usage=Usage(rollouts=600, usd=1.25), at=at),
    ]


def trace(turns: int = 4, words: int = 50) -> Trace:
    """A conversation: each call repeats all that was said before."""
    said = [
        Message(role="user" if at % 2 == 0 else "assistant", parts=(Part(kind="text", text=f"turn {at} " * words),))
        for at in range(2 * turns + 1)
    ]
    tools = (ToolDefinition(name="refund", description="Refund.", parameters='{"type":"object"}'),)
    calls = tuple(
        ModelCall(
            span_id=f"{turn:016x}",
            instructions="Help. " * words,
            messages=tuple(said[: 2 * turn + 1]),
            answer=said[2 * turn + 1],
            tools=tools,
        )
        for turn in range(turns)
    )
    called = ToolCall(span_id="f" * 16, name="refund", arguments='{"ref":"A1"}', error="no such order")
    return Trace(id="ab" * 16, model_calls=calls, tool_calls=(called,))
