"""`spanwright traces`: rollouts of a run, files of spans, imported traces of production, and a receiver."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from spanwright.cli.options import (
    DEFAULT_STORE,
    AsJson,
    RunName,
    Store,
)

SpansFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="OTLP: JSON lines or protobuf, plain, .gz or .zst.", show_default=False)
]
app = typer.Typer(no_args_is_help=True, help="Look into the rollouts of a run, or into a file of spans.")


@app.command("list")
def list_traces(run: RunName, store: Store = DEFAULT_STORE, as_json: AsJson = False) -> None:
    """List the rollouts of a run with their scores."""
    from spanwright.cli.looking import list_rollouts

    list_rollouts(run, store, as_json=as_json)


@app.command("show")
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


@app.command("facts")
def tell_facts(file: SpansFile, as_json: AsJson = False) -> None:
    """Tell what a file of spans says: agents, model calls, tool calls, whatever library wrote it."""
    from spanwright.cli.spans import tell

    tell(file, as_json=as_json)


@app.command("check")
def check_traces(file: SpansFile, as_json: AsJson = False) -> None:
    """Say what is missing in a file of spans and which switch brings it back; exits with 1 where something is."""
    from spanwright.cli.spans import examine

    raise typer.Exit(examine(file, as_json=as_json))


@app.command("import")
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


@app.command("mine")
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


@app.command("serve")
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
