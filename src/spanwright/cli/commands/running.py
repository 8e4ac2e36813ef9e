"""What else spends rollouts: the demo, a calibration, going on with a run, a trial of an endpoint."""

from pathlib import Path
from typing import Annotated

import typer

from spanwright.cli.options import (
    DEFAULT_STORE,
    AsJson,
    BaseUrl,
    Concurrency,
    DepsOfCase,
    Evals,
    EvaluatorClasses,
    ExecutorOf,
    ExportTo,
    Group,
    Model,
    ObjectiveName,
    Ordered,
    Packaged,
    Policy,
    Progress,
    Quiet,
    ReflectionModel,
    Reflections,
    Rollouts,
    Rules,
    RunName,
    Seconds,
    Seed,
    Store,
    Subject,
    TrackBy,
    Usd,
    Watching,
)


def demo(
    agent: Annotated[Packaged, typer.Option(help="Which agent to optimize.")] = Packaged.SUPPORT_DESK,
    seed: Seed = 0,
    rollouts: Rollouts = None,
    concurrency: Concurrency = None,
    model: Model = None,
    reflection_model: ReflectionModel = None,
    base_url: BaseUrl = None,
    policy: Policy = Rules.DEFAULT,
    ordered: Ordered = False,
    store: Store = DEFAULT_STORE,
    export: ExportTo = None,
    executor: ExecutorOf = None,
    track: TrackBy = None,
    as_json: AsJson = False,
    progress: Progress = Watching.AUTO,
    quiet: Quiet = False,
) -> None:
    """Optimize an agent that comes along, with simulated models unless you name real ones."""
    from spanwright.cli.demo import exhibit, show_off
    from spanwright.cli.invocation import Invocation
    from spanwright.cli.modelling import SIMULATED
    from spanwright.cli.running import Manner, new_name

    simulated = model is None and base_url is None
    exhibited = exhibit(agent)
    invocation = Invocation(
        subject=exhibited.subject,
        evals=exhibited.evals,
        group=exhibited.group,
        run=new_name(f"demo-{agent.value}"),
        model=SIMULATED if simulated else model,
        reflection_model=SIMULATED if simulated and reflection_model is None else reflection_model,
        base_url=base_url,
        components=exhibited.components,
        rollouts=rollouts or exhibited.rollouts,
        concurrency=concurrency or 32,
        seed=seed,
        policy=policy.value,
        ordered=ordered or simulated,  # whoever runs the demo sees the same, on a busy machine, too
        export=None if export is None else export.value,
        executor=executor,
        track=tuple(track or ()),
    )
    raise typer.Exit(
        show_off(invocation, Manner(store=store, as_json=as_json, quiet=quiet, watching=progress), simulated)
    )


def calibrate(
    subject: Subject,
    evals: Evals,
    evaluator: EvaluatorClasses = None,
    deps: DepsOfCase = None,
    group: Group = None,
    objective: ObjectiveName = None,
    repeats: Annotated[int, typer.Option(min=2, help="How often each validation case is tried.")] = 4,
    model: Model = None,
    base_url: BaseUrl = None,
    rollouts: Annotated[
        int | None, typer.Option(min=1, help="The budget of the optimization that is planned; none of it is spent.")
    ] = None,
    concurrency: Concurrency = None,
    seed: Seed = 0,
    policy: Policy = Rules.DEFAULT,
    run: Annotated[str | None, typer.Option(help="A name; one that the store knows is resumed.")] = None,
    store: Store = DEFAULT_STORE,
    as_json: AsJson = False,
    progress: Progress = Watching.AUTO,
    quiet: Quiet = False,
) -> None:
    """Try an agent against itself: how noisy an eval set is, and which gains it could show."""
    from spanwright.cli.calibrating import measure
    from spanwright.cli.invocation import Invocation
    from spanwright.cli.running import Manner, new_name

    invocation = Invocation(
        subject=subject,
        evals=evals,
        run=run or new_name(f"calibration-{subject.rpartition(':')[2]}"),
        evaluators=tuple(evaluator or ()),
        deps=deps,
        group=group,
        objective=objective,
        model=model,
        base_url=base_url,
        rollouts=rollouts,
        concurrency=concurrency or 32,
        seed=seed,
        policy=policy.value,
    )
    raise typer.Exit(
        measure(
            invocation,
            Manner(store=store, as_json=as_json, quiet=quiet, watching=progress),
            repeats=repeats,
        )
    )


def resume(
    run: RunName,
    rollouts: Rollouts = None,
    reflections: Reflections = None,
    usd: Usd = None,
    seconds: Seconds = None,
    concurrency: Concurrency = None,
    store: Store = DEFAULT_STORE,
    export: ExportTo = None,
    executor: ExecutorOf = None,
    track: TrackBy = None,
    as_json: AsJson = False,
    progress: Progress = Watching.AUTO,
    quiet: Quiet = False,
) -> None:
    """Go on with a run that was paused or lost, as it was started; a new limit replaces the old one."""
    from spanwright.cli.invocation import Allowance, recall
    from spanwright.cli.running import Manner, carry_out, conclude

    allowance = Allowance(
        rollouts=rollouts,
        reflections=reflections,
        usd=usd,
        seconds=seconds,
        concurrency=concurrency,
        export=None if export is None else export.value,
        executor=executor,
        track=tuple(track or ()),
    )
    manner = Manner(store=store, as_json=as_json, quiet=quiet, watching=progress)
    raise typer.Exit(conclude(carry_out(allowance.over(recall(store, run)), manner), manner))


def transfer(
    run: RunName,
    model: Annotated[
        list[str],
        typer.Option(
            help="A model to try seed and winner on, like openai:gpt-5; can be repeated. `simulated:sim-task-small` and"
            " `simulated` are offline stand-ins.",
            rich_help_panel="Models",
        ),
    ],
    base_url: BaseUrl = None,
    usd: Usd = None,
    seconds: Seconds = None,
    concurrency: Concurrency = None,
    store: Store = DEFAULT_STORE,
    as_json: AsJson = False,
    progress: Progress = Watching.AUTO,
    quiet: Quiet = False,
) -> None:
    """Try seed and winner of a run on other models, by its test split; what was interrupted goes on."""
    from spanwright.cli.running import Manner
    from spanwright.cli.transferring import carry_over
    from spanwright.core.usage import Budget

    manner = Manner(store=store, as_json=as_json, quiet=quiet, watching=progress)
    budget = Budget(usd=usd, seconds=seconds)
    raise typer.Exit(carry_over(run, model, manner, base_url=base_url, budget=budget, width=concurrency or 32))


def live(
    base_url: BaseUrl = None,
    model: Model = None,
    reflection_model: ReflectionModel = None,
    rollouts: Annotated[int, typer.Option(min=40, help="Rollouts for each agent.")] = 60,
    folder: Annotated[Path, typer.Option("--folder", metavar="DIR", help="Where the page is written.")] = Path(
        "docs/live"
    ),
    store: Store = DEFAULT_STORE,
) -> None:
    """Optimize the agents that come along against a real endpoint, and write a dated page about it."""
    if not base_url or not model:
        typer.echo("No endpoint, nothing to do: give --base-url (an OpenAI-compatible server) and --model (its model).")
        return
    from spanwright.cli.live import Endpoint, try_out

    endpoint = Endpoint(base_url=base_url, model=model, reflection_model=reflection_model)
    raise typer.Exit(try_out(endpoint, rollouts=rollouts, folder=folder, store=store))
