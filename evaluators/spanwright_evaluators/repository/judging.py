"""The verdict on an agent's work: the task's tests, those that it does not see among them, run on what it left behind.

Feedback is what a colleague sees in a build: which tests fail, with what they say. The patch that is known to be right
is told to nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from anyio import to_thread
from pydantic_evals import Case

from spanwright import Evals, Score, Trace
from spanwright_evaluators.repository.copies import Work
from spanwright_evaluators.repository.repository import Repository, Tested
from spanwright_evaluators.repository.tasks import Task, stands_for

_SHOWN = 4
_LONGEST = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a case hands to the program: which task, and what it is told."""

    task: str
    issue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is known of a case besides: nothing that gives its solution away."""

    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passes:
    """The metric: the share of the task's tests that pass, where those that the work broke count as the task's, too.

    The objective `resolved` is 1 where all pass.
    """

    repository: Repository
    tasks: Mapping[str, Task]

    async def __call__(self, case: Case[Assignment, Work, About], output: Work, trace: Trace) -> Score:
        """Judge one work."""
        task = self.tasks[case.inputs.task]
        files = {**task.begins(self.repository), **output.changed}
        left = {path: text for path, text in files.items() if path not in output.removed}
        found = await to_thread.run_sync(self.repository.tested, left, task.hidden)
        return verdict(self.repository, task, found)


def verdict(repository: Repository, task: Task, found: Tested) -> Score:
    """Return the score of test results, with what a build would say."""
    if found.broken:
        return Score(value=0.0, feedback=f"`{repository.command}`: {found.broken}", objectives={"resolved": 0.0})
    failing = {id: found.failed.get(id, _why(id, found)) for id in task.tests if id not in found.passed}
    broken = {id: said for id, said in found.failed.items() if id not in task.tests}
    broken = {id: said for id, said in broken.items() if not stands_for(id, failing)}
    total = len(task.tests) + len(broken)
    value = (len(task.tests) - len(failing)) / total
    resolved = float(not failing and not broken)
    return Score(
        value=value, feedback=_told(repository, {**broken, **failing}, total), objectives={"resolved": resolved}
    )


def evals_of(repository: Repository, tasks: Sequence[Task], *, seed: int = 0) -> Evals[Assignment, Work, About]:
    """Return the eval set of some tasks: the splits are drawn, and no group of tasks stands in two of them."""
    cases = [
        Case(
            name=task.id,
            inputs=Assignment(task=task.id, issue=task.issue),
            metadata=About(group=task.group or task.id),
        )
        for task in tasks
    ]
    return Evals(
        cases=cases,
        metric=Passes(repository=repository, tasks={task.id: task for task in tasks}),
        group=_group,
        seed=seed,
    )


def _group(case: Case[Assignment, Work, About]) -> str:
    return case.metadata.group if case.metadata is not None else ""


def _told(repository: Repository, failing: Mapping[str, str], total: int) -> str:
    if not failing:
        return f"all tests pass (`{repository.command}`)"
    lines = [f"- {id}: {_short(said)}" for id, said in list(failing.items())[:_SHOWN]]
    more = len(failing) - len(lines)
    return "\n".join(
        [
            f"{len(failing)} of {total} tests fail (`{repository.command}`, with tests for this task):",
            *lines,
            *([f"- and {more} more"] if more else []),
        ]
    )


def _short(said: str) -> str:
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST // 2]} [...] {said[-_LONGEST // 2 :]}"


def _why(id: str, found: Tested) -> str:
    """Return what is known of a test that did not run: its module could not be imported, for one."""
    return next((said for other, said in found.failed.items() if stands_for(other, (id,))), "it did not run")
