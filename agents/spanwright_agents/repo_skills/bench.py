"""The repository `wharf`, a small one of our own that calculates freight, and its tasks."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from spanwright import Evals
from spanwright_evaluators.repository import About, Assignment, Repository, Task, Work, evals_of, files_of, tasks_of

HERE: Final = Path(__file__).parent
WHARF: Final = HERE / "wharf"
TASKS: Final = HERE / "tasks.jsonl"


@cache
def read_repository(*, without_sandbox: bool = False) -> Repository:
    """Read the repository, once."""
    return Repository(
        files=files_of(WHARF), tests="checks/check_*.py", command="python -m checks", without_sandbox=without_sandbox
    )


@cache
def tasks() -> Mapping[str, Task]:
    """Return the tasks by their ids."""
    return {task.id: task for task in tasks_of(TASKS)}


def evals_on(repository: Repository) -> Evals[Assignment, Work, About]:
    """Return the eval set, judged by the tests of a repository."""
    return evals_of(repository, tuple(tasks().values()))
