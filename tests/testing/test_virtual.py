import asyncio
import threading
import time

import anyio
import anyio.to_thread
import pytest

from spanwright.testing import virtual
from spanwright.testing.virtual import Stalled, run_virtual


def test_hours_pass_in_no_time_and_timers_fire_in_order():
    order: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await anyio.sleep(seconds)
        order.append((name, anyio.current_time()))

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(sleeper, "slow", 7200.0)
            group.start_soon(sleeper, "fast", 0.5)
            group.start_soon(sleeper, "middle", 60.0)

    began = time.perf_counter()
    run_virtual(main())

    assert [("fast", 0.5), ("middle", 60.0), ("slow", 7200.0)] == order
    assert time.perf_counter() - began < 2


def test_a_time_limit_cuts_at_its_virtual_second():
    async def main() -> tuple[bool, float]:
        with anyio.move_on_after(30) as scope:
            await anyio.sleep(31)
        return scope.cancelled_caught, anyio.current_time()

    assert (True, 30.0) == run_virtual(main())


def test_the_result_and_the_error_of_the_coroutine_come_back():
    async def fails() -> None:
        await anyio.sleep(1)
        raise LookupError("as it is")

    async def works() -> str:
        await anyio.sleep(1)
        return "done"

    assert "done" == run_virtual(works())
    with pytest.raises(LookupError, match="as it is"):
        run_virtual(fails())


@pytest.mark.parametrize("to_thread", [anyio.to_thread.run_sync, asyncio.to_thread])
def test_the_clock_waits_for_a_worker_thread(to_thread):
    async def main() -> tuple[str, float]:
        with anyio.fail_after(3600):  # a timer far away: a clock that jumped would reach it before the thread is done
            said = await to_thread(lambda: threading.Event().wait(0.05) or "from the thread")
        return said, anyio.current_time()

    assert ("from the thread", 0.0) == run_virtual(main())


def test_many_threads_and_sleeps_mix():
    async def one(number: int, seen: list[int]) -> None:
        await anyio.sleep(number * 100)
        await anyio.to_thread.run_sync(time.perf_counter)
        seen.append(number)

    async def main() -> list[int]:
        seen: list[int] = []
        async with anyio.create_task_group() as group:
            for number in reversed(range(50)):
                group.start_soon(one, number, seen)
        return seen

    assert list(range(50)) == run_virtual(main())


def test_a_thread_job_that_outlasts_its_time_limit_is_abandoned_in_real_time():
    release = threading.Event()

    async def main() -> bool:
        with anyio.move_on_after(0.05) as scope:
            await anyio.to_thread.run_sync(release.wait, abandon_on_cancel=True)
        release.set()
        return scope.cancelled_caught

    assert run_virtual(main())


def test_a_socket_is_waited_for_in_real_time():
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()

    async def main() -> bytes:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            with anyio.fail_after(3600):
                said = await reader.read()
            writer.close()
            await writer.wait_closed()
        return said

    assert b"hello" == run_virtual(main())


def test_a_wake_up_by_an_unknown_thread_is_waited_for_when_no_timer_is_set():
    async def main() -> str:
        loop = asyncio.get_running_loop()
        news: asyncio.Future[str] = loop.create_future()
        threading.Timer(0.05, loop.call_soon_threadsafe, (news.set_result, "late")).start()
        return await news

    assert "late" == run_virtual(main())


def test_a_deadlock_is_an_error_and_not_a_hang(monkeypatch):
    monkeypatch.setattr(virtual, "PATIENCE", 0.01)

    async def main() -> None:
        await anyio.Event().wait()

    with pytest.raises(Stalled, match="deadlock"):
        run_virtual(main())
