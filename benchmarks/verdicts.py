"""What whole runs said about their winner, beside the truth: shares of runs, for tables."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from scipy.stats import binomtest
from showing import NOTHING, Cell, Figure, figure

from spanwright import Result

_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What one run came to."""

    key: str = ""
    """Names the run."""
    seed_returned: bool
    true_gain: float
    improved: bool
    """Whether the user was told that the winner beats the seed."""
    covered: bool | None = None
    """Whether the interval holds the truth for cases like those of the test split; None without an interval."""
    covered_these: bool | None = None
    """Whether it holds the truth for these very cases."""


def seen_in(result: Result, *, gain: float, these: float, key: str = "") -> Seen:
    """Judge what a user is shown by the true gain for cases like those of the test split, and for these very cases."""
    seed_returned = result.best == result.seed
    seen = Seen(key=key, seed_returned=seed_returned, true_gain=gain, improved=result.improved)
    if result.test is None or seed_returned:
        return seen
    said = result.test.difference

    def holds(truth: float) -> bool:
        return said.low - _ROUNDING <= truth <= said.high + _ROUNDING

    return replace(seen, covered=holds(gain), covered_these=holds(these))


COLUMNS = ("runs", "seed back", "gain", "said better", "wrongly", "holds truth", "these")

EXPLAINED = (
    "Shares of runs in per cent, with 95 % intervals; gains in points. Wrongly: runs that said better where the truth"
    " is not. The interval of the test split is that of runs that did not return the seed; what it should hold is the"
    " true difference for cases like these, or for these very cases."
)


def shares(seen: Sequence[Seen]) -> tuple[Cell, ...]:
    """Return the cells under `COLUMNS`. Wrongly: it was said to be better, and is not."""
    wrongly = sum(each.improved and each.true_gain <= _ROUNDING for each in seen)
    return (
        figure(len(seen), "d"),
        share(each.seed_returned for each in seen),
        figure(fmean(each.true_gain for each in seen), "+.1f", scale=100),
        share(each.improved for each in seen),
        figure(wrongly, "d"),
        share(each.covered for each in seen if each.covered is not None),
        _plain(share(each.covered_these for each in seen if each.covered_these is not None)),
    )


def _plain(cell: Cell) -> Cell:
    """Return a share without its interval."""
    return Figure(cell.value, cell.said.partition(" ")[0]) if isinstance(cell, Figure) else cell


def share(of: Iterable[bool | None]) -> Cell:
    """Return a share with its 95 % interval (Wilson's), nothing where nothing counts."""
    counted = [bool(each) for each in of]
    if not counted:
        return NOTHING
    found = binomtest(sum(counted), len(counted)).proportion_ci(method="wilson")
    value = sum(counted) / len(counted)
    record = {"share": round(value, 4), "low": round(found.low, 4), "high": round(found.high, 4), "of": len(counted)}
    return Figure(dict(record), f"{value:.0%} [{found.low:.0%}, {found.high:.0%}]".replace("%", ""))
