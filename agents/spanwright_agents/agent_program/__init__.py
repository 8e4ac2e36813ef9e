"""Architecture search: the text is the source of a small pydantic-ai program, and is measured on word problems."""

from spanwright_agents.agent_program.task import BEST_KNOWN, evaluate, task, task_for

__all__ = ["BEST_KNOWN", "evaluate", "task", "task_for"]
