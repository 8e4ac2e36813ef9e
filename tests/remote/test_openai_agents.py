"""An agent that was written with the OpenAI Agents SDK is optimized where it runs: in a process without Spanwright."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from spanwright import Budget, HttpSubject, Listening, Policy, Run, SqliteStore, optimize
from spanwright.core.events import RolloutEnded
from spanwright.testing.simulated.host import serve_in_subprocess
from spanwright.testing.simulated.models import REFLECTION_MODEL, TASK_MODEL
from spanwright.testing.simulated.transport import over_socket, simulated_model
from spanwright_agents.remote_desk.evals import tickets

pytestmark = pytest.mark.remote
ROOT = Path(__file__).parents[2]
STARTING = 60.0


@pytest.fixture(scope="module")
def python() -> Path:
    named = os.environ.get("SPANWRIGHT_BACKENDS")
    if not named:
        pytest.fail("SPANWRIGHT_BACKENDS names no folder with the SDK's environment: say make test-remote")
    return Path(named).resolve() / "openai-agents" / "bin" / "python"


@pytest.fixture(scope="module")
def provider_url() -> Iterator[str]:
    with serve_in_subprocess() as url:
        yield url


@pytest.fixture
def desk(python: Path, provider_url: str, tmp_path: Path) -> Iterator[HttpSubject]:
    """Start the service; give the subject, on free ports."""
    port, ours = free_port(), free_port()
    settings = {
        "PYTHONPATH": str(ROOT / "agents"),
        "OPENAI_BASE_URL": provider_url,
        "OPENAI_API_KEY": "none",
        "OPENAI_AGENTS_DONT_LOG_TOOL_DATA": "0",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{ours}",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20ours",
    }
    command = [python, "-m", "spanwright_agents.remote_desk.service", "--port", str(port)]
    command += ["--model", TASK_MODEL, "--token", "ours"]
    log = tmp_path / "service.log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, env={**os.environ, **settings}, stdout=file, stderr=file)
    url = f"http://127.0.0.1:{port}/ticket"
    try:
        wait_for(url, process, log)
        yield HttpSubject(url, listening=Listening(port=ours, token="ours"))
    finally:
        process.terminate()
        process.wait(20)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def wait_for(url: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + STARTING
    while True:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        try:
            httpx.get(url).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.2)
        else:
            return


def test_spanwright_is_not_there_where_the_agent_runs(python: Path) -> None:
    ended = subprocess.run([python, "-c", "import spanwright"], capture_output=True, text=True, check=False)

    assert "No module named 'spanwright'" in ended.stderr


async def test_the_other_process_is_better_with_the_winner(desk, provider_url, tmp_path) -> None:
    store = SqliteStore(tmp_path / "store.sqlite")
    async with over_socket(provider_url) as provider:
        result = await optimize(
            desk,
            tickets(),
            budget=Budget(rollouts=800),
            reflection_model=simulated_model(REFLECTION_MODEL, provider),
            policy=Policy.default(seed=1, schedule="ordered"),
            store=store,
            run=Run(concurrency=16, name="remote", progress=False),
        )
    sys.stdout.write(f"{result}\n")

    assert result.improved, str(result)
    assert () == tuple(remark for remark in result.remarks if "span" in remark or "trace" in remark)
    rollouts = [event.rollout for event in store.reader.events("remote") if isinstance(event, RolloutEnded)]
    assert [] == [rollout for rollout in rollouts if rollout.failure is not None]
    for rollout in rollouts[-20:]:
        trace = store.reader.trace("remote", rollout.number).trace
        (agent,) = trace.agents
        ids = {(span.attributes["spanwright.candidate"], span.attributes["spanwright.rollout"]) for span in trace.spans}
        assert {(rollout.key.candidate, str(rollout.number))} == ids
        assert (rollout.trace_id, True, "support") == (trace.id, trace.complete, agent.name)
        assert rollout.usage.requests == len(trace.model_calls)
    first = [store.reader.trace("remote", rollout.number).trace for rollout in rollouts[:8]]
    assert any("order refs look like A-1000" in call.error for trace in first for call in trace.tool_calls)
