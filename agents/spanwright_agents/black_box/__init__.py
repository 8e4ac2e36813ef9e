"""Black-box minimization: a program that finds the minimum of functions that it can only ask for values."""

from spanwright_agents.black_box.task import evaluate, task

__all__ = ["evaluate", "task"]
