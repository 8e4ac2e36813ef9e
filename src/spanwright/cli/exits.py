"""How the command line ends: the exit codes, and errors of ours as one clear message instead of a traceback."""

from enum import IntEnum

import typer
from typer.core import TyperGroup

from spanwright.errors import SpanwrightError, UsageError


class ExitCode(IntEnum):
    """What the shell is told."""

    BETTER = 0
    """The winner beats the seed; of commands that only look: all is well."""
    ERROR = 1
    USAGE = 2
    NOT_BETTER = 3
    PAUSED = 4
    """The run can be resumed."""


class Commands(TyperGroup):
    """A group of commands that reports errors of ours in one message."""

    def invoke(self, ctx: typer.Context) -> object:  # pyright: ignore[reportIncompatibleMethodOverride]  (base of ours)
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except UsageError as error:
            complain(error)
            raise typer.Exit(ExitCode.USAGE) from error
        except SpanwrightError as error:
            complain(error)
            raise typer.Exit(ExitCode.ERROR) from error


def complain(error: SpanwrightError) -> None:
    """Print an error on stderr, and where it is explained."""
    typer.secho("Error: ", fg="red", bold=True, nl=False, err=True)
    typer.echo(str(error), err=True)
    typer.secho(f"More about it: {error.page()}", dim=True, err=True)
