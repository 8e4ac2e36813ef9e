"""The receiver behind a socket, for the length of a block."""

import socket
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import quote

import anyio
import uvicorn
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from spanwright.errors import UsageError
from spanwright.telemetry.receiver.app import otlp_app
from spanwright.telemetry.receiver.caps import Caps
from spanwright.telemetry.sink import Sink

LOOPBACK = "127.0.0.1"
_GRACE = 1
"""Seconds that requests in flight have to be answered when the block is left."""
_CONNECTIONS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where the receiver listens, and what a sender needs to know."""

    url: str
    """Without the `/v1/traces` that an exporter adds."""
    token: str = ""

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables by which any OpenTelemetry SDK finds the receiver."""
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": self.url, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}
        if self.token:
            variables["OTEL_EXPORTER_OTLP_HEADERS"] = f"authorization=Bearer%20{quote(self.token, safe='')}"
        return variables


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where to listen, and who may send: anyone of this machine unless there is a token, nobody else without one."""

    host: str = LOOPBACK
    port: int = 0
    """0 is any that is free."""
    token: str = ""


@asynccontextmanager
async def receiving(
    sink: Sink, place: Place | None = None, *, caps: Caps | None = None, also: Sequence[BaseRoute] = ()
) -> AsyncGenerator[Endpoint]:
    """Receive spans until the block is left; then nobody listens any more, and what was in flight is answered.

    `also` adds pages to the app. Raises UsageError where the place cannot be had, or is open to others.
    """
    at = place or Place()
    if not at.token and not _is_loopback(at.host):
        raise UsageError(f"anyone who reaches {at.host} could send spans", "Give a token, or listen on 127.0.0.1")
    listener = listening(at)
    async with serving(otlp_app(sink, token=at.token, caps=caps, also=also), listener):
        host = f"[{at.host}]" if ":" in at.host else at.host
        yield Endpoint(url=f"http://{host}:{listener.getsockname()[1]}", token=at.token)


@asynccontextmanager
async def serving(app: ASGIApp, listener: socket.socket) -> AsyncGenerator[None]:
    """Serve an app within this event loop, until the block is left.

    Uvicorn's own main loop is left out: it would have to be a task, looks at its flags ten times a second, and takes
    the signals of a process that is not its own.
    """
    config = uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        log_config=None,
        log_level="error",
        access_log=False,
        limit_concurrency=_CONNECTIONS,
        timeout_graceful_shutdown=_GRACE,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    try:
        await server.startup(sockets=[listener])
        yield
    finally:
        with anyio.CancelScope(shield=True):  # for the time of grace at most
            await server.shutdown(sockets=[listener])


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listening(place: Place, what: str = "spans cannot be received") -> socket.socket:
    """Return a socket that listens at a place. Raises UsageError, beginning with `what`, where it is not to be had."""
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    try:
        listener = socket.create_server((place.host, place.port), family=family, backlog=_CONNECTIONS)
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"{what} at {place.host} port {place.port}: {error}", "Give another port, or 0 for any"
        ) from error
    listener.setblocking(False)  # noqa: FBT003 - the standard library's signature
    return listener
