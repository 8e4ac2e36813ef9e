"""How often a run is fooled by noise, how often its interval holds the truth, and which gains it sees.

    python benchmarks/honesty.py --quick                    # a minute; without --quick 200 runs a row
    python benchmarks/honesty.py power --json power.jsonl   # what the file holds is not run again
    python benchmarks/honesty.py intervals nothing power coverage --figures honesty.json

Whole runs of the engine in virtual time on `spanwright.testing.landscape`, whose truth is known in closed form. The
figures are ratios of runs, so they are the same on any machine. The same on worlds: promises.py.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from statistics import fmean

import anyio
from pydantic import TypeAdapter
from running import Kept, add_keeping, do
from showing import Cell, Table, figure, show
from verdicts import COLUMNS, EXPLAINED, Seen, seen_in, share, shares

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

    @property
    def name(self) -> str:
        """Name it."""
        kind = f"+{self.gain}" if self.gain else self.policy
        return f"{self.world}, {kind}, {self.rollouts}" + (f", {self.test} tested" if self.test else "")


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


def rows_of(names: Sequence[str], *, quick: bool) -> Iterable[Row]:
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
    for gain in (0.1, 0.2) if quick else (0.05, 0.1, 0.15, 0.2):
        for rollouts in (800,) if quick else (300, 800, 2_000):
            yield Row(table="power", world="binary, p = 0.7", rollouts=rollouts, gain=gain)


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
    these = world.truth(best, splits.test) - world.truth(seed, splits.test) if splits.test else gain
    return seen_in(result, gain=gain, these=these)


def intervals(runs: int) -> Table:
    """Return how often the interval of paired differences holds the truth, against Student's t alone; no engine."""
    rows: list[tuple[Cell, ...]] = []
    for seed, best in ((0.7, 0.7), (0.7, 0.85), (0.1, 0.9), (0.95, 0.98)):
        for parts, cases in ((parts, cases) for parts in (1, 4) for cases in (10, 20, 48)):
            rng = Random(f"{seed} {best} {parts} {cases}")

            def score(p: float, rng: Random = rng, parts: int = parts) -> float:
                return sum(rng.random() < p for _ in range(parts)) / parts

            truth = best - seed
            held = dict.fromkeys(("ours", "t", "better"), 0)
            for _ in range(runs):
                differences = [score(best) - score(seed) for _ in range(cases)]
                ours, student = paired(differences), mean_interval(differences)
                held["ours"] += ours.low - 1e-9 <= truth <= ours.high + 1e-9
                held["t"] += student.low - 1e-9 <= truth <= student.high + 1e-9
                held["better"] += ours.low > 0
            scores = "pass or fail" if parts == 1 else "mean of four"
            kind = f"{scores}, {seed} -> {best}"
            rows.append((kind, figure(cases, "d"), *(figure(count / runs, ".3f") for count in held.values())))
    return Table(
        title=f"intervals: {runs} samples a row, nominal 95 %",
        columns=("scores", "cases", "ours holds truth", "Student's t does", "ours says better"),
        rows=tuple(rows),
    )


def tables(rows: Sequence[Row], seen: Iterable[Seen]) -> Iterator[Table]:
    """Yield a table of each kind."""
    by_row: dict[str, list[Seen]] = defaultdict(list)
    for each in seen:
        by_row[each.key.rpartition("|")[0]].append(each)
    for kind in dict.fromkeys(row.table for row in rows):
        mine = [(row, of) for row in rows if row.table == kind and (of := by_row[_key(row)])]
        if kind == "power":
            yield _power_table(mine)
            continue
        lines = tuple((row.name, *shares(of)) for row, of in mine)
        yield Table(title=kind, columns=("run", *COLUMNS), rows=lines, note=EXPLAINED).without_empty_columns()


def _power_table(found: Sequence[tuple[Row, Sequence[Seen]]]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for row, seen in found:
        row_of: tuple[Cell, ...] = (
            f"{100 * row.gain:+.0f}",
            figure(row.rollouts, "d"),
            figure(len(seen), "d"),
            share(not each.seed_returned for each in seen),
            share(each.true_gain > 1e-9 for each in seen),
            figure(fmean(each.true_gain for each in seen), "+.1f", scale=100),
        )
        rows.append(row_of)
    return Table(
        title="power: one edit in ten is worth a gain on every case, nine change nothing; pass or fail, 70 % before",
        columns=("gain", "rollouts", "runs", "a child returned", "one with the gain", "mean true gain"),
        rows=tuple(rows),
        note="Shares of runs in per cent, with 95 % intervals; gains in points. Without a test split.",
    )


def _key(row: Row) -> str:
    return f"{row.table}|{row.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One run of a row."""

    row: Row
    salt: int
    confidence: float | None = 0.975

    @property
    def key(self) -> str:
        """Name it."""
        plain = ", best mean" if self.confidence is None else ""
        return f"{_key(self.row)}|{self.salt}{plain}"


def tried(trial: Trial) -> Seen:
    """Make one run."""
    return replace(one_run(trial.row, trial.salt, trial.confidence), key=trial.key)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("tables", nargs="*", default=["intervals", "nothing", "power", "coverage"], metavar="TABLE")
    add("--runs", type=int, default=None, help="runs a row; 200, or 20 with --quick")
    add("--quick", action="store_true", help="fewer rows, 20 runs each")
    add("--plain-maximum", action="store_true", help="let the best mean win, as before and in gepa")
    add_keeping(parser)
    asked = parser.parse_args()
    runs = asked.runs or (20 if asked.quick else 200)
    trial_of = partial(Trial, confidence=None if asked.plain_maximum else 0.975)
    rows = list(rows_of([name for name in asked.tables if name != "intervals"], quick=asked.quick))
    trials = {trial.key: trial for row in rows for salt in range(runs) for trial in (trial_of(row=row, salt=salt),)}
    kept = Kept(file=asked.json, kind=TypeAdapter(Seen), key=lambda seen: seen.key)
    if asked.tables_only:
        seen = [each for key, each in kept.before().items() if key in trials]
    else:
        seen = do(trials, tried, kept, processes=asked.processes)
    shown = [intervals(20 * runs)] if "intervals" in asked.tables else []
    show([*shown, *tables(rows, seen)], asked.figures)


if __name__ == "__main__":
    main()
