"""A result as figures for programs: one JSON object, and what a champion file says of how its texts were measured."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from spanwright.core.usage import Usage
from spanwright.report.front import Tradeoff
from spanwright.subject import Measured

if TYPE_CHECKING:
    from spanwright.report.result import Result

_DIGITS = 4
"""Of figures in a champion file."""


def to_json(result: "Result") -> str:
    """Return the figures of a result as one JSON object."""
    difference = result.difference
    record = {
        "run": result.run,
        "improved": result.improved,
        "complete": result.complete,
        "stop_reason": result.stop_reason,
        "seed_test": result.seed_test,
        "best_test": result.best_test,
        "seed_validation": result.seed_validation,
        "best_validation": result.best_validation,
        "measured_on": result.measured_on,
        "difference": _finite(difference.mean if difference else None),
        "interval": None if difference is None else [_finite(difference.low), _finite(difference.high)],
        "rollouts": result.rollouts,
        "reflections": result.reflections,
        "requests": result.usage.requests,
        "tokens": result.usage.tokens,
        "usd": result.usage.usd,
        "unpriced": result.usage.unpriced,
        "lost": result.lost,
        "spending": {on: _spent(each) for on, each in result.spending.items()},
        "unscored": result.unscored,
        "cut": result.cut,
        "set_aside": dict(result.set_aside),
        "failed_reflections": result.failed_reflections,
        "seconds": round(result.seconds, 3),
        "accepted": result.accepted,
        "proposed": result.proposed,
        "refused": result.refused,
        "policy": result.policy,
        "seed": result.seed.id,
        "best": result.best.id,
        "components_changed": list(result.components_changed),
        "worth": result.worth.record(),
        "tools": result.tools.record(),
        "effects": [asdict(each) for each in result.effects],
        "expenses": [asdict(each) for each in result.expenses],
        "passed_over": [{"candidate": candidate, **asdict(each)} for candidate, each in result.passed_over],
        "front": [_record(each) for each in result.front],
        "remarks": list(result.remarks),
    }
    return json.dumps(record, ensure_ascii=False, allow_nan=False)


def measured(result: "Result") -> Measured | None:
    """Return how the winner was measured; None where it was not."""
    compared = result.test or result.validation
    if compared is None:
        return None
    low, high = _finite(compared.difference.low), _finite(compared.difference.high)
    return Measured(
        on=result.measured_on,
        cases=compared.cases,
        seed=round(compared.seed.mean, _DIGITS),
        winner=round(compared.best.mean, _DIGITS),
        difference=round(compared.difference.mean, _DIGITS),
        low=None if low is None else round(low, _DIGITS),
        high=None if high is None else round(high, _DIGITS),
    )


def _spent(usage: Usage) -> Mapping[str, float]:
    return {"rollouts": usage.rollouts, "requests": usage.requests, "tokens": usage.tokens, "usd": usage.usd}


def _record(of: Tradeoff) -> Mapping[str, object]:
    means = {name: [figure.mean, _finite(figure.low), _finite(figure.high)] for name, figure in of.figures.items()}
    return {"candidate": of.candidate.id, "measured_on": of.measured_on, "keeps": of.keeps.name.lower(), **means}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
