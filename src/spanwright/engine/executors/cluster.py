"""Workers that are actors of a Ray cluster: for those who outgrow one machine. Needs `pip install spanwright[ray]`.

Each rollout is a task of an actor, which has an event loop and many of them in flight. Ray carries bytes, and its own
objects stay in here. Spans, scores and the journal are the run's, as ever.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Any, Final, Protocol, cast

from spanwright.engine.executors.actor import RayWorker
from spanwright.engine.executors.crew import Terms, setup_of, working
from spanwright.engine.executors.member import LineLost
from spanwright.engine.executors.messages import (
    FromWorker,
    Perform,
    Setup,
    ToWorker,
    read_from_worker,
    to_worker,
)
from spanwright.engine.executors.protocol import Imports, Recipe, Site, Workplace
from spanwright.errors import UsageError

_BESIDE_ROLLOUTS: Final = 16
"""Calls of an actor that may be at work beside its rollouts."""


class _Ref(Protocol):
    """What Ray hands out for a result to come."""

    def future(self) -> "Future[Any]": ...


class _Method(Protocol):
    def remote(self, *args: bytes) -> _Ref: ...


class _Actor(Protocol):
    """A worker as Ray hands it out."""

    live: _Method
    perform: _Method
    tell: _Method
    listen: _Method


class _RayModule(Protocol):
    """What we use of Ray, which brings no types."""

    def is_initialized(self) -> bool: ...

    def init(self, **options: object) -> object: ...

    def shutdown(self) -> None: ...

    def kill(self, actor: _Actor) -> None: ...

    def remote(self, **options: object) -> Callable[[type], Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ray:
    """Rollouts are done by workers on a Ray cluster: `Run(executor=Ray(address="auto", workers=64))`.

    The modules of agent and eval set have to be importable on its machines, as spanwright. A cluster that this process
    is connected to already, by your own `ray.init`, is used as it is. A worker that dies costs its rollouts a try.
    """

    address: str | None = None
    """Of a cluster, as `ray.init` takes it; None starts one on this machine for as long as the run goes on."""
    workers: int = 2
    cpus: float = 1.0
    """Cores that Ray sets aside for each worker."""
    imports: Imports | Recipe = field(default_factory=Imports)
    """Where a worker finds what the run is about, where that cannot be found out."""
    silence: float | None = 300.0
    """Seconds without a sign of life after which a worker is killed. None: never."""

    @asynccontextmanager
    async def open(self, site: Site) -> AsyncGenerator[Workplace]:
        """Connect to the cluster, and start the workers. Raises UsageError where they cannot work."""
        setup = setup_of(site, self.imports, self.workers)
        terms = Terms.of(site, self.workers, self.silence)
        with _connected(self) as ray:
            options = {"num_cpus": self.cpus, "max_restarts": 0, "max_concurrency": site.concurrency + _BESIDE_ROLLOUTS}
            kind = ray.remote(**options)(RayWorker)
            async with working(terms, _Hire(ray, kind, setup), site.traffic) as crew:
                yield crew


@contextmanager
def _connected(wish: Ray) -> Generator[_RayModule]:
    """Be connected to a cluster as long as the block lasts. Raises UsageError."""
    try:
        ray = cast("_RayModule", import_module("ray"))
    except ImportError as error:
        raise UsageError(f"Ray cannot be imported: {error}", "Install it: pip install 'spanwright[ray]'") from error
    if ray.is_initialized():
        yield ray
        return
    here = {"num_cpus": max(1, round(wish.workers * wish.cpus)), "include_dashboard": False}
    try:
        ray.init(address=wish.address, **(here if wish.address is None else {}))
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise UsageError(
            f"there is no Ray cluster at {wish.address!r}: {error}", "Check the address, or leave it out"
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


class _Hire:
    """Starts actors."""

    def __init__(self, ray: _RayModule, kind: Any, setup: Setup) -> None:
        self._ray = ray
        self._kind = kind
        self._setup = to_worker(setup)
        self._count = 0

    async def __call__(self, *, spare: bool) -> "_Calls":
        """Start one. A spare one waits for no core: all may be taken by the others, which stay."""
        self._count += 1
        kind = self._kind.options(num_cpus=0) if spare else self._kind
        return _Calls(f"Ray worker {self._count}", self._ray, cast("_Actor", kind.remote(self._setup)))


class _Calls:
    """Calls of an actor, as the line to a worker."""

    def __init__(self, name: str, ray: _RayModule, actor: _Actor) -> None:
        self.name = name
        self._ray = ray
        self._actor = actor
        self._loop = asyncio.get_running_loop()
        self._arrived = asyncio.Queue[FromWorker | LineLost]()
        self._await(actor.live.remote(), _nothing)
        self._listen()

    def send(self, message: ToWorker) -> None:
        raw = to_worker(message)
        if isinstance(message, Perform):
            self._await(self._actor.perform.remote(raw), self._take_one)
        else:
            self._await(self._actor.tell.remote(raw), _nothing)

    async def receive(self) -> FromWorker:
        found = await self._arrived.get()
        if isinstance(found, LineLost):
            raise found
        return found

    async def kill(self) -> None:
        self._ray.kill(self._actor)

    def _listen(self) -> None:
        self._await(self._actor.listen.remote(), self._take_all)

    def _take_one(self, raw: bytes) -> None:
        if raw:
            self._arrived.put_nowait(read_from_worker(raw))

    def _take_all(self, said: Sequence[bytes]) -> None:
        for raw in said:
            self._take_one(raw)
        self._listen()

    def _await(self, ref: _Ref, take: Callable[[Any], None]) -> None:
        """Have a result taken in this event loop once it is there, or the actor's end taken note of."""

        def settle(done: "Future[Any]") -> None:
            error = done.exception()
            if error is not None:
                self._arrived.put_nowait(LineLost(_first_line(error)))
            else:
                take(done.result())

        ref.future().add_done_callback(partial(self._loop.call_soon_threadsafe, settle))


def _nothing(result: object) -> None:
    pass


def _first_line(error: BaseException) -> str:
    told = str(error).strip().splitlines()
    return f"{type(error).__name__}: {told[-1] if told else ''}"
