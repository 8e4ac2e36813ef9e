"""How noisy an eval set is, as a calibration measured it, and what that speaks against."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from spanwright.core.events import Event, RolloutEnded
from spanwright.core.rollout import Purpose
from spanwright.search.sensitivity import Noise, noise


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """What is known of an agent on its cases before it is searched for a better one."""

    run: str
    """The calibration's."""
    noise: Noise

    @classmethod
    def from_events(cls, events: Iterable[Event], *, run: str) -> "Calibrated | None":
        """Read it from a calibration's events; None where no case was scored twice."""
        found = noise(scores_of(events))
        return None if math.isnan(found.within) else cls(run=run, noise=found)

    def warnings(self, smallest_gain: float | None) -> tuple[str, ...]:
        """Return what speaks against searching, where the finals show gains of `smallest_gain`."""
        found = self.noise
        if not found.within and not found.between:
            each = f"each case scored {found.mean:.2f}, each time"
            return (f"{each}: at the best score there is nothing to gain, at another one the metric may be constant",)
        within_reach = max(0.0, 1.0 - found.mean) if 0 <= found.mean <= 1 else None
        if within_reach is None or smallest_gain is None or smallest_gain <= within_reach:
            return ()
        noisy = (
            f"the finals would show a gain of {smallest_gain:.2f}, and no more than {within_reach:.2f} is left to gain"
        )
        return (f"too noisy: {noisy}: give more rollouts, or a metric that is less of a coin",)


def scores_of(events: Iterable[Event]) -> Mapping[str, Sequence[float]]:
    """Return the scores of each case in a calibration, in the order in which they came."""
    scores: dict[str, list[float]] = {}
    for event in events:
        if isinstance(event, RolloutEnded) and event.rollout.purpose is Purpose.CALIBRATION and event.rollout.score:
            scores.setdefault(event.rollout.key.case, []).append(event.rollout.score.value)
    return scores
