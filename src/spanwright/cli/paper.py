"""`spanwright paper`: run a task of the GEPA paper under its budget, and show its row beside the published ones."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from spanwright.cli.exits import ExitCode
from spanwright.cli.invocation import Invocation, PaperRun
from spanwright.cli.modelling import SIMULATED
from spanwright.cli.options import PaperTasks
from spanwright.cli.paper_row import Row, row_lines
from spanwright.cli.running import Manner, carry_out, conclude
from spanwright.errors import UsageError
from spanwright.report import Result
from spanwright.report.tree import Tree
from spanwright.store import SqliteReader
from spanwright.subject import named
from spanwright_agents.paper.published import published
from spanwright_agents.paper.task import PaperTask

QUICK_ROLLOUTS = 120
"""What a quick run spends, beside the test split."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A task, and where its data are."""

    task: PaperTasks
    data: Path | None = None
    download: bool = False
    quick: bool = False
    """Small data and a small budget, whoever plays."""
    helper_model: str | None = None
    model: str | None = None

    @property
    def reference(self) -> str:
        """The task as MODULE:NAME."""
        return f"spanwright_agents.paper.{self.task.value}:TASK"

    @property
    def simulated(self) -> bool:
        """Whether stand-ins play, because nobody named a model."""
        return self.model is None

    def found(self) -> PaperTask:
        """Return the task."""
        task = named(self.reference)
        assert isinstance(task, PaperTask)
        return task

    def staged(self) -> PaperRun:
        """Return where the data are, downloaded if that was asked for. Raises UsageError where there are none."""
        task = self.found()
        if self.quick or (self.simulated and self.data is None):
            return PaperRun(helper_model=self.helper_model)
        if self.data is None:
            raise UsageError(
                f"{task.title} needs its official data: {task.wanted}",
                "Say where they are with --data FOLDER, add --download to fetch them, or try --quick with small ones",
            )
        for source in task.sources if self.download else ():
            typer.echo(f"{source.file}: {source.licence}, {source.size}", err=True)
            source.download(self.data)
        return PaperRun(data=str(self.data), helper_model=self.helper_model)

    def rollouts(self) -> int:
        """Return the budget: the paper's and two passes over the test split, which the paper did not count."""
        task = self.found()
        if self.quick or (self.simulated and self.data is None):
            return QUICK_ROLLOUTS + 2 * task.few.test
        return task.budget + 2 * task.sizes.test


def reproduce(wanted: Wanted, invocation: Invocation, manner: Manner) -> ExitCode:
    """Run the task, print its row and the published ones, and return the exit code."""
    if wanted.simulated:
        typer.echo(_ABOUT_MODELS.format(task=wanted.task.value), err=manner.prose_to_stderr)
    result = carry_out(invocation, manner)
    row = _row(wanted, invocation, result, manner.store)
    if manner.as_json:
        record = {
            "task": wanted.task.value,
            "row": asdict(row) | {"tree": row.tree.record()},
            "published": asdict(published(wanted.task.value)),
            "result": json.loads(result.to_json()),
        }
        typer.echo(json.dumps(record, ensure_ascii=False, allow_nan=False))
        return _code(result)
    code = conclude(result, manner)
    typer.echo("")
    for line in row_lines(wanted.found(), row, published(wanted.task.value)):
        typer.echo(line)
    return code


_ABOUT_MODELS = """\
SIMULATED: the models are stand-ins and the data are small and invented, so no figure below says anything of a real
model. With real ones: spanwright paper {task} --model openai:gpt-4.1-mini --data FOLDER --download
"""


def _row(wanted: Wanted, invocation: Invocation, result: Result, store: Path) -> Row:
    staged = invocation.paper
    return Row(
        models="simulated models" if invocation.model == SIMULATED else str(invocation.model),
        simulated=invocation.model == SIMULATED,
        official=staged is not None and staged.data is not None,
        policy=result.policy,
        before=result.seed_test,
        after=result.best_test,
        cases=result.test.cases if result.test else 0,
        rollouts=result.rollouts,
        budget=wanted.found().budget,
        tree=Tree.of(SqliteReader(store).events(result.run)),
    )


def _code(result: Result) -> ExitCode:
    if not result.complete:
        return ExitCode.PAUSED
    return ExitCode.BETTER if result.improved else ExitCode.NOT_BETTER
