"""The options of `spanwright paper`. What it does is in `cli/paper.py`, imported when the command is given."""

from pathlib import Path
from typing import Annotated

import typer

from spanwright.cli.options import (
    DEFAULT_STORE,
    AsJson,
    BaseUrl,
    Concurrency,
    ExportTo,
    Model,
    Ordered,
    PaperTasks,
    Policy,
    Progress,
    Quiet,
    ReflectionModel,
    Reflections,
    Rollouts,
    Rules,
    Seconds,
    Seed,
    Store,
    Usd,
    Watching,
)


def paper(
    task: Annotated[PaperTasks, typer.Argument(metavar="TASK", help="One of: " + ", ".join(PaperTasks) + ".")],
    data: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where the official data are; the message says which and how.")
    ] = None,
    download: Annotated[
        bool, typer.Option("--download", help="Fetch what is missing in that folder from its official address.")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Small invented data and a small budget: only to see that it works.")
    ] = False,
    model: Model = None,
    reflection_model: ReflectionModel = None,
    helper_model: Annotated[
        str | None,
        typer.Option(
            help="Judges and untrusted models (of pupa); by default the paper's, openai:gpt-4.1-mini.",
            rich_help_panel="Models",
        ),
    ] = None,
    base_url: BaseUrl = None,
    rollouts: Rollouts = None,
    reflections: Reflections = None,
    usd: Usd = None,
    seconds: Seconds = None,
    concurrency: Concurrency = None,
    seed: Seed = 0,
    policy: Policy = Rules.DEFAULT,
    ordered: Ordered = False,
    run: Annotated[str | None, typer.Option(help="A name for the run; one that the store knows is resumed.")] = None,
    store: Store = DEFAULT_STORE,
    export: ExportTo = None,
    as_json: AsJson = False,
    progress: Progress = Watching.AUTO,
    quiet: Quiet = False,
) -> None:
    """Run a task of the GEPA paper under its budget, and print its row beside the published ones.

    Without --model the models are simulated and the data invented: it shows the row, and says nothing of real models.
    """
    from spanwright.cli.invocation import Invocation
    from spanwright.cli.modelling import SIMULATED
    from spanwright.cli.paper import Wanted, reproduce
    from spanwright.cli.running import Manner, new_name

    wanted = Wanted(
        task=task, data=data, download=download, quick=quick, helper_model=helper_model, model=model or base_url
    )
    simulated = wanted.simulated
    invocation = Invocation(
        subject=wanted.reference,
        evals="",
        paper=wanted.staged(),
        run=run or new_name(f"paper-{task.value}"),
        model=SIMULATED if simulated else model,
        reflection_model=SIMULATED if simulated else reflection_model,
        base_url=base_url,
        rollouts=rollouts or wanted.rollouts(),
        reflections=reflections,
        usd=usd,
        seconds=seconds,
        concurrency=concurrency or 32,
        seed=seed,
        policy=policy.value,
        ordered=ordered or simulated,  # whoever looks at it without a model sees the same
        export=None if export is None else export.value,
    )
    raise typer.Exit(
        reproduce(wanted, invocation, Manner(store=store, as_json=as_json, quiet=quiet, watching=progress))
    )
