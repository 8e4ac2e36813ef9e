"""What went wrong in a trace, and what had been asked of it.

A failure has a kind, a place (the tool, the model, the evaluation) and a gist: its message without what differs from
case to case. Failures that agree in the three are one cluster.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from spanwright.core.trace import AgentRun, Evaluation, Message, ModelCall, Trace
from spanwright.telemetry.dialects.reading import FAILED
from spanwright.telemetry.names import EXPECTATION

_FAILING = frozenset({"fail", "failed", "false", "incorrect", "bad", "no"})
_EXPECTED = frozenset(
    {"correction", "corrected", "expected", "expected output", "expected answer", "expected response"}
    | {"ground truth", "ideal", "ideal answer", "reference", "reference answer"}
)
"""Names of evaluations that hold what should have come, in lower case and with blanks."""
_GIST = 120
_DIFFERING = re.compile(r"<[a-z]+-\d+>|'[^']*'|\"[^\"]*\"|`[^`]*`|\b[0-9a-f]{8,}\b|\b[A-Z]+-\d+\b|\d+(?:\.\d+)?")


class Kind(StrEnum):
    """What went wrong, the gravest first."""

    ERROR = "error"
    """A run, a model call or a tool call failed."""
    LOW_SCORE = "low score"
    """An evaluation that was recorded with the trace is below the line, or says that it failed."""
    CORRECTED = "corrected"
    """Somebody wrote down what should have come, and something else did."""
    LENGTH = "length stop"
    """A model's answer was cut off by its token limit."""
    RETRY = "retry"
    """A tool or an output sent the model back to try again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One thing that went wrong in a trace."""

    trace: str
    kind: Kind
    place: str
    message: str

    @property
    def gist(self) -> str:
        """The message without names, numbers and ids."""
        line = " ".join(_DIFFERING.sub("…", self.message).split())
        return line if len(line) <= _GIST else f"{line[: _GIST - 1]}…"

    @property
    def cluster(self) -> str:
        """What failures of one cause have in common."""
        return f"{self.kind} · {self.place}" + (f" · {self.gist}" if self.gist else "")


def failures(trace: Trace, *, low: float = 0.5) -> tuple[Failure, ...]:
    """Return what went wrong in a trace, the gravest first. Evaluations below `low` count as failures."""
    found = (*_errors(trace), *_low_scores(trace, low), *_corrected(trace), *_cut_off(trace), *_retries(trace))
    order = list(Kind)
    return tuple(sorted(dict.fromkeys(found), key=lambda failure: order.index(failure.kind)))


def question(trace: Trace) -> str:
    """Return what the outermost agent was asked: the last message of the user before its first answer.

    It is empty where the trace holds no content.
    """
    top = {run.name for run in trace.agents if not run.parent_agent}
    calls = [call for call in trace.model_calls if call.messages and (not top or call.agent in top)]
    first = min(calls or [call for call in trace.model_calls if call.messages], key=_started, default=None)
    if first is None:
        return ""
    asked = [said for message in first.messages if message.role == "user" and (said := _text(message))]
    return asked[-1] if asked else ""


def turns_before(trace: Trace) -> int:
    """Return how many messages of the user came before the question: a case of it alone lacks them."""
    first = min((call for call in trace.model_calls if call.messages), key=_started, default=None)
    said = sum(message.role == "user" for message in first.messages) if first else 0
    return max(0, said - 1)


def answer(trace: Trace) -> str:
    """Return with what the outermost agent ended; empty where it did not."""
    return next((run.final for run in trace.agents if not run.parent_agent and run.final), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody said should have come."""

    name: str
    """Of the evaluation that says it."""
    text: str


def wanted(trace: Trace) -> Wanted | None:
    """Return what should have come, as a person or a program recorded it with the trace: the last word counts.

    That is an evaluation labelled as an expectation (MLflow's), or one with a name like "correction" or "expected
    output" and a text in its explanation or label (Phoenix's annotations, or anybody's).
    """
    said = [Wanted(name=each.name, text=text) for each in trace.evaluations if (text := _wanted(each))]
    return said[-1] if said else None


def _wanted(judged: Evaluation) -> str:
    if judged.error:
        return ""
    if judged.label == EXPECTATION:
        return judged.explanation
    named = " ".join(judged.name.lower().replace("_", " ").replace("-", " ").split())
    return (judged.explanation or judged.label) if named in _EXPECTED else ""


def _corrected(trace: Trace) -> Iterator[Failure]:
    right = wanted(trace)
    if right is not None and right.text.split() != answer(trace).split():
        yield Failure(trace=trace.id, kind=Kind.CORRECTED, place=right.name, message=f"should have been: {right.text}")


def _errors(trace: Trace) -> Iterator[Failure]:
    for tool in trace.tool_calls:
        if tool.error and not tool.retry:
            message = "" if tool.error == FAILED else tool.error
            yield Failure(trace=trace.id, kind=Kind.ERROR, place=f"tool {tool.name}", message=message)
    for call in trace.model_calls:
        if call.error:
            place = f"model {call.model}".strip()
            yield Failure(trace=trace.id, kind=Kind.ERROR, place=place, message=call.error)
    told = {step.error for step in (*trace.tool_calls, *trace.model_calls) if step.error}
    for run in trace.agents:
        if run.error and run.error not in told:
            yield Failure(trace=trace.id, kind=Kind.ERROR, place=f"agent {run.name}".strip(), message=run.error)


def _low_scores(trace: Trace, low: float) -> Iterator[Failure]:
    for judged in trace.evaluations:
        if _wanted(judged):
            continue  # it says what would have been right
        failing = judged.value < low if judged.value is not None else judged.label.lower() in _FAILING
        if failing and not judged.error:
            yield Failure(trace=trace.id, kind=Kind.LOW_SCORE, place=judged.name, message=judged.explanation)


def _cut_off(trace: Trace) -> Iterator[Failure]:
    for call in trace.model_calls:
        if call.finish_reason == "length":
            place = f"agent {call.agent}" if call.agent else f"model {call.model}".strip()
            yield Failure(trace=trace.id, kind=Kind.LENGTH, place=place, message="")


def _retries(trace: Trace) -> Iterator[Failure]:
    for tool in trace.tool_calls:
        if tool.retry:
            yield Failure(trace=trace.id, kind=Kind.RETRY, place=f"tool {tool.name}", message=tool.error)


def _started(step: ModelCall | AgentRun) -> float:
    return step.started


def _text(message: Message) -> str:
    return "\n".join(part.text for part in message.parts if part.kind == "text" and part.text)
