"""Recorded traces as evidence for reflection: those that show the seed at work, on what no held-out case asks.

Traces that carry none of the texts that may change teach nothing about them and are left out; so are those that ask
what a validation or test case asks, because a reflector must not see these. What remains is redacted.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, cast

from spanwright.core.candidate import Component, ComponentId
from spanwright.core.case import Case
from spanwright.core.context import Recorded
from spanwright.core.score import Score
from spanwright.core.trace import Trace
from spanwright.errors import UsageError
from spanwright.mining.failing import Failure, failures, question
from spanwright.mining.harvesting import in_turn
from spanwright.mining.likeness import Alike
from spanwright.telemetry import blame, check, folded, governing, read_spans
from spanwright.telemetry.redaction import Redactor

Recordings: TypeAlias = Sequence[Trace] | str | os.PathLike[str]
"""Traces, or a file of spans: an archive of imported traces, or any other OTLP."""

_MOST = 200
"""Traces that are kept: a search shows three in a reflection."""
_ALIKE = 0.8
_SUSPECTED = 3
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What recorded traces have to say."""

    recorded: tuple[Recorded, ...] = ()
    remarks: tuple[str, ...] = ()
    """What was left out, and why."""


def evidence_of(given: Recordings, components: Sequence[Component], held_out: Iterable[Case]) -> Evidence:
    """Choose from recorded traces, failing ones first. Raises UsageError where none of them can teach anything."""
    traces, remarks = _read(given)
    texts = {component.id: component.text for component in components}
    carrying = [(trace, governed) for trace in traces if (governed := _governed(trace, texts))]
    if not carrying:
        raise UsageError(
            f"none of the {len(traces)} traces given as evidence carries a text that may change:"
            f" {_why(traces, components)}",
            "Give traces of the agent as it is now, with its messages",
        )
    redactor = Redactor()
    asked = _Asked(held_out, redactor)
    fitting = [(trace, governed) for trace, governed in carrying if not asked.by(trace)]
    if not fitting:
        raise UsageError(
            "all traces given as evidence ask what a validation or test case asks, which no reflector may see",
            "Give others, or fix the splits: Evals(cases=..., validation=..., test=...)",
        )
    chosen = [_recorded(redactor.trace(trace), governed, components) for trace, governed in _ordered(fitting)[:_MOST]]
    return Evidence(
        recorded=tuple(chosen),
        remarks=(
            *remarks,
            *_left_out(len(traces) - len(carrying), "carry no text that may change as it is now"),
            *_left_out(len(carrying) - len(fitting), "ask what a validation or test case asks"),
            *_left_out(len(fitting) - len(chosen), f"are more than the {_MOST} that are kept"),
        ),
    )


def _read(given: Recordings) -> tuple[Sequence[Trace], tuple[str, ...]]:
    """Return the traces, and what could not be read. Raises UsageError."""
    if isinstance(given, str | os.PathLike):
        path = Path(given)
        file = read_spans(path)
        if not file.spans:
            raise UsageError(
                f"{str(path)!r}, given as evidence, holds no spans", "Import some: spanwright traces import"
            )
        return folded(file.spans), tuple(f"evidence: {line}" for line in file.diagnoses)
    wrong = next((each for each in cast("Iterable[object]", given) if not isinstance(each, Trace)), None)
    if wrong is not None:
        raise UsageError(
            f"evidence holds a {type(wrong).__name__}, which is no Trace",
            "Give a file of spans, or folded(read_spans(path).spans)",
        )
    if not given:
        raise UsageError("evidence holds no traces", "Give some, or leave it out")
    return given, ()


def _governed(trace: Trace, texts: Mapping[ComponentId, str]) -> tuple[ComponentId, ...]:
    """Return the components whose text some call carried, as it is now: what a trace says itself may be of another."""
    return tuple(sorted({id for call in trace.model_calls for id in governing(call, texts)}))


def _why(traces: Sequence[Trace], components: Sequence[Component]) -> str:
    """Say why nothing was attributed, as far as it shows."""
    missing = [line for line in check(traces) if "no content" in line or "is anything instrumented" in line]
    if missing:
        return "; ".join(missing)
    agents = sorted({run.name for trace in traces for run in trace.agents if run.name})[:_NAMED]
    own = sorted({component.agent for component in components})[:_NAMED]
    return f"they show {_list(agents)}, the texts belong to {_list(own)} and may have been others then"


def _list(agents: Sequence[str]) -> str:
    return f"the agents {', '.join(map(repr, agents))}" if agents else "no agent"


class _Asked:
    """What held-out cases ask."""

    def __init__(self, held_out: Iterable[Case], redactor: Redactor) -> None:
        cases = tuple(held_out)
        self._traces = {id for case in cases for id in _traces_of(case)}
        questions = [redactor.text(str(case.inputs)) for case in cases]  # what was recorded is redacted, too
        self._questions = Alike(questions, _ALIKE)
        self._redactor = redactor
        for each in questions:
            self._questions.place(each)

    def by(self, trace: Trace) -> bool:
        """Say whether a trace asks what a held-out case asks, or is the one that it was mined from."""
        asked = question(trace)
        return trace.id in self._traces or (
            bool(asked) and self._questions.find(self._redactor.text(asked)) is not None
        )


def _traces_of(case: Case) -> Iterator[str]:
    """Yield the traces that a mined case was made of: its name, and what its metadata lists."""
    yield case.id
    metadata: object = case.metadata
    if isinstance(metadata, Mapping):
        told = cast("Mapping[str, object]", metadata)
        yield str(told.get("trace", ""))
        alike = told.get("alike")
        if isinstance(alike, list):
            yield from map(str, cast("list[object]", alike))


def _ordered(
    fitting: Sequence[tuple[Trace, tuple[ComponentId, ...]]],
) -> Sequence[tuple[Trace, tuple[ComponentId, ...]]]:
    """Return failing traces first, one of each kind of failure in turn; then the others, the latest first."""
    wrong = {trace.id: failures(trace) for trace, _ in fitting}
    failing = [each for each in fitting if wrong[each[0].id]]
    fine = [each for each in reversed(fitting) if not wrong[each[0].id]]
    return [*in_turn(failing, lambda each: wrong[each[0].id][0]), *fine]


def _recorded(trace: Trace, governed: tuple[ComponentId, ...], components: Sequence[Component]) -> Recorded:
    complaints = tuple(map(_line, failures(trace)))
    if not complaints:
        return Recorded(trace=trace, about=governed)
    carried = [component for component in components if component.id in governed]
    weights = blame(trace, Score(value=0.0, feedback="\n".join(complaints)), carried)
    suspected = sorted((id for id in governed if weights[id] > 0), key=lambda id: (-weights[id], id))
    return Recorded(trace=trace, about=tuple(suspected[:_SUSPECTED]), complaints=complaints)


def _line(failure: Failure) -> str:
    said = " ".join(failure.message.split())
    return f"{failure.kind}, {failure.place}" + (f": {said}" if said else "")


def _left_out(count: int, why: str) -> Iterator[str]:
    if count:
        yield f"evidence: {count} trace{'s' if count > 1 else ''} left out that {why}"
