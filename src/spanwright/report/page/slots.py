"""How much was under way at the same time: what the slots of a run were worth."""

from typing import TypeAlias

import numpy as np

from spanwright.report.page.gathering import Gathering, Stretches
from spanwright.report.page.model import Slots

STEPS = 240
"""Steps into which the time of a run is divided."""

Floats: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"


def slots_of(gathering: Gathering) -> Slots:
    """Return how many rollouts and reflections were under way in each step of the run."""
    rollouts, reflections = gathering.rollouts, gathering.reflections
    end = max((gathering.chronicle.seconds, *rollouts.ended[-1:], *reflections.ended[-1:]))
    if end <= 0 or not rollouts.ended:
        return Slots()
    step = end / STEPS
    busy = _occupied(rollouts, step)
    return Slots(
        step=step,
        rollouts=tuple(busy.round(3).tolist()),
        reflections=tuple(_occupied(reflections, step).round(3).tolist()),
        most=_most(rollouts),
        mean=float(busy.mean()),
    )


def _occupied(stretches: Stretches, step: float) -> Floats:
    """Return how many were under way in each step, in the mean over the step."""
    edges = step * np.arange(STEPS + 1, dtype=np.float64)
    started, ended = (np.sort(np.array(each, np.float64)) for each in (stretches.started, stretches.ended))
    # The time that was worked before an edge: each stretch that began before it gives the time since, up to its end.
    worked = _before(started, edges) - _before(ended, edges)
    return np.diff(worked) / step


def _before(moments: Floats, edges: Floats) -> Floats:
    """Return for each edge the summed time since those moments that lie before it."""
    counts = np.searchsorted(moments, edges)
    sums = np.concatenate((np.zeros(1), np.cumsum(moments)))
    return counts * edges - sums[counts]


def _most(stretches: Stretches) -> int:
    moments = np.concatenate((np.array(stretches.ended), np.array(stretches.started)))
    changes = np.concatenate((-np.ones(len(stretches.ended), int), np.ones(len(stretches.started), int)))
    return int(np.cumsum(changes[np.lexsort((changes, moments))]).max(initial=0))
