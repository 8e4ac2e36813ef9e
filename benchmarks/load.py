"""Many rollouts in flight: throughput beside bare pydantic-ai, memory, how late the event loop is, CPU a rollout.

    python benchmarks/load.py [--quick] [--json] [--in-flight 200 1000 3000] [--latency 30] [--scale 0.1]

The task model is served by a process of its own and takes `latency` seconds (the median of a log-normal law) times
`scale` for each of a rollout's two requests, model - tool - model. Scaled down, a slot asks more often: 0.1 asks of
this process ten times as much work a second as the real latency would, so what it shows is a lower bound. Each side
runs in a process of its own. Bare is `agent.run` instrumented as in a rollout, at the same number in flight; ours is
the engine's rollouts with store, lanes and evaluator.
"""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import anyio
import httpx2
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.trace import TracerProvider
from overhead import Flat
from pydantic_ai import Agent, InstrumentationSettings
from pydantic_ai.capabilities import Instrumentation
from pydantic_ai.providers.openai import OpenAIProvider
from showing import Table, figure, show

from spanwright import Budget, Candidate, Case, Deadlines, Limits, Policy, Score, SqliteStore, Trace
from spanwright.core.candidate import ComponentId
from spanwright.core.case import Splits
from spanwright.core.context import ReflectionContext
from spanwright.core.events import RunStarted
from spanwright.core.rollout import Observed, Purpose
from spanwright.engine import Ask, Conduct, Means, Problem
from spanwright.engine.workshop import Work, Workshop
from spanwright.models import Terms, Traffic
from spanwright.reflection import FunctionReflector
from spanwright.subject import subject_of
from spanwright.telemetry import SpanRecorder
from spanwright.testing.simulated.host import serve_in_subprocess
from spanwright.testing.simulated.transport import simulated_model
from spanwright.testing.simulated.wire import ChatReply, ChatRequest, Draws, SimulatedModel, ToolRequest

TASK = "load-task"
ANSWER = "Your order is on its way."
AIM = 0.85
_BEAT = 0.05
_COUNTED = 0.9
"""The share of the rollouts that throughput goes by: the last ones wait for nobody but the slowest answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one side is put under."""

    side: str
    in_flight: int
    rollouts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one side did."""

    seconds: float
    """Until nine tenths of the rollouts had ended."""
    cpu_seconds: float
    """Of this process alone."""
    rss_before: int
    rss_peak: int
    lag_p99: float
    """Seconds that the event loop was late."""
    rollouts: int

    @property
    def per_second(self) -> float:
        return _COUNTED * self.rollouts / self.seconds


class TaskModel:
    """Calls the tool, then answers."""

    def reply(self, request: ChatRequest, draws: Draws) -> ChatReply:
        """Answer one request."""
        if any(message.role == "tool" for message in request.messages):
            return ChatReply(text=ANSWER)
        return ChatReply(calls=(ToolRequest(id="", name="find_order", arguments='{"number": "A-17"}'),))


def models() -> Mapping[str, SimulatedModel]:
    """Return the model that the server's process serves."""
    return {TASK: TaskModel()}


def make_agent(base_url: str, in_flight: int) -> tuple[Agent[None, str], httpx2.AsyncClient]:
    """Return an agent whose client has as many connections as there are rollouts in flight."""
    limits = httpx2.Limits(max_connections=in_flight + 50, max_keepalive_connections=in_flight + 50)
    client = httpx2.AsyncClient(limits=limits, timeout=httpx2.Timeout(600.0))
    provider = OpenAIProvider(base_url=base_url, api_key="load", http_client=client)
    agent = Agent(simulated_model(TASK, provider), name="support", instructions="Help the customer. " * 20)

    @agent.tool_plain
    async def find_order(number: str) -> str:
        """Find an order by its number."""
        return f"{number}: shipped"

    return agent, client


async def bare(base_url: str, load: Load) -> Sequence[float]:
    """Run the agent as a user would, so many at once; return when each ended."""
    ended: list[float] = []
    agent, client = make_agent(base_url, load.in_flight)
    processor, slots = Flat(), anyio.CapacityLimiter(load.in_flight)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(processor)
    settings = InstrumentationSettings(tracer_provider=provider, meter_provider=NoOpMeterProvider(), version=5)

    async def one(number: int) -> None:
        async with slots:
            result = await agent.run(f"Where is order {number}?", capabilities=[Instrumentation(settings=settings)])
            assert result.output == ANSWER
            processor.spans.clear()
            ended.append(time.perf_counter())

    async with client, anyio.create_task_group() as group:
        for number in range(load.rollouts):
            group.start_soon(one, number)
    return ended


async def ours(base_url: str, load: Load) -> Sequence[float]:
    """Do as many rollouts as the engine does them: intent and result in a store, spans folded, requests in a lane."""
    agent, client = make_agent(base_url, load.in_flight)
    cases = tuple(Case(id=f"c{number}", inputs=f"Where is order {number}?") for number in range(load.rollouts))
    subject, ended = subject_of(agent, None, {}), list[float]()

    async def right(case: Case, output: object, trace: Trace) -> Score:
        assert output == ANSWER
        assert len(trace.tool_calls) == 1
        ended.append(time.perf_counter())
        return Score(value=1.0)

    components = tuple(await subject.components())
    problem = Problem(
        subject=subject,
        evaluator=right,
        reflector=FunctionReflector(nobody),
        splits=Splits(train=(), validation=cases, test=()),
        seed=Candidate(texts={component.id: component.text for component in components}),
        components=components,
    )
    budget, deadlines = Budget(rollouts=load.rollouts), Deadlines(straggler=None)
    traffic = Traffic(Terms(limits=[Limits(in_flight=load.in_flight)], deadlines=deadlines))
    conduct = Conduct(run="load", budget=budget, concurrency=load.in_flight, deadlines=deadlines)
    with tempfile.TemporaryDirectory() as folder, SpanRecorder.attach() as recorder:
        async with client, SqliteStore(Path(folder) / "load.sqlite").run("load") as journal:
            means = Means(journal=journal, recorder=recorder, traffic=traffic)
            shop = Workshop(problem, Policy.default(), means, conduct)
            shop.emit(started(problem, budget))
            cells = tuple((case.id, 0) for case in cases)
            lease = await shop.ledger.lease(Ask(rollouts=load.rollouts))
            assert lease is not None
            done: Sequence[Observed] = ()
            with lease, traffic.flowing():
                async with anyio.create_task_group() as group:
                    group.start_soon(traffic.pulse.beat)
                    work = Work(candidate=problem.seed, cells=cells, purpose=Purpose.VALIDATION)
                    done = await shop.measure(work, lease)
                    group.cancel_scope.cancel()
            assert all(each.rollout.score is not None for each in done)
            await journal.durable()
    return ended


async def nobody(context: ReflectionContext) -> Mapping[ComponentId, str]:
    """Stand where a run has its reflector."""
    raise AssertionError("there is nothing to reflect on")


def started(problem: Problem, budget: Budget) -> RunStarted:
    """Return the first event of the run."""
    return RunStarted(
        run="load",
        at=time.time(),
        seed=problem.seed,
        components=problem.components,
        budget=budget,
        policy="load",
        train=(),
        validation=tuple(case.id for case in problem.splits.validation),
        test=(),
    )


async def watched(work: Callable[[], Awaitable[Sequence[float]]]) -> tuple[Sequence[float], list[float]]:
    """Work, and return what it returns, and how late the loop was at each of many looks."""
    late: list[float] = []
    ended: Sequence[float] = ()

    async def beat() -> None:
        while True:
            due = time.perf_counter() + _BEAT
            await anyio.sleep(_BEAT)
            late.append(max(0.0, time.perf_counter() - due))

    async with anyio.create_task_group() as group:
        group.start_soon(beat)
        ended = await work()
        group.cancel_scope.cancel()
    return ended, late


def measure(base_url: str, load: Load) -> Measured:
    """Measure one side in this process."""
    side = {"bare": bare, "ours": ours}[load.side]
    before, began = _rss(), time.perf_counter()
    cpu = time.process_time()
    ended, late = asyncio.run(watched(lambda: side(base_url, load)))
    late.sort()
    counted = sorted(ended)[: int(_COUNTED * len(ended))]
    return Measured(
        seconds=counted[-1] - began,
        cpu_seconds=time.process_time() - cpu,
        rss_before=before,
        rss_peak=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        lag_p99=late[int(0.99 * (len(late) - 1))],
        rollouts=load.rollouts,
    )


def _rss() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def in_a_process(base_url: str, load: Load) -> Measured:
    """Measure one side in a process of its own."""
    command = [sys.executable, __file__, "--side", base_url, load.side, str(load.in_flight), str(load.rollouts)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def table(rows: list[tuple[int, Measured, Measured]], latency: float, scale: float) -> Table:
    """Return what was measured, a row for each number in flight."""
    return Table(
        title=f"Rollouts in flight, at {latency:g} s median latency a request scaled by {scale:g}",
        columns=(
            "in flight",
            "rollouts",
            "bare /s",
            "ours /s",
            "ratio",
            "bare KB each",
            "ours KB each",
            "bare lag p99 ms",
            "ours lag p99 ms",
            "bare CPU ms",
            "ours CPU ms",
        ),
        rows=tuple(
            (
                figure(number, "d"),
                figure(mine.rollouts, "d"),
                figure(theirs.per_second, ".1f"),
                figure(mine.per_second, ".1f"),
                figure(mine.per_second / theirs.per_second, ".2f"),
                *(figure((each.rss_peak - each.rss_before) / number / 1024, ".0f") for each in (theirs, mine)),
                *(figure(each.lag_p99 * 1000, ".0f") for each in (theirs, mine)),
                *(figure(each.cpu_seconds / each.rollouts * 1000, ".1f") for each in (theirs, mine)),
            )
            for number, theirs, mine in rows
        ),
        note=f"The aim is a ratio over {AIM}. KB: peak resident memory beyond that at the start, imports included,"
        " by rollouts in flight.",
    )


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--in-flight", type=int, nargs="+", default=[200, 1_000, 3_000])
    add("--latency", type=float, default=30.0, help="median seconds of a request, before scaling")
    add("--scale", type=float, default=0.2)
    add("--waves", type=int, default=4, help="rollouts, as a multiple of those in flight (an even number)")
    add("--quick", action="store_true", help="200 in flight, scaled by 0.1")
    add("--json", action="store_true", help="print one JSON object a side instead of the table")
    add("--side", nargs=4, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.side:
        url, side, in_flight, rollouts = asked.side
        print(json.dumps(asdict(measure(url, Load(side=side, in_flight=int(in_flight), rollouts=int(rollouts))))))
        return
    if asked.quick:
        asked.in_flight, asked.scale = [200], 0.1
    options = ("--world", "load:models", "--latency-scale", str(asked.scale), "--median", f"{TASK}={asked.latency}")
    rows: list[tuple[int, Measured, Measured]] = []
    for number in asked.in_flight:
        sides: list[Measured] = []
        for side in ("bare", "ours"):
            with serve_in_subprocess(*options) as url:
                load = Load(side=side, in_flight=number, rollouts=number * asked.waves)
                sides.append(in_a_process(url, load))
            if asked.json:
                print(json.dumps({"side": side, "in_flight": number, **asdict(sides[-1])}), flush=True)
        rows.append((number, sides[0], sides[1]))
    if not asked.json:
        show([table(rows, asked.latency, asked.scale)], None)


if __name__ == "__main__":
    main()
