"""A backend that is slow, dead or strict costs a run nothing but a line in the remarks."""

import socket
import time

import anyio
import pytest
from api_world import words
from exported_run import exported
from otlp_stub import Stub, spans_of

from spanwright import (
    Event,
    Export,
    Run,
    UserBug,
    optimize,
)
from spanwright.core.events import Judged


async def test_a_run_that_is_cancelled_is_left_at_once(world, stub: Stub) -> None:
    stub.silent = True
    cancelled: list[float] = []
    with anyio.CancelScope() as scope:

        def cancel(event: Event) -> None:
            if isinstance(event, Judged) and not cancelled:
                cancelled.append(time.monotonic())
                scope.cancel()

        run = Run(name="first", progress=False, export=Export.otlp(stub.url).waiting(3600), observers=[cancel])
        await optimize(world.agent, words(30), **{**world.options(rollouts=70), "run": run})
    took = time.monotonic() - cancelled[0]
    stub.closed.set()

    assert scope.cancelled_caught
    assert took < 60


async def test_a_run_that_a_bug_ends_is_exported_as_far_as_it_came(world, stub: Stub) -> None:
    class Broken:
        async def reflect(self, context):
            raise RuntimeError("not today")

    options = {**world.options(rollouts=70), "reflection_model": Broken()}
    run = Run(name="first", progress=False, export=Export.otlp(stub.url))
    with pytest.raises(UserBug, match="not today"):
        await optimize(world.agent, words(30), **{**options, "run": run})

    (told,) = stub.named("run")
    assert told.attributes["spanwright.complete"] is False
    assert stub.named("rollout")


async def test_a_backend_that_takes_no_logs_is_asked_once_and_is_no_trouble(world, stub: Stub) -> None:
    stub.refused = {"/v1/logs": 404}
    result = await exported(world, Export.otlp(stub.url))

    assert () == result.remarks
    assert ["/v1/logs"] == [asked.path for asked in stub.requests if asked.path != "/v1/traces"]


async def test_a_backend_that_fails_at_logs_costs_a_remark_and_no_span(world, stub: Stub) -> None:
    stub.refused = {"/v1/logs": 500}
    result = await exported(world, Export.otlp(stub.url))

    (said,) = result.remarks
    assert "scores were not written as the backend's own (HTTP 500)" in said
    assert result.rollouts == sum(not span.parent for span in stub.named("rollout"))


async def test_a_backend_that_is_busy_is_asked_again(world, stub: Stub) -> None:
    stub.answers = [(503, b"")]
    result = await exported(world, Export.otlp(stub.url))

    first, second, *_ = stub.requests
    assert [span.id for span in spans_of(first)] == [span.id for span in spans_of(second)]
    assert () == result.remarks


async def test_a_backend_that_refuses_is_named_with_its_answer(world, stub: Stub) -> None:
    stub.answers = [(401, b"no such token")] * 100
    result = await exported(world, Export.otlp(stub.url))

    (remark,) = result.remarks
    assert remark.startswith(f"export to {stub.url}/v1/traces: ")
    assert "spans were not delivered" in remark
    assert "HTTP 401 no such token" in remark
    assert remark.endswith("; 0 arrived")


async def test_a_dead_port_neither_fails_nor_holds_up_a_run(world) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    began = time.monotonic()
    result = await exported(world, Export.otlp(f"http://127.0.0.1:{port}").waiting(3600))
    took = time.monotonic() - began

    assert result.complete
    (remark,) = result.remarks
    assert "spans were not delivered (ConnectError" in remark
    assert took < 60


async def test_a_backend_that_never_answers_holds_a_run_up_no_longer_than_it_may(world, stub: Stub) -> None:
    stub.silent = True  # until it is closed, which is after the run
    result = await exported(world, Export.otlp(stub.url).waiting(0.2))
    stub.closed.set()

    assert result.complete
    (remark,) = result.remarks
    assert "spans were not delivered (the backend took longer than 0.2 s); 0 arrived" in remark


async def test_scores_that_a_backend_does_not_take_are_counted(world, stub: Stub) -> None:
    stub.answers = [(200, b""), (500, b"annotations are broken")] * 50
    result = await exported(world, Export.phoenix(stub.url, "desk"))

    (remark,) = result.remarks
    assert "scores were not written as the backend's own" in remark
    assert "HTTP 500 annotations are broken" in remark
