"""What went wrong in a trace, and what had been asked of it.

A failure has a kind, a place (the tool, the model, the evaluation) and a gist: its message without what differs from
case to case. Failures that agree in the three are one cluster.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from spanwright.core.trace import AgentRun, Message, ModelCall, Trace
from spanwright.telemetry.dialects.reading import FAILED

_FAILING = frozenset({"fail", "failed", "false", "incorrect", "bad", "no"})
_GIST = 120
_DIFFERING = re.compile(r"<[a-z]+-\d+>|'[^']*'|\"[^\"]*\"|`[^`]*`|\b[0-9a-f]{8,}\b|\b[A-Z]+-\d+\b|\d+(?:\.\d+)?")


class Kind(StrEnum):
    """What went wrong, the gravest first."""

    ERROR = "error"
    """A run, a model call or a tool call failed."""
    LOW_SCORE = "low score"
    """An evaluation that was recorded with the trace is below the line, or says that it failed."""
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
    found = (*_errors(trace), *_low_scores(trace, low), *_cut_off(trace), *_retries(trace))
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
