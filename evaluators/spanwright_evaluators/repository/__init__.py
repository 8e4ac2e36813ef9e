"""Tasks of a repository, judged by its own tests: a folder, patches and a way to run the tests become an eval set.

    repository = Repository(files=files_of("wharf"), tests="checks/check_*.py", command="python -m checks")
    tasks = sound(repository, tasks_of("tasks.jsonl"))
    evals = evals_of(repository, tasks)

    by_id = {task.id: task for task in tasks}

    @optimizable(agents=[coder])
    async def solve(assignment: Assignment) -> Work:
        copy = WorkingCopy.of(repository, by_id[assignment.task])
        return copy.work((await coder.run(assignment.issue, deps=copy)).output)

A coding agent works on a copy in memory, with `TOOLS`; whatever runs, runs in the sandbox.
"""

from spanwright_evaluators.repository.copies import TOOLS, Work, WorkingCopy
from spanwright_evaluators.repository.judging import About, Assignment, Passes, evals_of, verdict
from spanwright_evaluators.repository.patches import PatchFailed, diff, patched, reverse
from spanwright_evaluators.repository.repository import Repository, Shown, Tested, files_of
from spanwright_evaluators.repository.tasks import Task, flaw, sound, tasks_of

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
    "files_of",
    "flaw",
    "patched",
    "reverse",
    "sound",
    "tasks_of",
    "verdict",
]
