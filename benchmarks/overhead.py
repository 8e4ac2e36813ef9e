"""What Spanwright costs: CPU a rollout beyond a bare instrumented agent run, events through the store, decisions.

    python benchmarks/overhead.py [--quick] [--json]

Rollouts are of a FunctionModel that answers at once, model - tool - model, so that nothing but CPU is seen. Both sides
are instrumented alike: a tracer provider of their own and a processor that makes each span flat in memory. Blocks of
both are run in turn in one process, because a shared machine drifts by more than what is measured here.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from pydantic_ai import Agent, InstrumentationSettings
from pydantic_ai.capabilities import Instrumentation
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from showing import Cell, Table, figure, show

from spanwright.core.candidate import Candidate, Component, Kind
from spanwright.core.case import Case
from spanwright.core.events import AttemptStarted, Event, Judged, RolloutEnded, RolloutStarted, RunStarted
from spanwright.core.proposal import Proposal, Verdict
from spanwright.core.rollout import Purpose, Rollout, RolloutKey
from spanwright.core.score import Score
from spanwright.core.trace import Span, Trace
from spanwright.core.usage import Budget, Usage
from spanwright.engine.executors import Here
from spanwright.engine.perform import Performer, Task, Terms
from spanwright.search import Policy, Pool
from spanwright.store import SqliteStore
from spanwright.subject import subject_of
from spanwright.telemetry import SpanRecorder
from spanwright.telemetry.flatten import flatten

AIM_OVERHEAD = 0.15
AIM_DECISION_MS = 2.0
GROUP = 32
"""Events between two calls of `durable`: as many as rollouts that start together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured."""

    blocks: int
    events: int
    pools: tuple[int, ...]
    decisions: int


QUICK = Sizes(blocks=30, events=2_000, pools=(100, 1_000), decisions=20)
FULL = Sizes(blocks=150, events=20_000, pools=(100, 1_000, 5_000), decisions=100)
CASES = 100
RUNS = 8
"""Runs of a block. Few: a block that no other process disturbed is what is looked for."""
WARM_UP = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Overhead:
    """CPU of a rollout, in microseconds, by the best of many small blocks: other processes only ever add to it."""

    bare_us: float
    rollout_us: float
    added_us: float
    ratio: float
    """What is added, as a share of the bare run: 0.15 is 15 % more."""
    median_ratio: float
    """The same by the median over the pairs of blocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """Wall-clock milliseconds of what is decided for one attempt, in a pool of this many candidates."""

    candidates: int
    cases: int
    attempt_ms: float
    slowest_ms: float
    slowest: str
    fold_us: float
    """What one event costs the pool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that was measured."""

    overhead: Overhead
    events_per_second: float
    decisions: tuple[Decisions, ...]


async def reply(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Call the tool, then answer. Async: a sync function would be sent to a thread, whose hand-over is all noise."""
    if len(messages) == 1:
        return ModelResponse(parts=[ToolCallPart("find_order", {"number": "A-17"})])
    return ModelResponse(parts=[TextPart("Your order is on its way.")])


def make_agent() -> Agent[object, str]:
    """Return an agent with a few tools, of which it calls one."""
    agent = Agent(FunctionModel(reply), name="support", instructions="Help the customer. " * 20)

    @agent.tool_plain
    async def find_order(number: str) -> str:
        """Find an order by its number."""
        return f"{number}: shipped"

    @agent.tool_plain
    async def refund(number: str, amount: float, reason: str = "") -> str:
        """Refund an order, within the limits of the policy."""
        return f"{number}: {amount} refunded {reason}"

    @agent.tool_plain
    async def escalate(number: str, summary: str) -> str:
        """Hand the customer over to a person."""
        return f"{number}: {summary}"

    return agent


class Flat(SpanProcessor):
    """Keeps each span as plain data."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(flatten(span))


async def right(case: Case, output: object, trace: Trace) -> Score:
    """Score: what a real evaluator costs is its author's business."""
    return Score(value=1.0)


def bare() -> Callable[[int], Awaitable[object]]:
    """Return what runs the agent as a user would, instrumented."""
    agent, processor = make_agent(), Flat()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(processor)
    settings = InstrumentationSettings(tracer_provider=provider, meter_provider=NoOpMeterProvider(), version=5)

    async def run(number: int) -> object:
        result = await agent.run("Where is my order A-17?", capabilities=[Instrumentation(settings=settings)])
        processor.spans.clear()
        return result

    return run


async def rolled(recorder: SpanRecorder) -> Callable[[int], Awaitable[object]]:
    """Return what does whole rollouts of a candidate in which every default component has a new text."""
    subject = subject_of(make_agent(), None, {})
    found = [each for each in await subject.components() if each.kind in (Kind.INSTRUCTIONS, Kind.TOOL)]
    candidate = Candidate(texts={component.id: f"{component.text} Be exact." for component in found})
    here = Here(subject, right, recorder=recorder)
    performer = Performer(here, clock=time.time, terms=Terms(concurrency=1))
    case = Case(id="case", inputs="Where is my order A-17?")

    async def run(number: int) -> object:
        key = RolloutKey(candidate=candidate.id, case=case.id, repeat=number)
        task = Task(number=number, candidate=candidate, case=case, key=key, purpose=Purpose.VALIDATION)
        observed = await performer.perform(task)
        assert observed is not None, "nobody halts it"
        assert observed.rollout.score is not None, observed.rollout.failure
        assert len(observed.trace.tool_calls) == 1, observed.trace
        return observed

    return run


async def cpu(run: Callable[[int], Awaitable[object]], runs: int) -> float:
    """Return the microseconds of CPU that one run took."""
    before = time.process_time_ns()
    for number in range(runs):
        await run(number)
    return (time.process_time_ns() - before) / runs / 1e3


async def measure_overhead(sizes: Sizes) -> Overhead:
    """Compare rollouts with bare runs, block by block."""
    with SpanRecorder.attach() as recorder:
        plain, full = bare(), await rolled(recorder)
        for run in (plain, full):
            await cpu(run, WARM_UP)  # what is made once is no cost of a rollout
        pairs = [(await cpu(plain, RUNS), await cpu(full, RUNS)) for _ in range(sizes.blocks)]
    bare_us, rollout_us = (min(block) for block in zip(*pairs, strict=True))
    return Overhead(
        bare_us=bare_us,
        rollout_us=rollout_us,
        added_us=rollout_us - bare_us,
        ratio=rollout_us / bare_us - 1,
        median_ratio=statistics.median(after / before - 1 for before, after in pairs),
    )


def history(candidates: int, cases: int) -> Iterator[Event]:
    """Yield the events of a run with so many candidates, each measured on every validation case."""
    drawn = Random(candidates)
    names = [f"support/tool:{place}" for place in range(10)]
    seed = Candidate(texts=dict.fromkeys(names, "seed"))
    validation = tuple(f"v{place}" for place in range(cases))
    yield RunStarted(
        run="benchmark",
        at=0.0,
        seed=seed,
        components=tuple(Component(id=name, kind=Kind.TOOL, agent="support", text="seed") for name in names),
        budget=Budget(rollouts=candidates * cases * 2),
        policy="default",
        train=tuple(f"t{place}" for place in range(cases)),
        validation=validation,
        test=(),
    )
    pool, number = [seed], 0
    for attempt in range(candidates):
        member = pool[-1]
        for case in validation:
            number += 1
            key = RolloutKey(candidate=member.id, case=case)
            yield RolloutStarted(number=number, key=key, purpose=Purpose.VALIDATION, at=0.0)
            score = Score(value=float(drawn.random() < 0.4 + 0.4 * attempt / candidates))
            spent = Usage(rollouts=1, requests=2)
            yield RolloutEnded(
                rollout=Rollout(number=number, key=key, purpose=Purpose.VALIDATION, score=score, usage=spent)
            )
        parent = drawn.choice(pool)
        yield AttemptStarted(attempt=attempt, parent=parent.id, cases=("t0", "t1", "t2"), at=0.0)
        edits = {drawn.choice(names): f"text {attempt}"}
        child = parent.edited(edits)
        pool.append(child)
        proposal = Proposal(parents=(parent.id,), edits=edits)
        verdict = Verdict(accepted=True, reason="admitted")
        yield Judged(attempt=attempt, proposal=proposal, child=child, verdict=verdict, at=0.0)


def measure_decisions(candidates: int, sizes: Sizes) -> Decisions:
    """Fill a pool and time each decision that the policy makes for one attempt."""
    pool, policy, folded = Pool(), Policy.default(), 0
    before = time.perf_counter()
    for event in history(candidates, CASES):
        pool.apply(event)
        folded += 1
    fold = (time.perf_counter() - before) / folded
    view = pool.view
    blames = {f"support/tool:{place}": float(place) for place in range(10)}
    members = view.members
    decisions: dict[str, Callable[[int], object]] = {
        "parent": lambda turn: policy.parent(view, Random(turn)),
        "minibatch": lambda turn: policy.minibatch(view, members[turn % len(members)], turn),
        "components": lambda turn: policy.components(view, members[turn % len(members)], blames, Random(turn)),
        "tried": lambda turn: policy.tried(view, members[turn % len(members)], tuple(blames)[:3]),
        "lessons": lambda turn: policy.lessons(view, members[turn % len(members)], tuple(blames)[:3]),
        "top_up": lambda _: policy.top_up(view),
        "next_block": lambda _: policy.next_block(view, members[-1]),
        "should_stop": lambda _: policy.should_stop(view),
        "commitment": lambda _: policy.commitment(view),
    }
    times = {name: statistics.median(_timed(decide, sizes.decisions)) for name, decide in decisions.items()}
    slowest = max(times, key=lambda name: times[name])
    return Decisions(
        candidates=candidates,
        cases=CASES,
        attempt_ms=sum(times.values()),
        slowest_ms=times[slowest],
        slowest=slowest,
        fold_us=fold * 1e6,
    )


def _timed(decide: Callable[[int], object], turns: int) -> Iterator[float]:
    """Yield the milliseconds of each decision; the first one may fill a cache and is left out."""
    decide(0)
    for turn in range(1, turns + 1):
        before = time.perf_counter()
        decide(turn)
        yield (time.perf_counter() - before) * 1e3


async def measure_store(sizes: Sizes) -> float:
    """Return how many events a second become durable, in groups."""
    events = [event for event, _ in zip(history(1 + sizes.events // 200, CASES), range(sizes.events), strict=False)]
    with tempfile.TemporaryDirectory() as folder:
        async with SqliteStore(Path(folder) / "store.sqlite").run("benchmark") as journal:
            before = time.perf_counter()
            for place, event in enumerate(events, 1):
                journal.append(event)
                if place % GROUP == 0:
                    await journal.durable()
            await journal.durable()
            return len(events) / (time.perf_counter() - before)


def measure(sizes: Sizes) -> Report:
    """Measure all."""
    return Report(
        overhead=asyncio.run(measure_overhead(sizes)),
        events_per_second=asyncio.run(measure_store(sizes)),
        decisions=tuple(measure_decisions(candidates, sizes) for candidates in sizes.pools),
    )


def tables(report: Report) -> Iterator[Table]:
    """Yield the figures for a person."""
    overhead = report.overhead
    aim = f"under {AIM_OVERHEAD:.0%}"
    rows: list[tuple[Cell, ...]] = [
        ("a bare instrumented run", figure(overhead.bare_us, ".0f", " us CPU"), ""),
        ("a rollout of Spanwright", figure(overhead.rollout_us, ".0f", " us CPU"), ""),
        ("added", figure(overhead.added_us, ".0f", " us CPU"), ""),
        ("    as a share of the bare run", figure(overhead.ratio, ".1%"), aim),
        ("    by the median pair of blocks", figure(overhead.median_ratio, ".1%"), ""),
        (f"events through the store, durable in groups of {GROUP}", figure(report.events_per_second, ".0f", "/s"), ""),
    ]
    yield Table(
        title="What a rollout costs beyond the agent's own run", columns=("of what", "figure", "aim"), rows=tuple(rows)
    )
    decided: list[tuple[Cell, ...]] = [
        (
            f"{each.candidates} x {each.cases}",
            figure(each.attempt_ms, ".3f", " ms"),
            f"{each.slowest} {each.slowest_ms:.3f} ms",
            figure(each.fold_us, ".1f", " us"),
        )
        for each in report.decisions
    ]
    yield Table(
        title="What decisions cost",
        columns=("candidates x cases", "all of an attempt", "the slowest", "folding an event"),
        rows=tuple(decided),
        note=f"Aim: under {AIM_DECISION_MS:.0f} ms for each decision.",
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer and smaller blocks: seconds, and less exact")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    report = measure(QUICK if options.quick else FULL)
    if options.json:
        print(json.dumps(asdict(report)))
    else:
        show(tables(report))


if __name__ == "__main__":
    main()
