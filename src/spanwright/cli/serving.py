"""Receive spans into a file until the process is told to end."""

import secrets
import shlex
import signal
from dataclasses import replace
from pathlib import Path

import anyio
import typer

from spanwright.telemetry.receiver import Endpoint, Place, receiving
from spanwright.telemetry.receiver.tracefile import TraceFile


def serve(place: Place, out: Path, *, any_trace: bool) -> None:
    """Receive at `place`, with a token of its own unless it has one, and write to `out`.

    Raises UsageError where the place cannot be had, StoreError where the file cannot be written.
    """
    guarded = place if place.token else replace(place, token=secrets.token_urlsafe(16))
    with TraceFile(out, any_trace=any_trace) as file:
        anyio.run(_receive, guarded, file, out)
        typer.echo(f"{file.spans} spans of {file.traces} traces were written to {out}.", err=True)


async def _receive(place: Place, file: TraceFile, out: Path) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with receiving(file, place) as endpoint:
            typer.echo(f"Receiving spans at {endpoint.url}, into {out}; Ctrl-C ends it. Senders need:", err=True)
            typer.echo(_exports(endpoint))
            async for _ in signals:
                return


def _exports(endpoint: Endpoint) -> str:
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in endpoint.environment.items())
