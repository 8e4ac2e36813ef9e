"""Which failures become cases: one of many that are alike, and of each kind its share.

Strata are (kind, place): taken in turn, the rarest first, so that a thousand time-outs of one tool do not crowd out
the three low scores.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from spanwright.core.trace import Trace
from spanwright.mining.failing import Failure, Kind, Wanted, answer, failures, question, turns_before, wanted
from spanwright.mining.likeness import Alike

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Mined:
    """A trace that becomes a case."""

    trace: str
    question: str
    answer: str
    wanted: Wanted | None
    """What should have come, where somebody recorded it with this very trace: one asked nearly the same has another."""
    turns_before: int
    failures: tuple[Failure, ...]
    alike: "list[Mined]" = field(default_factory=list["Mined"])
    """Those that were asked nearly the same and failed, too, maybe in another way."""

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """All the kinds of failure that the question met with."""
        met = {failure.kind for mined in (self, *self.alike) for failure in mined.failures}
        return tuple(kind for kind in Kind if kind in met)


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvest:
    """What was picked, and out of what."""

    cases: tuple[Mined, ...]
    clusters: tuple[tuple[str, tuple[Failure, ...]], ...]
    """All failures by their cluster, the largest first."""
    questions: Mapping[str, str]
    """What the traces that failed were asked, by their id."""
    traces: int
    failed: int
    silent: int
    """Traces that failed and do not tell what was asked."""


def harvest(traces: Iterable[Trace], *, most: int = 100, low: float = 0.5, alike: float = 0.8) -> Harvest:
    """Pick at most `most` cases from traces that failed. Inputs of a likeness of `alike` or more are one case."""
    found, seen, silent = list[Mined](), 0, 0
    clusters: dict[str, list[Failure]] = {}
    for trace in traces:
        seen += 1
        wrong = failures(trace, low=low)
        for failure in wrong:
            clusters.setdefault(failure.cluster, []).append(failure)
        if wrong and (asked := question(trace)):
            found.append(_mined(trace, asked, wrong))
        else:
            silent += bool(wrong)
    return Harvest(
        cases=tuple(_picked(found, most, alike)),
        clusters=tuple(
            sorted(((name, tuple(some)) for name, some in clusters.items()), key=lambda pair: (-len(pair[1]), pair[0]))
        ),
        questions={mined.trace: mined.question for mined in found},
        traces=seen,
        failed=len(found) + silent,
        silent=silent,
    )


def _mined(trace: Trace, asked: str, wrong: tuple[Failure, ...]) -> Mined:
    return Mined(
        trace=trace.id,
        question=asked,
        answer=answer(trace),
        wanted=wanted(trace),
        turns_before=turns_before(trace),
        failures=wrong,
    )


def _picked(found: list[Mined], most: int, alike: float) -> list[Mined]:
    near = Alike([mined.question for mined in found], alike)
    distinct = list[Mined]()
    for mined in in_turn(found, lambda mined: mined.failures[0]):
        number = near.place(mined.question)
        if number is None:
            distinct.append(mined)
        else:
            distinct[number].alike.append(mined)
    return distinct[:most]


def in_turn(found: Iterable[T], worst: Callable[[T], Failure]) -> Iterator[T]:
    """Yield one of each stratum (the kind and place of the worst failure), the rarest first, then the next of each."""
    strata: dict[tuple[str, str], list[T]] = {}
    for each in found:
        failure = worst(each)
        strata.setdefault((failure.kind, failure.place), []).append(each)
    rows = sorted(strata.items(), key=lambda pair: (len(pair[1]), pair[0]))
    for turn in range(max((len(row) for _, row in rows), default=0)):
        yield from (row[turn] for _, row in rows if turn < len(row))
