"""Many rollouts in flight: throughput beside bare pydantic-ai, memory, how late the event loop is, CPU a rollout.

    python benchmarks/load.py [--quick] [--json] [--in-flight 200 1000 3000] [--latency 30] [--scale 0.1] [--workers 2]

The task model is served by a process of its own and takes `latency` seconds (the median of a log-normal law) times
`scale` for each of a rollout's two requests, model - tool - model. Scaled down, a slot asks more often: 0.1 asks of
this process ten times as much work a second as the real latency would, so what it shows is a lower bound. Each side
runs in a process of its own. Bare is `agent.run` instrumented as in a rollout, at the same number in flight; ours is
the engine's rollouts with store, lanes and evaluator; with `--workers` the same once more, in a process pool.
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
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

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
from spanwright.core.rollout import Purpose
from spanwright.engine import (
    Ask,
    Conduct,
    InProcess,
    Job,
    Made,
    Means,
    Problem,
    Processes,
    Recipe,
    Site,
    Tried,
    Workplace,
)
from spanwright.engine.executors import Cut
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
_began: list[float] = []
"""When the rollouts of this side began: workers take a second to start, and nobody measures that."""
_COUNTED = 0.9
"""The share of the rollouts after which a side is cut off: the last ones wait for nobody but the slowest answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one side is put under."""

    side: str
    in_flight: int
    rollouts: int
    workers: int = 0
    """Processes that do the rollouts; 0 is this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one side did."""

    seconds: float
    """Until all rollouts that are counted had ended."""
    cpu_seconds: float
    """Of this process alone."""
    workers_cpu_seconds: float = 0.0
    """Of its workers, their imports included."""
    workers_rss_peak: int = 0
    """Of the largest worker."""
    rss_before: int
    rss_peak: int
    lag_p99: float
    """Seconds that the event loop was late."""
    rollouts: int

    @property
    def per_second(self) -> float:
        return self.rollouts / self.seconds


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


class Ends:
    """When rollouts ended, and the end of it all when enough have."""

    def __init__(self, load: Load) -> None:
        self.scope = anyio.CancelScope()
        self.times: list[float] = []
        self._enough = int(_COUNTED * load.rollouts)

    def add(self) -> None:
        """Take note that one has ended."""
        if len(self.times) < self._enough:
            self.times.append(time.perf_counter())
        if len(self.times) == self._enough:
            self.scope.cancel()


async def bare(base_url: str, load: Load) -> Sequence[float]:
    """Run the agent as a user would, so many at once; return when each ended."""
    ends = Ends(load)
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
            ends.add()

    async with client:
        with ends.scope:
            async with anyio.create_task_group() as group:
                for number in range(load.rollouts):
                    group.start_soon(one, number)
    return ends.times


async def ours(base_url: str, load: Load) -> Sequence[float]:
    """Do as many rollouts as the engine does them: intent and result in a store, spans folded, requests in a lane."""
    at_once = load.in_flight // max(1, load.workers)
    agent, client = make_agent(base_url, load.in_flight)
    cases = cases_of(load.rollouts)
    subject = subject_of(agent, None, {})
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
    argument = json.dumps([base_url, at_once + 50, load.rollouts])
    pool = Processes(workers=load.workers, imports=Recipe(maker="load:made", argument=argument))
    executor = pool if load.workers else InProcess()
    with tempfile.TemporaryDirectory() as folder, SpanRecorder.attach() as recorder:
        async with client, SqliteStore(Path(folder) / "load.sqlite").run("load") as journal:
            site = Site(
                subject=subject,
                evaluator=right,
                recorder=recorder,
                traffic=traffic,
                concurrency=load.in_flight,
                deadlines=deadlines,
            )
            async with flowing(traffic), executor.open(site) as workplace:
                ends = Ends(load)
                means = Means(journal=journal, recorder=recorder, traffic=traffic, workplace=Watched(workplace, ends))
                _began.append(time.perf_counter())
                shop = Workshop(problem, Policy.default(), means, conduct)
                shop.emit(started(problem, budget))
                lease = await shop.ledger.lease(Ask(rollouts=load.rollouts))
                assert lease is not None
                with lease, ends.scope:
                    cells = tuple((case.id, 0) for case in cases)
                    work = Work(candidate=problem.seed, cells=cells, purpose=Purpose.VALIDATION)
                    await shop.measure(work, lease)
                await journal.durable()
    return ends.times


@asynccontextmanager
async def flowing(traffic: Traffic) -> AsyncGenerator[None]:
    """Let requests go through the lanes of a run, as the engine does."""
    with traffic.flowing():
        async with anyio.create_task_group() as group:
            group.start_soon(traffic.pulse.beat)
            yield
            group.cancel_scope.cancel()


class Watched:
    """A workplace of which it is known when each try has come back."""

    def __init__(self, workplace: Workplace, ends: Ends) -> None:
        self._workplace = workplace
        self._ends = ends

    @property
    def remarks(self) -> Sequence[str]:
        return self._workplace.remarks

    async def attempt(self, job: Job, cut: Cut) -> Tried:
        """Try once."""
        tried = await self._workplace.attempt(job, cut)
        assert tried.score is not None, tried.failure
        self._ends.add()
        return tried


def cases_of(count: int) -> tuple[Case, ...]:
    """Return so many questions."""
    return tuple(Case(id=f"c{number}", inputs=f"Where is order {number}?") for number in range(count))


async def right(case: Case, output: object, trace: Trace) -> Score:
    """Score what must have come out."""
    assert output == ANSWER
    assert len(trace.tool_calls) == 1
    return Score(value=1.0)


def made(argument: str) -> Made:
    """Return, in a worker, what is tried."""
    base_url, at_once, rollouts = json.loads(argument)
    agent, _ = make_agent(base_url, at_once)
    return Made(
        subject=subject_of(agent, None, {}),
        evaluator=right,
        cases={case.id: case for case in cases_of(rollouts)},
        fingerprints={},
    )


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
    before = _rss()
    cpu = time.process_time()
    _began.append(time.perf_counter())
    ended, late = asyncio.run(watched(lambda: side(base_url, load)))
    late.sort()
    workers = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Measured(
        seconds=ended[-1] - _began[-1],
        cpu_seconds=time.process_time() - cpu,
        workers_cpu_seconds=workers.ru_utime + workers.ru_stime,
        workers_rss_peak=workers.ru_maxrss * 1024 if load.workers else 0,
        rss_before=before,
        rss_peak=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        lag_p99=late[int(0.99 * (len(late) - 1))],
        rollouts=len(ended),
    )


def _rss() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def in_a_process(base_url: str, load: Load) -> Measured:
    """Measure one side in a process of its own."""
    numbers = (load.in_flight, load.rollouts, load.workers)
    command = [sys.executable, __file__, "--side", base_url, load.side, *map(str, numbers)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


Row: TypeAlias = tuple[int, tuple[Measured, ...]]
"""How many were in flight, and what each side did: bare, ours, and ours in a pool."""
_NAMES = ("bare", "ours", "pool")


def table(rows: Sequence[Row], latency: float, scale: float) -> Table:
    """Return what was measured, a row for each number in flight and side."""
    return Table(
        title=f"Rollouts in flight, at {latency:g} s median latency a request scaled by {scale:g}",
        columns=("in flight", "side", "rollouts", "/s", "ratio", "KB each", "lag p99 ms", "CPU ms", "workers' CPU ms"),
        rows=tuple(
            (
                figure(number, "d"),
                name,
                figure(each.rollouts, "d"),
                figure(each.per_second, ".1f"),
                figure(each.per_second / sides[0].per_second, ".2f"),
                figure((each.rss_peak - each.rss_before) / number / 1024, ".0f"),
                figure(each.lag_p99 * 1000, ".0f"),
                figure(each.cpu_seconds / each.rollouts * 1000, ".1f"),
                figure(each.workers_cpu_seconds / each.rollouts * 1000, ".1f"),
            )
            for number, sides in rows
            for name, each in zip(_NAMES, sides, strict=False)
        ),
        note=f"The aim is a ratio over {AIM}. KB: peak resident memory of this process beyond that at the start, by"
        " rollouts in flight. The workers' CPU includes their imports.",
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
    add("--workers", type=int, default=0, help="measure a pool of so many processes, too")
    add("--side", nargs=5, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.side:
        url, side, *numbers = asked.side
        in_flight, rollouts, workers = map(int, numbers)
        load = Load(side=side, in_flight=in_flight, rollouts=rollouts, workers=workers)
        print(json.dumps(asdict(measure(url, load))))
        return
    if asked.quick:
        asked.in_flight, asked.scale = [200], 0.1
    options = ("--world", "load:models", "--latency-scale", str(asked.scale), "--median", f"{TASK}={asked.latency}")
    rows: list[Row] = []
    for number in asked.in_flight:
        sides: list[Measured] = []
        for side, workers in (("bare", 0), ("ours", 0), *((("ours", asked.workers),) if asked.workers else ())):
            with serve_in_subprocess(*options) as url:
                load = Load(side=side, in_flight=number, rollouts=number * asked.waves, workers=workers)
                sides.append(in_a_process(url, load))
            if asked.json:
                record = {"side": side, "in_flight": number, "workers": workers, **asdict(sides[-1])}
                print(json.dumps(record), flush=True)
        rows.append((number, tuple(sides)))
    if not asked.json:
        show([table(rows, asked.latency, asked.scale)], None)


if __name__ == "__main__":
    main()
