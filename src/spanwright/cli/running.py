"""Run an optimization from the command line: Ctrl-C once drains, twice cancels, and both say how to resume."""

import shlex
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import TypeVar, cast

import anyio
import typer

from spanwright import baselines
from spanwright.api import Run, Ways, interruptible, optimize, optimize_task
from spanwright.api.elsewhere import AnyEvals
from spanwright.baselines import Baseline
from spanwright.cli.bounding import components_of, set_tools
from spanwright.cli.exits import ExitCode
from spanwright.cli.invocation import Invocation, keep
from spanwright.cli.loading import deps_of, evals_of
from spanwright.cli.modelling import Cast, agents_of, cast_of, played_by
from spanwright.cli.options import DEFAULT_STORE, Backend, Rules, Watching
from spanwright.cli.placing import executor_of
from spanwright.cli.printing import fitted
from spanwright.cli.restating import named as named_store
from spanwright.cli.restating import started
from spanwright.cli.staging import Stage, staged
from spanwright.core.events import Event, RunResumed, RunStarted, StopReason
from spanwright.engine import Stop
from spanwright.errors import UsageError, UserBug
from spanwright.report import ProgressMode, Result
from spanwright.report.tracking import Tracker
from spanwright.search import Policy, PolicySettings
from spanwright.store import SqliteStore
from spanwright.subject import TextTask
from spanwright.telemetry import Export

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """Where a run is kept, and what is shown of it."""

    store: Path = DEFAULT_STORE
    as_json: bool = False
    quiet: bool = False
    watching: Watching = Watching.AUTO

    @property
    def progress(self) -> ProgressMode | None:
        """How to show progress; None: only where somebody looks on."""
        if self.quiet:
            return ProgressMode.QUIET
        if self.as_json and self.watching is Watching.AUTO:
            return None
        return ProgressMode(self.watching)

    @property
    def prose_to_stderr(self) -> bool:
        """Whether a person's words go to stderr, because a program reads stdout."""
        return self.as_json


def new_name(label: str) -> str:
    """Return a name for a new run."""
    return f"{label}-{time.strftime('%Y%m%d-%H%M%S')}-{token_hex(2)}"


def carry_out(invocation: Invocation, manner: Manner, evals: AnyEvals | None = None) -> Result:
    """Run to the end or to a stop, from where the run stands; `evals` replaces the invocation's.

    Raises errors of ours. A run that was cancelled comes back with what it had found.
    """
    stage = staged(invocation)
    subject = stage.subject
    models = cast_of(invocation, coding=isinstance(subject, TextTask))
    stop = Stop()
    stop.listen(partial(_draining, invocation, manner))
    how = Run(
        name=invocation.run,
        concurrency=invocation.concurrency,
        executor=executor_of(invocation),
        observers=[partial(_keep, invocation, manner)],
        progress=manner.progress,
        lessons_from=invocation.lessons_from,
        export=_export(invocation),
        trackers=[Tracker.named(spec) for spec in invocation.track],
    )
    if isinstance(subject, TextTask):
        work = partial(optimize_task, subject, _ways(invocation, manner, models, how, stop))
    else:
        work = partial(
            cast("Callable[..., Awaitable[Result]]", optimize),
            played(invocation, stage, models),
            evals or stage.evals or evals_of(invocation),
            deps=deps_of(invocation.deps),
            budget=invocation.budget,
            reflection_model=models.reflection,
            components=components_of(invocation),
            objective=invocation.objective,
            policy=policy_of(invocation),
            evidence=invocation.evidence,
            store=manner.store,
            run=how,
            stop=stop,
        )
    try:
        return anyio.run(interruptible, partial(with_open, models, work), stop)
    except KeyboardInterrupt:
        return _as_far_as_it_came(invocation, manner)
    except UserBug:
        typer.echo(f"Once it is fixed, go on with: {resuming(invocation.run, manner)}", err=True)
        raise


def played(invocation: Invocation, stage: Stage, models: Cast) -> object:
    """Return the subject with the models and the rules for tools that the invocation names."""
    made = played_by(stage.subject, models.task)
    for agent in stage.helpers if models.helper is not None else ():
        agent.model = models.helper
    if invocation.tools is not None:
        set_tools(agents_of(made), invocation.tools)
    return made


def _ways(invocation: Invocation, manner: Manner, models: Cast, how: Run, stop: Stop) -> Ways:
    return Ways(
        budget=invocation.budget,
        reflection_model=models.reflection,
        policy=policy_of(invocation),
        store=manner.store,
        run=how,
        stop=stop,
    )


def conclude(result: Result, manner: Manner) -> ExitCode:
    """Print a result and return the exit code that it stands for."""
    typer.echo(result.to_json() if manner.as_json else fitted(str(result)))
    if not result.complete:
        typer.echo(f"Resume with: {resuming(result.run, manner)}", err=True)
        return ExitCode.PAUSED
    if not manner.as_json and manner.progress not in {ProgressMode.QUIET, ProgressMode.JSON}:
        run, stored = shlex.quote(result.run), store_option(manner.store)
        page = " ".join(["spanwright report", run, "-o report.html", *stored])
        summary = " ".join(["spanwright show", run, "--markdown", *stored])
        typer.echo(f"  to look at: {page}\n  for a pull request: {summary}", err=True)
    return ExitCode.BETTER if result.improved else ExitCode.NOT_BETTER


def write_summary(result: Result, path: Path, store: Path) -> None:
    """Add the summary of a result to a file, as CI shows it. Raises UsageError where that cannot be written."""
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(result.to_markdown(command=started(store, result.run), store=named_store(store)))
    except OSError as error:
        raise UsageError(
            f"the summary {path} cannot be written: {error.strerror}",
            f"Write it elsewhere: spanwright show {result.run} --markdown",
        ) from error


def resuming(run: str, manner: Manner) -> str:
    """Return the command that goes on with a run."""
    return " ".join(["spanwright resume", shlex.quote(run), *store_option(manner.store)])


def store_option(store: Path) -> Sequence[str]:
    """Return what a further command must say to find the same store."""
    return () if store == DEFAULT_STORE else ("--store", shlex.quote(str(store)))


async def with_open(models: Cast, work: Callable[[], Awaitable[Done]]) -> Done:
    """Do the work, and close the models' connections."""
    async with AsyncExitStack() as stack:
        for model in models.named:
            await stack.enter_async_context(model)
        return await work()


def _keep(invocation: Invocation, manner: Manner, event: Event) -> None:
    """Note how the run is to be resumed, once it has begun: not before, it may be refused."""
    if isinstance(event, RunStarted | RunResumed):
        keep(manner.store, invocation)


def _draining(invocation: Invocation, manner: Manner) -> None:
    typer.echo(
        "Stopping: what is in flight is finished. Ctrl-C again cancels it at once."
        f" Resume later with: {resuming(invocation.run, manner)}",
        err=True,
    )


def _as_far_as_it_came(invocation: Invocation, manner: Manner) -> Result:
    try:
        events = SqliteStore(manner.store).reader.events(invocation.run)
        return Result.from_events(events, paused_by=StopReason.STOPPED)
    except UsageError as error:
        typer.echo("Cancelled before the run began.", err=True)
        raise typer.Exit(ExitCode.ERROR) from error


def _export(invocation: Invocation) -> Export | bool:
    if invocation.export is None:
        return False
    match Backend(invocation.export):
        case Backend.OTLP:
            return True
        case Backend.MLFLOW:
            return Export.mlflow()
        case Backend.PHOENIX:
            return Export.phoenix()


def policy_of(invocation: Invocation) -> Baseline:
    """Return how an invocation searches, and who writes for it."""
    settings = PolicySettings(seed=invocation.seed)
    if invocation.ordered:
        settings["schedule"] = "ordered"
    makers: Mapping[Rules, Callable[..., Policy | Baseline]] = {
        Rules.DEFAULT: Policy.default,
        Rules.GEPA: Policy.gepa,
        Rules.BEST_OF_N: Policy.best_of_n,
        Rules.GREEDY: baselines.greedy,
        Rules.OPRO: baselines.opro,
        Rules.RANDOM_SEARCH: baselines.random_search,
        Rules.FEW_SHOT: baselines.few_shot,
        Rules.BEAM: baselines.beam,
        Rules.MIPRO: baselines.mipro,
    }
    made = makers[Rules(invocation.policy)](**settings)
    return made if isinstance(made, Baseline) else Baseline(policy=made)
