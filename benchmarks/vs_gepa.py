"""Spanwright against gepa 0.1.4 on generated worlds: quality at equal rollouts, rollouts and time to gepa's quality.

gepa has to be importable: `pip install "spanwright[benchmarks]"`, or PYTHONPATH=.venv-gepa after `make test-gepa`.

    python benchmarks/vs_gepa.py --quick                  # a minute or two: every part, once
    python benchmarks/vs_gepa.py --json courses.jsonl     # hours; what the file holds is not run again
    python benchmarks/vs_gepa.py --json courses.jsonl --tables-only --plots figures

Simulated models: orderings and mechanisms only. Both systems try candidates through one function (contest.py) whose
randomness is a hash of what is asked; time is virtual, so a busy machine changes nothing.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import comparing
from contest import Contest, Course, Point
from gepa_arms import SETTINGS, run_gepa, run_gepa_with_our_reflection
from our_arms import POLICIES, run_ours

FAMILIES = ("rules", "coupled", "tools40", "judge", "long", "defective", "single")
BUDGETS = (300, 1_000, 3_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run of one arm."""

    arm: str
    contest: Contest

    @property
    def key(self) -> str:
        """Name it, for what was done already."""
        each = self.contest
        return f"{self.arm}|{each.family}|{each.seed}|{each.salt}|{each.budget}|{each.width}"


def run(job: Job) -> Course:
    """Do a job."""
    if job.arm == "gepa + our reflection":
        return run_gepa_with_our_reflection(job.arm, job.contest)
    if job.arm in SETTINGS:
        return run_gepa(job.arm, job.contest)
    return run_ours(job.arm, job.contest)


ARMS = ("spanwright", *SETTINGS, "gepa + our reflection")


def jobs_of(asked: argparse.Namespace) -> list[Job]:
    """Return all runs that are asked for, the cheap ones first."""
    return [
        Job(arm=arm, contest=Contest(family=family, seed=seed, salt=salt, budget=budget, width=asked.width))
        for budget in asked.budgets
        for seed in range(asked.first_seed, asked.first_seed + asked.worlds)
        for salt in range(asked.salts)
        for family in asked.families
        for arm in asked.arms
    ]


def done_before(file: Path | None) -> dict[str, Course]:
    """Return the courses that a file holds."""
    if file is None or not file.exists():
        return {}
    found: dict[str, Course] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        contest = Contest(**record.pop("contest"))
        points = tuple(Point(**point) for point in record.pop("points"))
        course = Course(contest=contest, points=points, **record)
        found[Job(arm=course.arm, contest=contest).key] = course
    return found


def do(
    jobs: Sequence[Job], file: Path | None, tell: Callable[[str], None], run: Callable[[Job], Course] = run
) -> list[Course]:
    """Do all jobs that were not done, one a core at a time, and return the courses of all."""
    done = done_before(file)
    open_jobs = [job for job in jobs if job.key not in done]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as processes:
        running = {processes.submit(run, job): job for job in open_jobs}
        for number, future in enumerate(as_completed(running), start=1):
            job = running[future]
            course = done[job.key] = future.result()
            if file is not None:
                with file.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps(course.record()) + "\n")
            tell(f"{number}/{len(open_jobs)} {job.key}: {course.seed_truth:.3f} -> {course.final:.3f}")
    return [done[job.key] for job in jobs]


def main(arguments: Iterable[str] | None = None) -> None:
    """Run what is asked for and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=3, help="worlds of each family (default 3)")
    parser.add_argument("--first-seed", type=int, default=100)
    parser.add_argument("--salts", type=int, default=3)
    parser.add_argument("--families", nargs="+", default=FAMILIES)
    parser.add_argument("--budgets", nargs="+", type=int, default=BUDGETS)
    parser.add_argument("--arms", nargs="+", default=ARMS, help=f"of {', '.join((*ARMS, *POLICIES))}")
    parser.add_argument("--width", type=int, default=32, help="rollouts at once (default 32)")
    parser.add_argument("--quick", action="store_true", help="one world of each family, one salt, 300 rollouts")
    parser.add_argument("--json", type=Path, help="keep every course in this file, a line each")
    parser.add_argument("--tables-only", action="store_true", help="run nothing")
    parser.add_argument("--plots", type=Path, help="draw the curves into this folder")
    asked = parser.parse_args(None if arguments is None else list(arguments))
    if asked.quick:
        asked.worlds, asked.salts, asked.budgets = 1, 1, (300,)
    jobs = jobs_of(asked)
    if asked.tables_only:
        before = done_before(asked.json)
        courses = [before[job.key] for job in jobs if job.key in before]
    else:
        courses = do(jobs, asked.json, lambda line: print(line, file=sys.stderr, flush=True))
    for table in comparing.tables(courses, base="spanwright"):
        print(table)
    if asked.plots:
        comparing.plots(courses, asked.plots)


if __name__ == "__main__":
    main()
