"""Routing of a broadcast between cloud regions: every target gets the data, and every link is paid for once."""

from spanwright_agents.broadcast.task import evaluate, task

__all__ = ["evaluate", "task"]
