"""When the search is over, before its budget is. Rules are pure: what has to look outside stands in `Stop`.

Rollouts, reflections, tokens, dollars and seconds are limits of the `Budget`, which nothing exceeds. The same figures
are here for what a budget cannot say: "500 rollouts and no progress", for example.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from spanwright.core.events import StopReason
from spanwright.errors import UsageError
from spanwright.search.outlook import cells_wanted
from spanwright.search.race import open_cases
from spanwright.search.view import PoolView

StopRule: TypeAlias = Callable[[PoolView], StopReason | None]
"""Says why the search should end now; None: it goes on. Asked between attempts.

The smallest one:

    def enough(view):
        return StopReason.RULE if len(view.members) > 50 else None
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """End when the incumbent's estimate has reached `score` and rests on enough cells."""

    score: float
    cells: int = 0
    """Cells of its own that the incumbent needs at least; it needs as many as a contender should have by then, too."""

    def __call__(self, view: PoolView) -> StopReason | None:
        incumbent = view.incumbent
        estimate = view.estimate(incumbent)
        if estimate is None or estimate < self.score:
            return None
        enough = max(self.cells, cells_wanted(view))
        measured = view.own(incumbent) >= enough or not open_cases(view, incumbent, view.validation)
        return StopReason.TARGET if measured else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """End when so many attempts brought no new incumbent."""

    attempts: int

    def __call__(self, view: PoolView) -> StopReason | None:
        return StopReason.PATIENCE if view.since_new_incumbent >= self.attempts else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AtMost:
    """End when one of these counts is reached; None counts nothing."""

    members: int | None = None
    """Candidates in the pool, with the seed."""
    attempts: int | None = None
    """Attempts that have ended, however they did."""
    proposals: int | None = None
    """Children that were judged, admitted or not."""
    rollouts: int | None = None
    reflections: int | None = None
    tokens: int | None = None
    usd: float | None = None

    def __call__(self, view: PoolView) -> StopReason | None:
        usage = view.usage
        reached = (
            (len(view.members), self.members),
            (view.attempts, self.attempts),
            (view.proposals, self.proposals),
            (view.spent, self.rollouts),
            (view.reflections, self.reflections),
            (usage.tokens, self.tokens),
            (usage.usd, self.usd),
        )
        return StopReason.COUNT if any(most is not None and count >= most for count, most in reached) else None


@dataclass(frozen=True, slots=True)
class AnyOf:
    """End when one of the rules says so, for the reason of the first that does."""

    rules: tuple[StopRule, ...]

    def __init__(self, *rules: StopRule) -> None:
        object.__setattr__(self, "rules", _some(rules))

    def __call__(self, view: PoolView) -> StopReason | None:
        return next((reason for rule in self.rules if (reason := rule(view)) is not None), None)


@dataclass(frozen=True, slots=True)
class AllOf:
    """End when all of the rules say so, for the reason of the last one."""

    rules: tuple[StopRule, ...]

    def __init__(self, *rules: StopRule) -> None:
        object.__setattr__(self, "rules", _some(rules))

    def __call__(self, view: PoolView) -> StopReason | None:
        reason: StopReason | None = None
        for rule in self.rules:
            reason = rule(view)
            if reason is None:
                return None
        return reason


def _some(rules: tuple[StopRule, ...]) -> tuple[StopRule, ...]:
    if not rules:
        raise UsageError("A combination of stop rules names none", "Give at least one rule")
    return rules
