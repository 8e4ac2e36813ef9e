"""Spanwright against gepa 0.1.4 on generated worlds: quality at equal rollouts, rollouts and time to gepa's quality.

gepa has to be importable: `pip install "spanwright[benchmarks]"`, or PYTHONPATH=.venv-gepa after `make test-gepa`.

    python benchmarks/vs_gepa.py --quick                              # seconds: every part, once
    python benchmarks/vs_gepa.py --json courses.jsonl --plots figures # hours; what the file holds is not run again
    python benchmarks/vs_gepa.py --json courses.jsonl --tables-only --figures figures.json

Simulated models: orderings and mechanisms only. Both systems try candidates through one function (contest.py) whose
randomness is a hash of what is asked; time is virtual, so a busy machine changes nothing.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import curves
from contest import Course
from gepa_arms import SETTINGS, run_gepa, run_gepa_with_our_reflection
from our_arms import POLICIES, run_ours
from running import Job, Usual, courses_of, parser_of, plan_of
from showing import show
from standings import OUR_REFLECTION, aims, quarters, standings

OURS = "spanwright"
ARMS = (OURS, *SETTINGS, OUR_REFLECTION)
QUARTER = 4


def run(job: Job) -> Course:
    """Do a job."""
    if job.arm == OUR_REFLECTION:
        return run_gepa_with_our_reflection(job.arm, job.contest)
    if job.arm in SETTINGS:
        return run_gepa(job.arm, job.contest)
    return run_ours(job.arm, job.contest)


def main(arguments: Iterable[str] | None = None) -> None:
    """Run what is asked for and print the tables."""
    parser = parser_of(__doc__, Usual())
    parser.add_argument("--arms", nargs="+", default=ARMS, metavar="ARM", help=f"of {', '.join((*ARMS, *POLICIES))}")
    parser.add_argument("--width", type=int, default=32, help="rollouts at once (default 32)")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="draw the curves into this folder")
    asked = parser.parse_args(None if arguments is None else list(arguments))
    plan = plan_of(asked)
    whole = plan.jobs(asked.arms, asked.width)
    fewer = replace(plan, budgets=[budget // QUARTER for budget in plan.budgets]).jobs([OURS], asked.width)
    courses = courses_of(list({job.key: job for job in [*whole, *fewer]}.values()), run, asked)
    wanted = [course for course in courses if course.contest.budget in plan.budgets]
    shown = [*standings(wanted, base=OURS), *quarters(courses, base=OURS, share=QUARTER), aims(wanted, base=OURS)]
    show(shown, asked.figures)
    if asked.plots:
        curves.plots(wanted, asked.plots)


if __name__ == "__main__":
    main()
