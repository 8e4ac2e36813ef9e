"""How often a run is fooled by noise, how often its interval holds the truth, and which gains it sees.

    python benchmarks/honesty.py --quick            # a minute; without --quick 200 runs a row
    python benchmarks/honesty.py intervals nothing power coverage --runs 200 --json

Whole runs of the engine in virtual time on `spanwright.testing.landscape`, whose truth is known in closed form. The
figures are ratios of runs, so they are the same on any machine.
"""

import argparse
import json
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from random import Random

import anyio

from spanwright import (
    Budget,
    Candidate,
    MemoryStore,
    Policy,
    Proposal,
    Reflection,
    ReflectionContext,
    Reflector,
    Result,
)
from spanwright.engine import Conduct, Engine, Means, Problem
from spanwright.search.statistics import mean_interval, paired
from spanwright.telemetry import BlindRecorder
from spanwright.testing.controls import DoNothingReflector
from spanwright.testing.landscape import Landscape, LandscapeSubject, landscape_evaluator
from spanwright.testing.virtual import run_virtual

POLICIES = {"default": Policy.default, "gepa": Policy.gepa, "best of n": Policy.best_of_n}
NOISES = {
    "binary, p = 0.7": Landscape(components=2, rules=2, needs=1, unstated=0.7, followed=0.7),
    "binary, p = 0.95": Landscape(components=2, rules=2, needs=1, unstated=0.95, followed=0.95),
    "graded": Landscape(components=2, rules=4, needs=4, unstated=0.5, followed=0.5),
    "no noise": Landscape(components=2, rules=2, needs=1, unstated=1.0, followed=1.0),
}
"""Worlds in which no text matters."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A kind of run, by names, so that another process can do it."""

    table: str
    world: str
    policy: str = "default"
    rollouts: int
    gain: float = 0.0
    """How much better than the seed the one edit is that matters."""
    chance: float = 0.1
    """How many of the edits are that one."""
    test: int = 0


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What one run came to."""

    seed_returned: bool
    true_gain: float
    improved: bool
    covered: bool | None = None
    """Whether the interval holds the truth for cases like those of the test split; None without an interval."""
    covered_these: bool | None = None
    """Whether it holds the truth for these very cases."""


@dataclass(slots=True)
class OneGoodEdit:
    """States the first rule of a world now and then, and otherwise changes nothing."""

    chance: float
    seed: int

    async def reflect(self, context: ReflectionContext) -> Reflection:
        """Answer by chance."""
        parent, component = context.parent, context.components[0]
        rng = Random(f"{self.seed}/{context.attempt}/{parent.id}")
        text = parent.texts[component.id]
        lacks = [rule for rule in ("0", "1") if rule not in text.split()]
        word = rng.choice(lacks) if lacks and rng.random() < self.chance else f"(as before, no. {context.attempt}.)"
        edits = {component.id: f"{text} {word}".strip()}
        return Reflection(result=Proposal(parents=(parent.id,), edits=edits))


def tables(names: Sequence[str], *, quick: bool) -> Iterable[Row]:
    """Yield the rows of the tables that are asked for."""
    made = {"nothing": _nothing, "power": _power, "coverage": _coverage}
    for name in names:
        yield from made[name](quick=quick)


def _nothing(*, quick: bool) -> Iterable[Row]:
    for world in ("binary, p = 0.7", "graded") if quick else NOISES:
        for policy in ("default", "gepa"):
            for rollouts in (300, 1000):
                yield Row(table="nothing", world=world, policy=policy, rollouts=rollouts)


def _power(*, quick: bool) -> Iterable[Row]:
    for gain in (0.15, 0.25):
        for policy in ("default", "gepa"):
            for rollouts in (800,) if quick else (300, 800, 3000):
                yield Row(table="power", world="binary, p = 0.7", policy=policy, rollouts=rollouts, gain=gain)


def _coverage(*, quick: bool) -> Iterable[Row]:
    for world in ("binary, p = 0.7", "graded"):
        for test in (10, 50) if quick else (10, 20, 50):
            yield Row(table="coverage", world=world, rollouts=600 + 2 * test, gain=0.25, chance=0.3, test=test)


def one_run(row: Row, salt: int, confidence: float | None = 0.975) -> Seen:
    """Make one run."""
    world = replace(NOISES[row.world], seed=salt)
    reflector: Reflector = DoNothingReflector()
    if row.gain:
        # One text with one or two rules: whoever states the first gains on each case, or on each that needs it.
        world = replace(world, components=1, rules=1 if world.needs == 1 else world.needs)
        world = replace(world, followed=world.unstated + row.gain)
        reflector = OneGoodEdit(chance=row.chance, seed=salt)
    policy = POLICIES[row.policy](seed=salt, confidence=confidence)
    return run_virtual(_run(world, reflector, policy, row))


async def _run(world: Landscape, reflector: Reflector, policy: Policy, row: Row) -> Seen:
    subject = LandscapeSubject(world)
    splits = world.splits(train=30, validation=40, test=row.test)
    problem = Problem(
        subject=subject,
        evaluator=landscape_evaluator,
        reflector=reflector,
        splits=splits,
        seed=Candidate(texts=world.texts()),
        components=tuple(await subject.components()),
    )
    budget = Budget(rollouts=row.rollouts, reflections=row.rollouts // 4)
    async with MemoryStore().run("run") as journal:
        means = Means(journal=journal, recorder=BlindRecorder(), clock=anyio.current_time)
        await Engine(problem, policy, means, Conduct(run="run", budget=budget)).run()
        result = Result.from_events(journal.events())
    seed, best = result.seed, result.best
    gain = world.prospect(best) - world.prospect(seed)
    seen = Seen(seed_returned=best == seed, true_gain=gain, improved=result.improved)
    if result.test is None or best == seed:
        return seen
    interval = result.test.difference
    these = world.truth(best, splits.test) - world.truth(seed, splits.test)
    return replace(
        seen,
        covered=interval.low - 1e-9 <= gain <= interval.high + 1e-9,
        covered_these=interval.low - 1e-9 <= these <= interval.high + 1e-9,
    )


def intervals(runs: int) -> Iterable[dict[str, object]]:
    """Yield how often the interval of paired differences holds the truth, against Student's t alone; no engine."""
    for seed, best in ((0.7, 0.7), (0.7, 0.85), (0.1, 0.9), (0.95, 0.98)):
        for parts, cases in ((parts, cases) for parts in (1, 4) for cases in (10, 20, 48)):
            rng = Random(f"{seed} {best} {parts} {cases}")

            def score(p: float, rng: Random = rng, parts: int = parts) -> float:
                return sum(rng.random() < p for _ in range(parts)) / parts

            truth = best - seed
            held = dict.fromkeys(("covered", "covered_by_t", "said_better"), 0)
            for _ in range(runs):
                differences = [score(best) - score(seed) for _ in range(cases)]
                ours, student = paired(differences), mean_interval(differences)
                held["covered"] += ours.low - 1e-9 <= truth <= ours.high + 1e-9
                held["covered_by_t"] += student.low - 1e-9 <= truth <= student.high + 1e-9
                held["said_better"] += ours.low > 0
            scores = "pass or fail" if parts == 1 else "of four parts"
            kind: dict[str, object] = {
                "table": "intervals",
                "scores": scores,
                "seed": seed,
                "best": best,
                "cases": cases,
                "runs": runs,
            }
            shares: dict[str, object] = {name: round(count / runs, 3) for name, count in held.items()}
            yield kind | shares


def _share(of: Iterable[bool]) -> float | None:
    counted = list(of)
    return round(sum(counted) / len(counted), 3) if counted else None


def _figures(row: Row, seen: Sequence[Seen]) -> dict[str, object]:
    told = asdict(row) | {
        "runs": len(seen),
        "seed_returned": _share(each.seed_returned for each in seen),
        "mean_true_gain": round(sum(each.true_gain for each in seen) / len(seen), 3),
    }
    if row.test:
        told["said_better"] = _share(each.improved for each in seen)
        told["covered"] = _share(each.covered for each in seen if each.covered is not None)
        told["covered_these_cases"] = _share(each.covered_these for each in seen if each.covered_these is not None)
    return told


def _print(figures: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(figures), flush=True)
    else:
        print("  ".join(f"{name} {value}" for name, value in figures.items()), flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", default=["intervals", "nothing", "power", "coverage"], metavar="TABLE")
    parser.add_argument("--runs", type=int, default=None, help="runs a row; 200, or 20 with --quick")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--plain-maximum", action="store_true", help="let the best mean win, as before and in gepa")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    runs = asked.runs or (20 if asked.quick else 200)
    confidence = None if asked.plain_maximum else 0.975
    if "intervals" in asked.tables:
        for figures in intervals(20 * runs):
            _print(figures, as_json=asked.json)
    with ProcessPoolExecutor(os.cpu_count()) as processes:
        for row in tables([name for name in asked.tables if name != "intervals"], quick=asked.quick):
            seen = list(processes.map(one_run, [row] * runs, range(runs), [confidence] * runs, chunksize=5))
            _print(_figures(row, seen), as_json=asked.json)


if __name__ == "__main__":
    main()
