"""Optimize an agent on evals, or a text that a function measures."""

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
    Forbidden,
    Group,
    High,
    Least,
    Low,
    MaxMore,
    MaxTokens,
    Model,
    Most,
    NoRegression,
    ObjectiveName,
    Ordered,
    Pinned,
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
    Subject,
    ToolsMode,
    TrackBy,
    Usd,
    Watching,
)


def optimize(
    subject: Subject,
    evals: Evals,
    evaluator: EvaluatorClasses = None,
    deps: DepsOfCase = None,
    group: Group = None,
    objective: ObjectiveName = None,
    low: Low = None,
    high: High = None,
    most: Most = None,
    least: Least = None,
    components: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB", help="What may change, like 'support/tool:*', or all; can be repeated. See `components`."
        ),
    ] = None,
    pin: Pinned = None,
    max_tokens: MaxTokens = None,
    forbid: Forbidden = None,
    max_more: MaxMore = None,
    no_regression: NoRegression = None,
    tools: ToolsMode = None,
    evidence: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Traces that were recorded before, imported or any OTLP: reflections see them, too."
        ),
    ] = None,
    lessons_from: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="An earlier run in the same store, whose lessons this one begins with."),
    ] = None,
    model: Model = None,
    reflection_model: ReflectionModel = None,
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
    save: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the winner as a champion file.")] = None,
    summary: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Add a summary in Markdown to a file, like $GITHUB_STEP_SUMMARY."),
    ] = None,
    export: ExportTo = None,
    executor: ExecutorOf = None,
    track: TrackBy = None,
    as_json: AsJson = False,
    progress: Progress = Watching.AUTO,
    quiet: Quiet = False,
) -> None:
    """Optimize an agent on an eval set."""
    from spanwright.cli.invocation import Invocation
    from spanwright.cli.running import Manner, carry_out, conclude, new_name, write_summary
    from spanwright.cli.saving import check_place
    from spanwright.cli.wanting import goals_of

    check_place(save)
    invocation = Invocation(
        subject=subject,
        evals=evals,
        run=run or new_name(subject.rpartition(":")[2]),
        evaluators=tuple(evaluator or ()),
        deps=deps,
        group=group,
        objective=objective,
        evidence=None if evidence is None else str(evidence),
        lessons_from=lessons_from,
        goals=goals_of(low or (), high or (), most or (), least or ()),
        components=tuple(components or ()),
        pinned=tuple(pin or ()),
        max_tokens=tuple(max_tokens or ()),
        forbid=tuple(forbid or ()),
        max_more=tuple(max_more or ()),
        no_regression=tuple(no_regression or ()),
        tools=None if tools is None else tools.value,
        model=model,
        reflection_model=reflection_model,
        base_url=base_url,
        rollouts=rollouts,
        reflections=reflections,
        usd=usd,
        seconds=seconds,
        concurrency=concurrency or 32,
        seed=seed,
        policy=policy.value,
        ordered=ordered,
        export=None if export is None else export.value,
        executor=executor,
        track=tuple(track or ()),
    )
    manner = Manner(store=store, as_json=as_json, quiet=quiet, watching=progress)
    result = carry_out(invocation, manner)
    if save is not None:
        result.save(save)
    if summary is not None:
        write_summary(result, summary, store)
    raise typer.Exit(conclude(result, manner))


def text(
    task: Annotated[str, typer.Argument(metavar="MODULE:NAME", help="A spanwright TextTask: a seed and its evaluate.")],
    reflection_model: Annotated[
        str | None,
        typer.Option(
            help="The model that writes, like openai:gpt-5; `simulated` is an offline coder for the packaged tasks.",
            rich_help_panel="Models",
        ),
    ] = None,
    base_url: BaseUrl = None,
    rollouts: Annotated[int | None, typer.Option(min=1, help="The most evaluations.", rich_help_panel="Budget")] = None,
    reflections: Reflections = None,
    usd: Usd = None,
    seconds: Seconds = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="The most evaluations at once; 32 unless said.", rich_help_panel="Budget")
    ] = None,
    seed: Seed = 0,
    policy: Policy = Rules.DEFAULT,
    ordered: Ordered = False,
    run: Annotated[str | None, typer.Option(help="A name for the run; one that the store knows is resumed.")] = None,
    store: Store = DEFAULT_STORE,
    save: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the best text, if there is one text.")
    ] = None,
    export: ExportTo = None,
    track: TrackBy = None,
    as_json: AsJson = False,
    progress: Progress = Watching.AUTO,
    quiet: Quiet = False,
) -> None:
    """Optimize any text that a function can measure: a program, a prompt, a policy, a configuration."""
    from spanwright.cli.invocation import Invocation
    from spanwright.cli.running import Manner, carry_out, conclude, new_name
    from spanwright.cli.saving import check_place, save_text
    from spanwright.cli.texts import check_task

    check_place(save)
    check_task(task, saved=save is not None)
    invocation = Invocation(
        subject=task,
        evals="",
        run=run or new_name(task.rpartition(":")[2]),
        reflection_model=reflection_model,
        base_url=base_url,
        rollouts=rollouts,
        reflections=reflections,
        usd=usd,
        seconds=seconds,
        concurrency=concurrency or 32,
        seed=seed,
        policy=policy.value,
        ordered=ordered,
        export=None if export is None else export.value,
        track=tuple(track or ()),
    )
    manner = Manner(store=store, as_json=as_json, quiet=quiet, watching=progress)
    result = carry_out(invocation, manner)
    if save is not None:
        save_text(save, result.best_text)
    raise typer.Exit(conclude(result, manner))
