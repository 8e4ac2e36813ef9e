"""Generated traces of a spot market, a job that is run on it by a policy, and what hindsight would have paid.

Made up by us: hours in which spot machines are there come in stretches, some markets are calm and some are not.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Literal, TypeAlias

STEP = 0.25
"""Hours of a step."""
SPOT, ON_DEMAND = 0.3, 1.0
"""Dollars an hour."""
Machine: TypeAlias = Literal["spot", "on_demand", "wait"]
Policy: TypeAlias = Callable[[float, float, bool, str, float], object]
"""(hours left, work left in hours, whether spot is there, what is running, overhead of a start in hours) -> machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work with a deadline, on a market whose future the policy does not know."""

    there: tuple[bool, ...]
    """Whether spot machines are there, step by step until the deadline."""
    work: float
    """Hours of work."""
    overhead: float
    """Hours that a machine takes to start, or to start anew."""


def job(market: int, number: int) -> Job:
    """Generate a job on one of the markets: 0 is calm, higher ones are scarcer and change more often."""
    drawn = Random(f"spot {market} {number}")
    work = drawn.choice((8.0, 12.0, 16.0))
    deadline = work * drawn.choice((1.15, 1.3, 1.6))
    stays, returns = (0.97, 0.9, 0.85)[market], (0.3, 0.15, 0.08)[market]
    there, steps = drawn.random() < 0.7, list[bool]()
    for _ in range(math.ceil(deadline / STEP)):
        there = drawn.random() < (stays if there else returns)
        steps.append(there)
    return Job(there=tuple(steps), work=work, overhead=drawn.choice((0.0, 0.25)))


def cost_of(job: Job, policy: Policy) -> float:
    """Return what a policy pays. Raises ValueError where it answers nonsense or misses the deadline."""
    paid, left, running, starting = 0.0, job.work, "wait", 0.0
    for step, there in enumerate(job.there):
        if left <= 1e-9:
            break
        hours = (len(job.there) - step) * STEP
        wanted = policy(hours, left, there, running if running != "spot" or there else "wait", job.overhead)
        if wanted not in ("spot", "on_demand", "wait"):
            raise ValueError(f"it decided {wanted!r}, which is none of spot, on_demand, wait")
        machine = "wait" if wanted == "spot" and not there else str(wanted)
        if machine != "wait" and (machine != running or not (there or machine == "on_demand")):
            starting = job.overhead
        running = machine
        if machine == "wait":
            continue
        worked = max(0.0, STEP - starting)
        starting = max(0.0, starting - STEP)
        left -= worked
        paid += STEP * (SPOT if machine == "spot" else ON_DEMAND)
    if left > 1e-9:
        raise ValueError(f"{left:.2f} hours of work are left at the deadline")
    return paid


def hindsight(job: Job) -> float:
    """Return the least that anybody could have paid who knew the whole trace."""
    units = round(job.work / STEP)
    lag = round(job.overhead / STEP)

    @cache
    def least(step: int, left: int, running: str, starting: int) -> float:
        if left <= 0:
            return 0.0
        if step == len(job.there) or left > len(job.there) - step:
            return math.inf
        options = [least(step + 1, left, "wait", 0)]
        for machine, price in (("spot", SPOT), ("on_demand", ON_DEMAND)):
            if machine == "spot" and not job.there[step]:
                continue
            wait = starting if machine == running else lag
            options.append(STEP * price + least(step + 1, left if wait else left - 1, machine, max(0, wait - 1)))
        return min(options)

    return least(0, units, "wait", 0)
