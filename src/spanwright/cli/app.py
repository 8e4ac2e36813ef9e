"""The commands and their options. What each does is in a module of its own, imported when the command is given."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from spanwright.cli.exits import Commands
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
    Packaged,
    Pinned,
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
    ToolsMode,
    Usd,
    Watching,
)
from spanwright.cli.storing import app as store_commands

app = typer.Typer(
    name="spanwright",
    cls=Commands,
    help="Make tool-using pydantic-ai agents better from their own traces.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
SpansFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="OTLP: JSON lines or protobuf, plain, .gz or .zst.", show_default=False)
]
traces = typer.Typer(no_args_is_help=True, help="Look into the rollouts of a run, or into a file of spans.")
app.add_typer(traces, name="traces")
app.add_typer(store_commands, name="store")


def main() -> None:
    """Run the command line."""
    app()


@app.command()
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
        components=("all",),
        rollouts=rollouts or exhibited.rollouts,
        concurrency=concurrency or 32,
        seed=seed,
        policy=policy.value,
        ordered=ordered or simulated,  # whoever runs the demo sees the same, on a busy machine, too
        export=None if export is None else export.value,
        executor=executor,
    )
    raise typer.Exit(
        show_off(invocation, Manner(store=store, as_json=as_json, quiet=quiet, watching=progress), simulated)
    )


@app.command()
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
    as_json: AsJson = False,
    progress: Progress = Watching.AUTO,
    quiet: Quiet = False,
) -> None:
    """Optimize an agent on an eval set."""
    from spanwright.cli.invocation import Invocation
    from spanwright.cli.running import Manner, carry_out, conclude, new_name, write_summary
    from spanwright.cli.wanting import goals_of

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
    )
    manner = Manner(store=store, as_json=as_json, quiet=quiet, watching=progress)
    result = carry_out(invocation, manner)
    if save is not None:
        result.save(save)
    if summary is not None:
        write_summary(result, summary)
    raise typer.Exit(conclude(result, manner))


@app.command()
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
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Optimize any text that a function can measure: a program, a prompt, a policy, a configuration."""
    from spanwright.cli.invocation import Invocation
    from spanwright.cli.running import Manner, carry_out, conclude, new_name
    from spanwright.cli.texts import check_task

    check_task(task)
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
    )
    manner = Manner(store=store, as_json=as_json, quiet=quiet)
    result = carry_out(invocation, manner)
    if save is not None:
        save.write_text(result.best_text, encoding="utf-8")
    raise typer.Exit(conclude(result, manner))


@app.command()
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


@app.command()
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
    )
    manner = Manner(store=store, as_json=as_json, quiet=quiet, watching=progress)
    raise typer.Exit(conclude(carry_out(allowance.over(recall(store, run)), manner), manner))


@app.command()
def runs(store: Store = DEFAULT_STORE, as_json: AsJson = False) -> None:
    """List the runs of a store."""
    from spanwright.cli.looking import list_runs

    list_runs(store, as_json=as_json)


@app.command()
def show(
    run: RunName,
    store: Store = DEFAULT_STORE,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print a summary to be pasted into a pull request.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what came of a run."""
    from spanwright.cli.looking import show_run, show_summary

    if as_markdown:
        show_summary(run, store)
    else:
        show_run(run, store, as_json=as_json)


@app.command()
def diff(run: RunName, store: Store = DEFAULT_STORE) -> None:
    """Show what changed from the seed to the winner of a run."""
    from spanwright.cli.looking import show_diff

    show_diff(run, store)


@app.command()
def report(
    run: RunName,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="report.html unless said; with --markdown or --json: stdout."
        ),
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="As Markdown, for a pull request.")] = False,
    store: Store = DEFAULT_STORE,
    as_json: AsJson = False,
) -> None:
    """Write what came of a run as one HTML file that opens offline, traces included."""
    from spanwright.cli.reporting import Form
    from spanwright.cli.reporting import report as write_report

    write_report(run, store, Form(output=output, markdown=markdown, as_json=as_json))


@app.command()
def ui(
    store: Annotated[Path, typer.Argument(metavar="[STORE]", help="The store to show.")] = DEFAULT_STORE,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 is any that is free.")] = 0,
) -> None:
    """Show the runs of a store in the browser, live while they go on; annotate rollouts, compare two runs."""
    from spanwright.cli.reporting import show_page
    from spanwright.telemetry.receiver import Place

    show_page(store, Place(port=port))


@app.command(name="apply")
def apply_winner(
    run: RunName,
    agent: Annotated[str, typer.Option(metavar="MODULE:NAME", help="Whose source: the agent, factory or program.")],
    write: Annotated[bool, typer.Option("--write", help="Write the files; otherwise nothing is written.")] = False,
    champion: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --write: what cannot be written goes to this champion file."),
    ] = None,
    store: Store = DEFAULT_STORE,
    as_json: AsJson = False,
) -> None:
    """Put the winner's texts into the source, docstrings and literals; without --write only show the patch."""
    from spanwright.cli.applying import apply_run

    apply_run(run, agent, store, write=write, champion=champion, as_json=as_json)


@app.command(name="champion")
def look_at_champion(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `--save` or `Result.save` wrote.")],
    agent: Annotated[
        str | None, typer.Option(metavar="MODULE:NAME", help="Say whether it still fits this agent or program.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show where a champion file comes from and whether it still fits an agent; exits with 1 where it does not."""
    from spanwright.cli.crowning import examine

    raise typer.Exit(examine(file, agent, as_json=as_json))


@app.command()
def components(subject: Subject, as_json: AsJson = False) -> None:
    """List the texts of an agent that can be optimized; no model is called."""
    from spanwright.cli.looking import show_components

    show_components(subject, as_json=as_json)


@traces.command("list")
def list_traces(run: RunName, store: Store = DEFAULT_STORE, as_json: AsJson = False) -> None:
    """List the rollouts of a run with their scores."""
    from spanwright.cli.looking import list_rollouts

    list_rollouts(run, store, as_json=as_json)


@traces.command("show")
def show_trace(
    run: RunName,
    rollout: Annotated[int, typer.Argument(metavar="ROLLOUT", help="Its number, by `spanwright traces list RUN`.")],
    full: Annotated[bool, typer.Option("--full", help="Cut no text.")] = False,
    store: Store = DEFAULT_STORE,
    as_json: AsJson = False,
) -> None:
    """Show what happened in a rollout, and what the reflector saw and answered."""
    from spanwright.cli.looking import show_rollout

    show_rollout(run, rollout, store, whole=full, as_json=as_json)


@traces.command("facts")
def tell_facts(file: SpansFile, as_json: AsJson = False) -> None:
    """Tell what a file of spans says: agents, model calls, tool calls, whatever library wrote it."""
    from spanwright.cli.spans import tell

    tell(file, as_json=as_json)


@traces.command("check")
def check_traces(file: SpansFile, as_json: AsJson = False) -> None:
    """Say what is missing in a file of spans and which switch brings it back; exits with 1 where something is."""
    from spanwright.cli.spans import examine

    raise typer.Exit(examine(file, as_json=as_json))


@traces.command("import")
def import_traces(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE...]", help="OTLP: JSON lines or protobuf, plain, .gz or .zst.", show_default=False
        ),
    ] = None,
    from_phoenix: Annotated[str | None, typer.Option(metavar="URL", help="A Phoenix server to import from.")] = None,
    project: Annotated[str | None, typer.Option(help="Its project; PHOENIX_PROJECT_NAME unless said.")] = None,
    from_mlflow: Annotated[str | None, typer.Option(metavar="URL", help="An MLflow server to import from.")] = None,
    experiment: Annotated[str | None, typer.Option(help="Its experiment; MLFLOW_EXPERIMENT_NAME unless said.")] = None,
    since: Annotated[
        datetime | None, typer.Option(help="Of servers, only traces that began since then; UTC.", show_default=False)
    ] = None,
    store: Store = DEFAULT_STORE,
    region: Annotated[
        list[str] | None,
        typer.Option(metavar="CC", help="Whose phone numbers are found without a country code; US unless said."),
    ] = None,
    redaction: Annotated[
        bool, typer.Option("--redaction/--no-redaction", help="Take out secrets and personal data.")
    ] = True,
) -> None:
    """Import traces of production beside the store, redacted; of what was imported before only new evaluations."""
    from spanwright.cli.mining import Sources, take_in
    from spanwright.telemetry.redaction import Redactor

    redactor = Redactor(regions=tuple(region or ("US",))) if redaction else None
    sources = Sources(
        files=tuple(files or ()),
        phoenix=from_phoenix,
        project=project,
        mlflow=from_mlflow,
        experiment=experiment,
        since=None if since is None else since.replace(tzinfo=UTC),
    )
    raise typer.Exit(take_in(sources, store, redactor=redactor))


@traces.command("mine")
def mine_traces(
    store: Store = DEFAULT_STORE,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The cases: a pydantic_evals Dataset.")] = Path(
        "mined.yaml"
    ),
    page: Annotated[Path, typer.Option("--page", metavar="FILE", help="The failures, clustered.")] = Path("mined.md"),
    most: Annotated[int, typer.Option(min=1, help="The most cases.")] = 100,
    low: Annotated[float, typer.Option(help="An evaluation below it is a failure.")] = 0.5,
    alike: Annotated[
        float, typer.Option(min=0.01, max=1.0, help="Inputs that share so much of their words are one case.")
    ] = 0.8,
) -> None:
    """Pick what failed among the imported traces: cases for evals, and a page of the failures."""
    from spanwright.cli.mining import mine

    mine(store, out, page, most=most, low=low, alike=alike)


@traces.command("serve")
def serve_traces(
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 is any that is free.")] = 4318,
    token: Annotated[
        str | None,
        typer.Option(envvar="SPANWRIGHT_TOKEN", help="What senders have to bear; by default a new one is made."),
    ] = None,
    any_trace: Annotated[
        bool, typer.Option("--any-trace", help="Take every trace, not only those of rollouts.")
    ] = False,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="OTLP JSON lines; it is rotated.")] = Path(
        "spans.jsonl"
    ),
) -> None:
    """Receive spans from other processes over OTLP/HTTP, and write them to a file."""
    from spanwright.cli.serving import serve
    from spanwright.telemetry.receiver import Place

    serve(Place(host=host, port=port, token=token or ""), out, any_trace=any_trace)


@app.command()
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
