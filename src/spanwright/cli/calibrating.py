"""Calibrate from the command line: the agent against itself, told before it starts, in words or as JSON."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import cast

import anyio
import typer

from spanwright.api import Run, calibrate, interruptible
from spanwright.cli.exits import ExitCode
from spanwright.cli.invocation import Invocation
from spanwright.cli.loading import deps_of, evals_of
from spanwright.cli.modelling import cast_of, played_by
from spanwright.cli.running import Manner, policy_of, with_open
from spanwright.engine import Stop
from spanwright.report import NoiseFloor
from spanwright.subject import named


def measure(invocation: Invocation, manner: Manner, *, repeats: int) -> int:
    """Calibrate, print what came of it, and return the exit code. The invocation's budget is the one to be planned."""
    models = cast_of(invocation)
    stop = Stop()
    work = partial(
        cast("Callable[..., Awaitable[NoiseFloor]]", calibrate),
        played_by(named(invocation.subject), models.task),
        evals_of(invocation),
        deps=deps_of(invocation.deps),
        repeats=repeats,
        budget=invocation.budget,
        objective=invocation.objective,
        policy=policy_of(invocation).policy,
        store=manner.store,
        run=Run(name=invocation.run, concurrency=invocation.concurrency, progress=manner.progress),
        stop=stop,
    )
    floor = anyio.run(interruptible, partial(with_open, models, work), stop)
    typer.echo(floor.to_json() if manner.as_json else str(floor))
    return ExitCode.BETTER if floor.complete else ExitCode.PAUSED
