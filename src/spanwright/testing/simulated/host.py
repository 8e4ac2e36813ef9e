"""A simulated server on the loopback: in a thread, in this thread, or in a process of its own.

Kept apart from what a client needs, so that a server's process does not load an agent framework.
"""

import logging
import os
import socket
import subprocess
import sys
import threading
from asyncio import CancelledError
from collections.abc import Generator
from contextlib import contextmanager
from ssl import PROTOCOL_TLS_CLIENT, SSLContext

import httpx2
import uvicorn
from starlette.applications import Starlette

from spanwright.testing.simulated.log import Page

_HOST = "127.0.0.1"
_GRACE = 1  # seconds that a closing server gives to the calls in flight


@contextmanager
def serve(app: Starlette) -> Generator[str]:
    """Serve the app on a free loopback port, in a thread, and give the base URL (with `/v1`)."""
    listener = _listener(0)
    server = _Server(app)
    # A server has to run beside the code that it serves; it is the one thread of this room, and it ends here.
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="simulated server", daemon=True)
    with _expected_errors_unlogged():
        thread.start()
        server.ready.wait()
        if not server.started:
            raise RuntimeError("the simulated server did not start")
        try:
            yield _base_url(listener)
        finally:
            server.should_exit = True
            thread.join()


def serve_here(app: Starlette, *, port: int) -> None:
    """Serve the app in this thread until the process is told to end; the base URL is the first line printed."""
    listener = _listener(port)
    # Connections wait in the listener's queue from now on, so a client that reads the line may come at once.
    sys.stdout.write(f"{_base_url(listener)}\n")
    sys.stdout.flush()
    with _expected_errors_unlogged():
        _Server(app).run(sockets=[listener])


@contextmanager
def serve_in_subprocess(*options: str) -> Generator[str]:
    """Run `python -m spanwright.testing.simulated` with these options, and give the base URL.

    The server outlives a killed client, because it is not the client's child: hand the base URL over.
    """
    command = [sys.executable, "-m", "spanwright.testing.simulated", *options]
    # The child imports what its parent can, installed or not; a session of its own keeps Ctrl-C away from it.
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(  # noqa: S603 - our own module, and the options of a test
        command, stdout=subprocess.PIPE, env=environment, text=True, start_new_session=True
    )
    with process:
        assert process.stdout is not None
        try:
            base_url = process.stdout.readline().strip()
            if not base_url:
                raise RuntimeError(f"the simulated server did not start: exit code {process.wait()}")
            yield base_url
        finally:
            process.terminate()


def read_log(base_url: str) -> Page:
    """Return what the server at `base_url` has seen so far."""
    plain = SSLContext(PROTOCOL_TLS_CLIENT)  # the default one loads all certificates, at 20 ms a look
    return Page.from_json(httpx2.get(f"{base_url.removesuffix('/v1')}/log", verify=plain).raise_for_status().content)


class _Server(uvicorn.Server):
    """Uvicorn, which says when it is ready."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",
                ws="none",
                log_config=None,
                log_level="error",
                access_log=False,
                timeout_graceful_shutdown=_GRACE,
            )
        )
        self.ready = threading.Event()

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            super().run(sockets)
        finally:
            self.ready.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready.set()


def _listener(port: int) -> socket.socket:
    listener = socket.create_server((_HOST, port), backlog=1024)
    listener.setblocking(False)  # noqa: FBT003 - the standard library's signature
    return listener


def _base_url(listener: socket.socket) -> str:
    return f"http://{_HOST}:{listener.getsockname()[1]}/v1"


@contextmanager
def _expected_errors_unlogged() -> Generator[None]:
    """Keep simulated resets and calls that were cut off by the shutdown out of the log; real errors stay."""
    log = logging.getLogger("uvicorn.error")
    log.addFilter(_is_unexpected)
    try:
        yield
    finally:
        log.removeFilter(_is_unexpected)


def _is_unexpected(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, ConnectionResetError | CancelledError)
