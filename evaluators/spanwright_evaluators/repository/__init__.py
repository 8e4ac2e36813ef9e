"""Tasks of a repository, judged by its own tests: a folder, patches and a way to run the tests become an eval set.

    repository = Repository.read("wharf", tests="checks/check_*.py", command="python -m checks")
    evals = evals_of(repository, tasks_of("tasks.jsonl"))

    @optimizable(agents=[coder])
    async def solve(assignment: Assignment) -> Work:
        copy = WorkingCopy.of(repository, tasks[assignment.task])
        return copy.work((await coder.run(assignment.issue, deps=copy)).output)

A coding agent works on a copy in memory, with `TOOLS`; whatever runs, runs in the sandbox.
"""

from spanwright_evaluators.repository.copies import TOOLS, Work, WorkingCopy
from spanwright_evaluators.repository.judging import About, Assignment, Passes, evals_of, verdict
from spanwright_evaluators.repository.patches import PatchFailed, diff, patched, reverse
from spanwright_evaluators.repository.repository import Repository, Shown, Tested
from spanwright_evaluators.repository.tasks import Task, flaw, tasks_of

__all__ = [
    "TOOLS",
    "About",
    "Assignment",
    "Passes",
    "PatchFailed",
    "Repository",
    "Shown",
    "Task",
    "Tested",
    "Work",
    "WorkingCopy",
    "diff",
    "evals_of",
    "flaw",
    "patched",
    "reverse",
    "tasks_of",
    "verdict",
]
