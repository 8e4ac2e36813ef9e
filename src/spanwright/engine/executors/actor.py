"""A worker as an actor of Ray's: its methods are called from afar, with bytes, and many at a time.

Ray imports this class by its name; it knows nothing of Ray.
"""

import anyio

from spanwright.engine.executors.messages import FromWorker, Perform, Setup, from_worker, read_by_worker
from spanwright.engine.executors.worker import Worker


class RayWorker:
    """A worker. Ray makes it, and gives it an event loop."""

    def __init__(self, setup: bytes) -> None:
        self._setup = setup
        self._said: list[bytes] = []
        self._news: anyio.Event | None = None
        self._worker: Worker | None = None

    async def live(self) -> None:
        """Be there, until the run closes it."""
        told = read_by_worker(self._setup)
        assert isinstance(told, Setup), "a worker is told what the run is about first"
        self._worker = Worker(told, self._say)  # here and not before: it belongs to this event loop
        await self._worker.live()

    async def perform(self, job: bytes) -> bytes:
        """Do a job; nothing comes of one that was dropped."""
        asked = read_by_worker(job)
        assert isinstance(asked, Perform) and self._worker is not None, "jobs come once it is ready"  # noqa: PT018
        self._worker.expect(asked)
        done = await self._worker.perform(asked)
        return b"" if done is None else from_worker(done)

    async def tell(self, message: bytes) -> None:
        """Hear what the run has to say."""
        if self._worker is not None:
            self._worker.hear(read_by_worker(message))

    async def listen(self) -> list[bytes]:
        """Return what the worker has to say, once there is something."""
        while not self._said:
            self._news = anyio.Event()
            await self._news.wait()
        said, self._said = self._said, []
        return said

    def _say(self, message: FromWorker) -> None:
        self._said.append(from_worker(message))
        if self._news is not None:
            self._news.set()
