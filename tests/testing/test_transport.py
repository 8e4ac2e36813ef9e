import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import anyio
import httpx2
import openai
import pytest

from spanwright.testing.simulated.canned import Dice
from spanwright.testing.simulated.host import read_log, serve, serve_in_subprocess
from spanwright.testing.simulated.latency import Latency, LatencyLaw
from spanwright.testing.simulated.log import CallLog
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.transport import in_process, over_socket

WORLD = """
from spanwright.testing.simulated.canned import Dice
def dice(): return {"sim": Dice(), "other": Dice()}
"""
CLIENT = """
import asyncio, httpx2, sys

async def main():
    async with httpx2.AsyncClient(timeout=60) as client, asyncio.TaskGroup() as group:
        for number in range(8):
            request = {"model": "sim", "messages": [{"role": "user", "content": str(number)}]}
            group.create_task(client.post(f"{sys.argv[1]}/chat/completions", json=request))

asyncio.run(main())
"""


async def roll(client, text="roll"):
    answer = await client.chat.completions.create(model="sim", messages=[{"role": "user", "content": text}])
    return answer.choices[0].message.content


@pytest.fixture
def world(tmp_path: Path, monkeypatch):
    (tmp_path / "dice_world.py").write_text(WORLD)
    monkeypatch.syspath_prepend(tmp_path)
    return "dice_world:dice"


async def test_process_socket_and_subprocess_answer_alike(world):
    app = simulated_app({"sim": Dice(), "other": Dice()}, salt="s")
    said = [[await roll(in_process(app).client) for _ in range(3)]]
    with serve(simulated_app({"sim": Dice()}, salt="s")) as url:
        async with over_socket(url) as provider:
            said.append([await roll(provider.client) for _ in range(3)])
    with serve_in_subprocess("--salt", "s", "--world", world) as url:
        async with over_socket(url) as provider:
            said.append([await roll(provider.client) for _ in range(3)])

    assert said[0] == said[1] == said[2]


async def test_the_command_line_sets_faults_refusals_and_pace(world):
    options = ["--world", world, "--fault-429", "1.0", "--retry-after", "3", "--refuse", "other=system_first"]
    with serve_in_subprocess(*options, "--latency-scale", "0.001") as url:
        async with over_socket(url) as provider:
            client = provider.client.with_options(max_retries=0)
            with pytest.raises(openai.RateLimitError) as limited:
                await roll(client)
            with pytest.raises(openai.BadRequestError, match="at the beginning"):
                await client.chat.completions.create(
                    model="other", messages=[{"role": "user", "content": "x"}, {"role": "system", "content": "y"}]
                )

    assert "3" == limited.value.response.headers["retry-after"]


@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        (["--world", "no_such_module:models"], "no_such_module"),
        (["--refuse", "sim=everything"], "names no refusal"),
    ],
)
def test_a_wrong_option_is_named(option, complaint, world):
    command = [sys.executable, "-m", "spanwright.testing.simulated", "--world", world, *option]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)

    assert 2 == ended.returncode
    assert complaint in ended.stderr


def test_a_server_that_cannot_start_says_so():
    with pytest.raises(RuntimeError, match="exit code 2"), serve_in_subprocess("--world", "no_such_module:models"):
        pass


def test_the_server_outlives_a_killed_client_and_drops_its_calls(world):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with serve_in_subprocess("--world", world, "--latency-scale", "100") as url:
        client = subprocess.Popen([sys.executable, "-c", CLIENT, url], env=environment)
        wait_for(lambda: len(read_log(url).calls) == 8)
        client.send_signal(signal.SIGKILL)
        client.wait()
        wait_for(lambda: read_log(url).failed == 8)
        page = read_log(url)

    assert {} == page.served
    assert {"abandoned"} == {call.outcome for call in page.calls}
    assert 8 == page.max_in_flight


def wait_for(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


async def test_a_client_that_hangs_up_does_not_use_up_a_serving():
    law = LatencyLaw(median=0.2, sigma=0.0, stragglers=0.0)
    log = CallLog()
    expected = await roll(in_process(simulated_app({"sim": Dice()})).client)
    with serve(simulated_app({"sim": Dice()}, latency=Latency(scale=1.0, laws=(law,)), log=log)) as url:
        async with over_socket(url) as provider:
            with pytest.raises(openai.APITimeoutError):
                await roll(provider.client.with_options(max_retries=0, timeout=0.05))
            await anyio.to_thread.run_sync(wait_for, lambda: log.page(0.0).failed == 1)
            said = await roll(provider.client)

    assert expected == said


async def test_a_closed_server_is_gone_soon_and_takes_calls_in_flight_with_it():
    log = CallLog()
    failures: list[openai.APIError] = []

    async def call(provider):
        try:
            await roll(provider.client.with_options(max_retries=0))
        except openai.APIError as error:
            failures.append(error)

    server = serve(simulated_app({"sim": Dice()}, latency=Latency(scale=1000.0), log=log))
    url = server.__enter__()
    began = time.monotonic()
    async with over_socket(url) as provider, anyio.create_task_group() as group:
        group.start_soon(call, provider)
        await anyio.to_thread.run_sync(wait_for, lambda: len(log.page(0.0).calls) == 1)
        await anyio.to_thread.run_sync(server.__exit__, None, None, None)

    assert 1 == len(failures)
    assert time.monotonic() - began < 5
    with pytest.raises(httpx2.ConnectError):
        read_log(url)


async def test_an_empty_log_can_be_read():
    with serve(simulated_app({"sim": Dice()})) as url:
        page = read_log(url)

    assert ((), 0, {}) == (page.calls, page.failed, page.served)
