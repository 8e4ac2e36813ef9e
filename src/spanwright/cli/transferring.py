"""`transfer`: seed and winner of a run on other models. How the run was started says the rest."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import cast

import anyio
import typer

from spanwright.api import Run, interruptible, transfer
from spanwright.cli.bounding import set_tools
from spanwright.cli.exits import ExitCode
from spanwright.cli.invocation import Invocation, recall
from spanwright.cli.loading import deps_of, evals_of
from spanwright.cli.modelling import Cast, agents_of, others_of
from spanwright.cli.running import Manner, with_open
from spanwright.core.usage import Budget
from spanwright.engine import Stop
from spanwright.errors import UsageError
from spanwright.report import Transferred
from spanwright.store import SqliteStore
from spanwright.subject import TextTask, named


def carry_over(
    run: str, models: Sequence[str], manner: Manner, *, base_url: str | None, budget: Budget, width: int
) -> int:
    """Measure a run's seed and winner on other models, print the table, and return the exit code."""
    invocation = _started(manner.store, run)
    subject = named(invocation.subject)
    if isinstance(subject, TextTask):
        raise UsageError(
            f"run {run!r} improved the text of {invocation.subject!r}, in which no agent asks a model",
            "Let its evaluate ask another model, and evaluate both texts",
        )
    if invocation.tools is not None:
        set_tools(agents_of(subject), invocation.tools)
    others = others_of(models, base_url, salt=invocation.seed)
    stop = Stop()
    stop.listen(lambda: typer.echo("Stopping: the same command goes on. Ctrl-C again cancels at once.", err=True))
    work = partial(
        cast("Callable[..., Awaitable[Transferred]]", transfer),
        run,
        subject,
        evals_of(invocation),
        models=others,
        deps=deps_of(invocation.deps),
        objective=invocation.objective,
        budget=budget,
        store=manner.store,
        run=Run(concurrency=width, progress=manner.progress),
        stop=stop,
    )
    found = anyio.run(interruptible, partial(with_open, Cast(others=others), work), stop)
    typer.echo(found.to_json() if manner.as_json else str(found))
    return ExitCode.BETTER if found.complete else ExitCode.PAUSED


def _started(store: Path, run: str) -> Invocation:
    """Return how a run was started. Raises UsageError for one that is unknown, or was started from Python."""
    if not store.exists():
        raise UsageError(f"there is no store {store}", "Optimize something first, or say which with --store")
    next(iter(SqliteStore(store).reader.events(run)), None)  # the store's own words for a run that it does not know
    try:
        return recall(store, run)
    except UsageError as error:
        raise UsageError(
            f"run {run!r} was not started from the command line, so its agent and evals are not known",
            "Call `await transfer(run, agent, evals, models=[...])` from Python",
        ) from error
