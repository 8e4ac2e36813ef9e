"""Circle packing: a program that places circles in the unit square such that their radii add up to as much as can be."""

from spanwright_agents.circle_packing.task import BEST_KNOWN, evaluate, task

__all__ = ["BEST_KNOWN", "evaluate", "task"]
