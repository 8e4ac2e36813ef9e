"""Spot or on-demand: a policy that finishes a job by its deadline on machines that are cheap and may vanish."""

from spanwright_agents.spot_scheduler.task import evaluate, task

__all__ = ["evaluate", "task"]
