"""What came of a calibration: how noisy an eval set is, and which gains it could show."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from spanwright.core.events import Event, RolloutEnded, RunEnded
from spanwright.errors import UsageError
from spanwright.report import figures
from spanwright.report.calibrated import Calibrated, scores_of
from spanwright.report.preflight import Preflight
from spanwright.search.sensitivity import Noise, cases_for
from spanwright.search.statistics import Interval, paired

_NAMED = 5
"""Flaky cases that are named."""
_GAIN = 0.05
"""A gain that one would like to see: how many cases that takes is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlakyCase:
    """A case that came out otherwise from one time to the next."""

    case: str
    lowest: float
    highest: float
    deviation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseFloor:
    """What `await calibrate(...)` returns. `print` it."""

    run: str
    complete: bool
    noise: Noise
    itself: Interval
    """The seed against itself, odd rounds against even ones: what is not 0 here is chance."""
    flaky: tuple[FlakyCase, ...]
    """The noisiest first."""
    preflight: Preflight
    """What the budget of an optimization would leave room for."""
    rollouts: int

    @classmethod
    def from_events(cls, events: Iterable[Event], *, run: str, preflight: Preflight) -> "NoiseFloor":
        """Build it from a calibration's events. Raises UsageError where no case was scored twice."""
        told = list(events)
        scores = scores_of(told)
        found = Calibrated.from_events(told, run=run)
        if found is None:
            raise UsageError(f"run {run!r} scored no case twice", "Calibrate with more repeats, or resume it")
        return cls(
            run=run,
            complete=any(isinstance(event, RunEnded) for event in told),
            noise=found.noise,
            itself=paired(_halves(scores)),
            flaky=_flaky(scores),
            preflight=replace(preflight, known=found),
            rollouts=sum(isinstance(event, RolloutEnded) for event in told),
        )

    @property
    def smallest_gain_in_finals(self) -> float | None:
        """The gain that an optimization's finals would show in four of five runs; None where none are held."""
        return self.preflight.visible_in_finals

    @property
    def smallest_gain_in_test(self) -> float | None:
        """The gain that the test split would show in four of five runs; None without one."""
        return self.preflight.visible_in_test

    @property
    def cases_needed(self) -> int | None:
        """How many test cases would show a gain of 0.05 in four of five runs; None where there is no noise to beat."""
        return cases_for(self.noise.within, _GAIN) if self.noise.within else None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What speaks against optimizing as things are."""
        return Calibrated(run=self.run, noise=self.noise).warnings(self.smallest_gain_in_finals)

    def __str__(self) -> str:
        return "\n".join(_lines(self))

    def to_json(self) -> str:
        """Return the figures as one JSON object, for programs."""
        record = {
            "run": self.run,
            "complete": self.complete,
            "rollouts": self.rollouts,
            "cases": self.noise.cases,
            "mean": self.noise.mean,
            "variance_within_cases": self.noise.within,
            "variance_between_cases": self.noise.between,
            "itself": [_finite(each) for each in (self.itself.mean, self.itself.low, self.itself.high)],
            "smallest_gain_in_finals": _finite(self.smallest_gain_in_finals),
            "smallest_gain_in_test": _finite(self.smallest_gain_in_test),
            "cases_needed_for_0.05": self.cases_needed,
            "flaky": [{"case": each.case, "lowest": each.lowest, "highest": each.highest} for each in self.flaky],
            "warnings": list(self.warnings),
        }
        return json.dumps(record, ensure_ascii=False, allow_nan=False)


def _halves(scores: Mapping[str, Sequence[float]]) -> list[float]:
    """Return for each case the mean of its odd rounds less that of its even ones."""
    return [_mean(each[1::2]) - _mean(each[::2]) for each in scores.values() if len(each) > 1]


def _flaky(scores: Mapping[str, Sequence[float]]) -> tuple[FlakyCase, ...]:
    found = [
        FlakyCase(
            case=case,
            lowest=min(each),
            highest=max(each),
            deviation=math.sqrt(math.fsum((score - _mean(each)) ** 2 for score in each) / (len(each) - 1)),
        )
        for case, each in scores.items()
        if len(each) > 1 and max(each) > min(each)
    ]
    return tuple(sorted(found, key=lambda each: -each.deviation))


def _lines(floor: NoiseFloor) -> Iterable[str]:
    found = floor.noise
    state = "" if floor.complete else " so far"
    cases, scores = figures.number(found.cases, "case"), figures.number(found.scores, "score")
    yield f"Run {floor.run}: the agent against itself{state}, {cases}, {scores}."
    yield f"  mean score        {found.mean:.2f}"
    yield f"  the same case     differs by {math.sqrt(found.within):.2f} (standard deviation) from one time to the next"
    yield f"  different cases   differ by {math.sqrt(found.between):.2f}, beyond that"
    yield f"  against itself    {figures.interval(floor.itself, signed=True)}: chance alone"
    if not found.within:
        yield "  gains             are not drowned by noise: each shows by its own size, where cases show it at all"
        yield from (f"  warning           {each}" for each in floor.warnings)
        return
    for name, gain in (("finals", floor.smallest_gain_in_finals), ("test split", floor.smallest_gain_in_test)):
        if gain is not None and math.isfinite(gain):
            yield f"  {name:<17} would show a gain of {gain:.2f} in four of five runs"
    needed = floor.cases_needed
    if needed is not None:
        yield f"  a gain of {_GAIN:.2f}    would take {figures.number(needed, 'test case')}"
    if floor.flaky:
        named = ", ".join(f"{each.case} ({each.lowest:.2f} to {each.highest:.2f})" for each in floor.flaky[:_NAMED])
        more = len(floor.flaky) - _NAMED
        yield f"  flaky             {named}" + (f" and {more} more" if more > 0 else "")
    yield from (f"  warning           {each}" for each in floor.warnings)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
