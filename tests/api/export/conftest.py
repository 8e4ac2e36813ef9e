"""A run that is exported to a backend on the loopback."""

import asyncio
import sys
import threading
from pathlib import Path

import pytest
from opentelemetry import trace

sys.path.insert(0, str(Path(__file__).parent))

from api_world import World
from exported_run import Told, exported
from otlp_stub import serving

from spanwright import Export


@pytest.fixture(autouse=True)
def no_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every test start in a process without a tracer provider, and without variables that name an endpoint."""
    monkeypatch.setattr(trace, "get_tracer_provider", trace.ProxyTracerProvider)
    for name in ("ENDPOINT", "TRACES_ENDPOINT", "HEADERS", "TRACES_HEADERS", "PROTOCOL", "COMPRESSION", "TIMEOUT"):
        monkeypatch.delenv(f"OTEL_EXPORTER_OTLP_{name}", raising=False)


@pytest.fixture
def stub():
    with serving() as stub:
        yield stub


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory):
    world = World(tmp_path_factory.mktemp("told"))
    with serving() as stub, pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace, "get_tracer_provider", trace.ProxyTracerProvider)
        yield Told(stub, world, asyncio.run(exported(world, Export.otlp(stub.url), rollouts=120)))


@pytest.fixture(autouse=True)
def no_thread_is_left():
    """Wait for threads that were given up: their sockets would be found open in another test."""
    yield
    for thread in threading.enumerate():
        if thread.name == "spanwright-export":
            thread.join(5)
