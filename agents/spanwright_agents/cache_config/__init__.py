"""A JSON configuration: how a service is sized, measured on generated days of requests."""

from spanwright_agents.cache_config.task import BEST_KNOWN, evaluate, task

__all__ = ["BEST_KNOWN", "evaluate", "task"]
