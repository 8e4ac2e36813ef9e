"""A worker as a process of its own: `python -m spanwright.engine.executors.process`, with messages on stdin and stdout.

What the user's code prints goes to stderr, and Ctrl-C is no concern of a worker: its run drains. It ends with its run,
even where the run was killed and a tool of the worker's blocks its event loop: a thread sees to that.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from threading import Thread
from typing import BinaryIO

import anyio
from anyio.abc import TaskGroup

from spanwright.engine.executors.messages import HEAD, FromWorker, Perform, Setup, from_worker, read_by_worker
from spanwright.engine.executors.worker import Worker


class _Pipes:
    """The two ends of a worker's messages."""

    def __init__(self, incoming: BinaryIO, transport: asyncio.WriteTransport) -> None:
        self._incoming = incoming
        self._transport = transport

    def send(self, message: FromWorker) -> None:
        """Queue a message to the run."""
        raw = from_worker(message)
        self._transport.write(HEAD.pack(len(raw)) + raw)

    def receive(self) -> bytes:
        """Block until a message is there, and return it; end the process where there is nobody to send any."""
        head = self._incoming.read(HEAD.size)
        body = self._incoming.read(HEAD.unpack(head)[0]) if len(head) == HEAD.size else b""
        if not body:
            os._exit(0)
        return body

    async def drain(self) -> None:
        """Wait until what was sent has left."""
        while self._transport.get_write_buffer_size():  # noqa: ASYNC110  (a transport tells nobody)
            await anyio.sleep(0.01)


async def work(incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Be a worker, until the run closes it or is gone."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, outgoing)
    pipes = _Pipes(incoming, transport)
    setup = read_by_worker(pipes.receive())
    assert isinstance(setup, Setup), "a worker is told what the run is about first"
    worker = Worker(setup, pipes.send)
    async with anyio.create_task_group() as group:
        queue = asyncio.Queue[bytes]()
        Thread(target=_listen, args=(pipes, loop, queue), name="spanwright worker", daemon=True).start()
        group.start_soon(_serve, worker, pipes, queue, group)
        await worker.live()
        group.cancel_scope.cancel()
    await pipes.drain()


def _listen(pipes: _Pipes, loop: asyncio.AbstractEventLoop, queue: "asyncio.Queue[bytes]") -> None:
    while True:
        loop.call_soon_threadsafe(queue.put_nowait, pipes.receive())


async def _serve(worker: Worker, pipes: _Pipes, queue: "asyncio.Queue[bytes]", group: TaskGroup) -> None:
    while True:
        message = read_by_worker(await queue.get())
        if isinstance(message, Perform):
            worker.expect(message)
            group.start_soon(_perform, worker, pipes, message)
        else:
            worker.hear(message)


async def _perform(worker: Worker, pipes: _Pipes, message: Perform) -> None:
    done = await worker.perform(message)
    if done is not None:
        pipes.send(done)


def main() -> None:
    """Keep stdin and stdout for messages, and give the user's code others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    anyio.run(work, incoming, outgoing)
    # Whatever thread of the user's still works, the run has what it wanted.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
