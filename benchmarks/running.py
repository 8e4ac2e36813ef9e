"""Runs of a benchmark, one a core at a time, kept in a file as they end: what the file holds is not run again."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Generic, TypeVar

from contest import Contest, Course
from pydantic import TypeAdapter

FAMILIES = ("rules", "coupled", "tools40", "judge", "long", "defective", "single")
FEW_FAMILIES = ("rules", "tools40", "single")
"""Those that `--quick` looks at: many texts, very many, one."""
QUICK_BUDGET = 150

J = TypeVar("J")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept(Generic[R]):
    """Where results are kept, a line each."""

    file: Path | None
    kind: TypeAdapter[R]
    key: Callable[[R], str]
    """Names the job that a result is of."""

    def before(self) -> dict[str, R]:
        """Return the results that the file holds, by job. A line that a crash cut short is taken out of it."""
        if self.file is None or not self.file.exists():
            return {}
        text = self.file.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            self.file.write_text(whole, encoding="utf-8")
        results = [self.kind.validate_json(line) for line in whole.splitlines()]
        return {self.key(result): result for result in results}

    def add(self, result: R) -> None:
        """Write one down."""
        if self.file is not None:
            with self.file.open("ab") as lines:
                lines.write(self.kind.dump_json(result) + b"\n")


def do(jobs: Mapping[str, J], run: Callable[[J], R], kept: Kept[R], *, processes: int | None = None) -> list[R]:
    """Do all jobs that were not done, and return the results of all. `run` is a function of a module: it travels."""
    done = kept.before()
    left = {key: job for key, job in jobs.items() if key not in done}
    if left:
        most = min(processes or os.cpu_count() or 1, len(left))
        with ProcessPoolExecutor(most, mp_context=get_context("spawn")) as workers:
            running = {workers.submit(run, job): key for key, job in left.items()}
            for number, future in enumerate(as_completed(running), start=1):
                key = running[future]
                result = done[key] = future.result()
                kept.add(result)
                print(f"{number}/{len(left)} {key}", file=sys.stderr, flush=True)
    return [done[key] for key in jobs]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run of one arm in a contest."""

    arm: str
    contest: Contest

    @property
    def key(self) -> str:
        """Name it, for what was done already."""
        each = self.contest
        key = f"{self.arm}|{each.family}|{each.seed}|{each.salt}|{each.budget}|{each.width}"
        return f"{key}|contrasts" if each.contrasts else key


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which worlds and budgets every arm takes part in."""

    families: Sequence[str]
    seeds: Sequence[int]
    salts: Sequence[int]
    budgets: Sequence[int]

    def jobs(self, arms: Sequence[str], width: int) -> list[Job]:
        """Return the runs of these arms, the cheap ones first."""
        return [
            Job(arm=arm, contest=Contest(family=family, seed=seed, salt=salt, budget=budget, width=width))
            for budget in self.budgets
            for seed in self.seeds
            for salt in self.salts
            for family in self.families
            for arm in arms
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """What a benchmark does when nothing is said."""

    worlds: int = 3
    salts: int = 3
    budgets: Sequence[int] = (300, 1_000, 3_000)


def parser_of(doc: str | None, usual: Usual) -> argparse.ArgumentParser:
    """Return a parser with the options that benchmarks on worlds share."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--worlds", type=int, default=usual.worlds, help=f"worlds of each family (default {usual.worlds})")
    add("--first-seed", type=int, default=100, help="of the worlds (default 100: those below were used for tuning)")
    add("--salts", type=int, default=usual.salts, help=f"runs of each world, with other luck (default {usual.salts})")
    add("--families", nargs="+", default=FAMILIES, metavar="FAMILY", help=f"of {', '.join(FAMILIES)}")
    budgets = ", ".join(map(str, usual.budgets))
    add("--budgets", nargs="+", type=int, default=usual.budgets, metavar="ROLLOUTS", help=f"default {budgets}")
    add("--quick", action="store_true", help=f"a world of three families, one salt, {QUICK_BUDGET} rollouts")
    add_keeping(parser)
    return parser


def add_keeping(parser: argparse.ArgumentParser) -> None:
    """Add the options about what is kept, which every benchmark has."""
    add = parser.add_argument
    add("--json", type=Path, metavar="FILE", help="keep every run in this file, a line each; none is run twice")
    add("--figures", type=Path, metavar="FILE", help="write the figures of the tables into this file, as JSON")
    add("--tables-only", action="store_true", help="run nothing: tables of what the file of --json holds")
    add("--processes", type=int, help="runs at a time (default: one a core)")


def plan_of(asked: argparse.Namespace) -> Plan:
    """Return the plan that was asked for."""
    if asked.quick:
        families = [family for family in asked.families if family in FEW_FAMILIES] or list(asked.families)
        return Plan(families=families, seeds=(asked.first_seed,), salts=(0,), budgets=(QUICK_BUDGET,))
    return Plan(
        families=asked.families,
        seeds=range(asked.first_seed, asked.first_seed + asked.worlds),
        salts=range(asked.salts),
        budgets=asked.budgets,
    )


def courses_of(jobs: Sequence[Job], run: Callable[[Job], Course], asked: argparse.Namespace) -> list[Course]:
    """Do the jobs, or take what the file holds of them."""
    kept = Kept(file=asked.json, kind=TypeAdapter(Course), key=key_of)
    if asked.tables_only:
        before = kept.before()
        return [before[job.key] for job in jobs if job.key in before]
    return do({job.key: job for job in jobs}, run, kept, processes=asked.processes)


def key_of(course: Course) -> str:
    """Name the job that a course is of."""
    return Job(arm=course.arm, contest=course.contest).key
