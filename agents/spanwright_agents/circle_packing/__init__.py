"""Circle packing: a program that places circles in the unit square; the more their radii add up to, the better."""

from spanwright_agents.circle_packing.task import BEST_KNOWN, evaluate, task

__all__ = ["BEST_KNOWN", "evaluate", "task"]
