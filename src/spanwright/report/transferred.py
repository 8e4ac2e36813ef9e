"""What came of a transfer: seed and winner of a run on other models, a row for each, with paired intervals."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from spanwright.core.events import Event, RolloutEnded, RunEnded, RunStarted
from spanwright.core.usage import Usage
from spanwright.errors import UsageError
from spanwright.report import figures
from spanwright.report.comparison import Comparison, compare
from spanwright.search.statistics import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class OnModel:
    """Seed and winner on one model."""

    model: str
    run: str
    """The name under which the store has its rollouts: `spanwright show`, `spanwright traces list`."""
    test: Comparison | None
    """On test cases; None where no case was scored with both."""
    complete: bool
    seed_usage: Usage
    best_usage: Usage
    unscored: int
    """Rollouts that the world failed for good."""
    stopped_by: str = ""
    """Why it is not complete."""

    @classmethod
    def from_events(cls, events: Iterable[Event], *, model: str, stopped_by: str = "") -> "OnModel":
        """Build it from the events of its run. Raises UsageError for one that has not begun."""
        started: RunStarted | None = None
        ended: list[RolloutEnded] = []
        complete = False
        for event in events:
            if isinstance(event, RunStarted):
                started = event
            elif isinstance(event, RolloutEnded):
                ended.append(event)
            complete |= isinstance(event, RunEnded)
        if started is None:
            raise UsageError("the run has no events yet", "Look again when it has started")
        rollouts = [each.rollout for each in ended]
        scores: tuple[dict[str, float], dict[str, float]] = ({}, {})
        usages = [Usage(), Usage()]
        for rollout in rollouts:
            side = int(rollout.key.candidate != started.seed.id)
            usages[side] += rollout.usage
            if rollout.score is not None:
                scores[side][rollout.key.case] = rollout.score.value
        return cls(
            model=model,
            run=started.run,
            test=compare(*scores),
            complete=complete,
            seed_usage=usages[0],
            best_usage=usages[1],
            unscored=sum(each.score is None for each in rollouts),
            stopped_by="" if complete else stopped_by,
        )

    @classmethod
    def untouched(cls, model: str, *, run: str, stopped_by: str) -> "OnModel":
        """Return what is known of a model that was not asked yet."""
        nothing = Usage()
        return cls(
            model=model,
            run=run,
            test=None,
            complete=False,
            seed_usage=nothing,
            best_usage=nothing,
            unscored=0,
            stopped_by=stopped_by,
        )

    @property
    def usage(self) -> Usage:
        """What both took."""
        return self.seed_usage + self.best_usage

    @property
    def gain(self) -> Interval | None:
        """How much better the winner is there, with the 95 % interval of the paired difference."""
        return self.test.difference if self.test else None

    @property
    def verdict(self) -> str:
        """What the interval allows to say."""
        if self.gain is None:
            return "not measured"
        said = "better" if self.gain.low > 0 else "worse" if self.gain.high < 0 else "not shown"
        return said if self.complete else f"{said} so far"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transferred:
    """What `await transfer(...)` returns. `print` it."""

    run: str
    """The run whose seed and winner were tried."""
    at_home: Comparison | None
    """How they did on the run's own test split with the run's own models."""
    models: tuple[OnModel, ...]
    """In the order in which they were named."""

    @property
    def complete(self) -> bool:
        """Whether every model was measured; if not, the same call goes on."""
        return all(each.complete for each in self.models)

    @property
    def usage(self) -> Usage:
        """What all of it took."""
        return sum((each.usage for each in self.models), Usage())

    def __str__(self) -> str:
        return "\n".join(_lines(self))

    def to_json(self) -> str:
        """Return the figures as one JSON object, for programs."""
        record = {
            "run": self.run,
            "complete": self.complete,
            "at_home": _figures(self.at_home),
            "models": [_record(each) for each in self.models],
            "usd": self.usage.usd,
            "unpriced": self.usage.unpriced,
            "tokens": self.usage.tokens,
        }
        return json.dumps(record, ensure_ascii=False, allow_nan=False)


_HEAD = ("MODEL", "SEED", "WINNER", "GAIN", "VERDICT", "CASES", "TOKENS A ROLLOUT", "COST")


def _lines(result: Transferred) -> Iterable[str]:
    yield f"Seed and winner of run {result.run} on other models, by the test split:"
    rows: list[Sequence[str]] = [_HEAD]
    if result.at_home is not None:
        rows.append(("(the run's own)", *_compared(result.at_home), "", str(result.at_home.cases), "", ""))
    rows.extend(_row(each) for each in result.models)
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEAD))]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    for each in result.models:
        if each.unscored:
            yield f"  {each.model}: {figures.number(each.unscored, 'rollout')} without a score, the world failed them"
        if each.stopped_by:
            yield f"  {each.model}: paused ({each.stopped_by}); the same command goes on"
    yield f"  spent: {figures.spent(result.usage)}"


def _row(each: OnModel) -> tuple[str, ...]:
    compared = _compared(each.test) if each.test else ("-", "-", "-")
    cases = str(each.test.cases) if each.test else "0"
    return (each.model, *compared, each.verdict, cases, _tokens(each), figures.cost(each.usage))


def _compared(found: Comparison) -> tuple[str, str, str]:
    gain = figures.interval(found.difference, signed=True)
    return (figures.score(found.seed.mean), figures.score(found.best.mean), gain)


def _tokens(each: OnModel) -> str:
    means = [usage.tokens / usage.rollouts for usage in (each.seed_usage, each.best_usage) if usage.rollouts]
    return " -> ".join(f"{mean:,.0f}" for mean in means) or "-"


def _record(each: OnModel) -> dict[str, object]:
    return {
        "model": each.model,
        "run": each.run,
        "complete": each.complete,
        "stopped_by": each.stopped_by,
        "verdict": each.verdict,
        **_figures(each.test),
        "unscored": each.unscored,
        "seed_tokens": each.seed_usage.tokens,
        "best_tokens": each.best_usage.tokens,
        "usd": each.usage.usd,
        "unpriced": each.usage.unpriced,
    }


def _figures(found: Comparison | None) -> dict[str, object]:
    if found is None:
        return {"cases": 0, "seed": None, "best": None, "gain": None, "interval": None}
    gain: Sequence[float] = (found.difference.low, found.difference.high)
    return {
        "cases": found.cases,
        "seed": found.seed.mean,
        "best": found.best.mean,
        "gain": found.difference.mean,
        "interval": [each if math.isfinite(each) else None for each in gain],
    }
