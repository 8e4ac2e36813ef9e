"""Workers that are processes of this machine: for tools and evaluators that compute, or may end their process."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from spanwright.engine.executors.crew import Terms, setup_of, working
from spanwright.engine.executors.member import LineLost
from spanwright.engine.executors.messages import HEAD, FromWorker, Setup, ToWorker, read_from_worker, to_worker
from spanwright.engine.executors.protocol import Imports, Recipe, Site, Workplace


def _cores() -> int:
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """Rollouts are done in processes of this machine, many at a time in each: `Run(executor=Processes(workers=4))`.

    A worker imports agent and eval set, so both stand in a module: what is defined in `__main__` or inside of a
    function is refused before anything is spent. One that dies costs its rollouts a try.
    """

    workers: int = field(default_factory=_cores)
    imports: Imports | Recipe = field(default_factory=Imports)
    """Where a worker finds what the run is about, where that cannot be found out."""
    silence: float | None = 300.0
    """Seconds without a sign of life after which a worker is killed: a tool blocks its event loop. None: never."""

    @asynccontextmanager
    async def open(self, site: Site) -> AsyncGenerator[Workplace]:
        """Start the workers; end them when the run ends. Raises UsageError where they cannot work."""
        setup = setup_of(site, self.imports, self.workers)
        terms = Terms.of(site, self.workers, self.silence)
        async with working(terms, partial(_hired, setup), site.traffic) as crew:
            yield crew


async def _hired(setup: Setup, *, spare: bool) -> "_Pipes":
    """Start a process, and tell it what the run is about."""
    command = (sys.executable, "-m", "spanwright.engine.executors.process")
    pipe = asyncio.subprocess.PIPE
    try:
        # A session of its own: Ctrl-C in the terminal is for the run, which lets its rollouts end.
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, start_new_session=True)
    except OSError as error:
        raise LineLost(f"{type(error).__name__}: {error}") from error
    pipes = _Pipes(process)
    pipes.send(setup)
    return pipes


class _Pipes:
    """The pipes to a worker's process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None and process.stdout is not None, "both were asked for"  # noqa: PT018
        self._process = process
        self._to, self._from = process.stdin, process.stdout

    @property
    def name(self) -> str:
        return f"worker process {self._process.pid}"

    def send(self, message: ToWorker) -> None:
        if not self._to.is_closing():
            raw = to_worker(message)
            self._to.write(HEAD.pack(len(raw)) + raw)

    async def receive(self) -> FromWorker:
        try:
            (size,) = HEAD.unpack(await self._from.readexactly(HEAD.size))
            return read_from_worker(await self._from.readexactly(size))
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise LineLost(_ending(await self._process.wait())) from error

    async def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        self._to.close()


def _ending(code: int) -> str:
    return f"it ended with {code}" if code >= 0 else f"it was ended by {signal.Signals(-code).name}"
