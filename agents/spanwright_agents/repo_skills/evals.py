"""The issues of the repository, judged by its tests: `tasks.jsonl` as an eval set."""

from spanwright import Evals
from spanwright_agents.repo_skills.bench import evals_on, read_repository
from spanwright_evaluators.repository import About, Assignment, Work


def issues() -> Evals[Assignment, Work, About]:
    """Return the eval set. Raises UsageError where there is no sandbox."""
    return evals_on(read_repository())
