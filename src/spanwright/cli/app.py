"""The command line: every command by its name, in the order in which help lists them."""

import typer

from spanwright.cli.commands import looking, optimizing, running, traces
from spanwright.cli.commands.paper import paper
from spanwright.cli.exits import Commands
from spanwright.cli.storing import app as store_commands

app = typer.Typer(
    name="spanwright",
    cls=Commands,
    help="Make tool-using pydantic-ai agents better from their own traces.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for name, command in (
    ("demo", running.demo),
    ("optimize", optimizing.optimize),
    ("text", optimizing.text),
    ("calibrate", running.calibrate),
    ("resume", running.resume),
    ("paper", paper),
    ("transfer", running.transfer),
    ("runs", looking.runs),
    ("show", looking.show),
    ("diff", looking.diff),
    ("report", looking.report),
    ("ui", looking.ui),
    ("track", looking.track),
    ("apply", looking.apply_winner),
    ("champion", looking.look_at_champion),
    ("components", looking.components),
    ("live", running.live),
):
    app.command(name)(command)
app.add_typer(traces.app, name="traces")
app.add_typer(store_commands, name="store")


def main() -> None:
    """Run the command line."""
    app()
