"""Tasks of a repository: what is broken or missing, which tests tell, and a patch that is known to be right.

The rows of a file are read as they are here, or as SWE-smith has them (`instance_id`, `problem_statement`, `patch` for
what breaks, `FAIL_TO_PASS`).
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from spanwright import UsageError
from spanwright_evaluators.repository.patches import patched, reverse
from spanwright_evaluators.repository.repository import Repository


class Task(BaseModel):
    """A task."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    id: str = Field(validation_alias=AliasChoices("id", "instance_id"))
    issue: str = Field(validation_alias=AliasChoices("issue", "problem_statement"))
    """What the agent is told."""
    breaks: str = Field(default="", validation_alias=AliasChoices("breaks", "patch"))
    """The patch that the copy begins with."""
    mends: str = ""
    """The patch that is known to be right after that; empty where it is to undo `breaks`."""
    hidden: Mapping[str, str] = Field(default_factory=dict)
    """Tests that the agent does not see, by their paths."""
    tests: Sequence[str] = Field(default=(), validation_alias=AliasChoices("tests", "FAIL_TO_PASS"))
    """The tests that fail before and pass afterwards."""
    group: str = ""
    """Tasks of one group never stand in two splits."""

    def begins(self, repository: Repository) -> Mapping[str, str]:
        """Return the files that the agent finds."""
        return patched(repository.files, self.breaks)

    def solved(self, repository: Repository) -> Mapping[str, str]:
        """Return the files as they are known to be right."""
        return patched(self.begins(repository), self.mends or reverse(self.breaks))


def tasks_of(path: Path | str) -> Sequence[Task]:
    """Read tasks from a file with a JSON object a line. Raises UsageError for one that is no task, with its line."""
    tasks: list[Task] = []
    for number, line in enumerate(_read(Path(path)).split("\n"), 1):
        if not line.strip():
            continue
        try:
            tasks.append(Task.model_validate_json(line))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise UsageError(
                f"line {number} of {path} is no task: {'.'.join(map(str, first['loc']))}: {first['msg']}",
                "A task has at least an id, an issue, a patch that breaks or mends, and tests",
            ) from error
    return tasks


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"the tasks {path} cannot be read: {error}", "Name a file with a task a line, in UTF-8"
        ) from error


def sound(repository: Repository, tasks: Sequence[Task]) -> Sequence[Task]:
    """Return the tasks. Raises UsageError where one of them proves nothing. It runs the tests twice a task."""
    if flawed := [f"{task.id}: {why}" for task in tasks if (why := flaw(repository, task))]:
        raise UsageError(
            f"{len(flawed)} of {len(tasks)} tasks prove nothing: {'; '.join(flawed[:3])}",
            "Leave them out, or mend their patches and tests",
        )
    return tasks


def flaw(repository: Repository, task: Task) -> str:
    """Return why a task proves nothing, "" for one that is sound. It runs the tests twice.

    Sound is a task whose tests all fail at the beginning, while all others pass, and all pass once it is solved.
    """
    if not task.tests:
        return "it names no tests that it is to turn"
    return _flaw_of_the_end(repository, task) or _flaw_of_the_beginning(repository, task)


def _flaw_of_the_end(repository: Repository, task: Task) -> str:
    after = repository.tested(task.solved(repository), task.hidden)
    missing = sorted({*task.tests} - after.passed)
    if after.broken:
        return f"solved, {after.broken}"
    if missing:
        return f"solved, {missing[0]} does not pass: {after.failed.get(missing[0], 'it did not run')}"
    return f"solved, {min(after.failed)} fails" if after.failed else ""


def _flaw_of_the_beginning(repository: Repository, task: Task) -> str:
    before = repository.tested(task.begins(repository), task.hidden)
    if before.broken:
        return f"nothing is done yet, and {before.broken}"
    if passing := sorted({*task.tests} & before.passed):
        return f"nothing is done yet, and {passing[0]} passes"
    others = sorted(each for each in before.failed if each not in task.tests and not stands_for(each, task.tests))
    return f"nothing is done yet, and {others[0]} fails, which is none of its tests" if others else ""


def stands_for(failure: str, tests: Iterable[str]) -> bool:
    """Say whether a failure is that of the whole module of some tests, which could not be imported.

    unittest names it by its last part, pytest by its path.
    """
    named = failure.removeprefix("unittest.loader._FailedTest.")
    return any(id != failure and id.startswith((f"{named}.", f"{named}::")) for id in tests)
