"""Other people's optimizers against the default policy on generated worlds: true quality at equal rollouts.

    python benchmarks/baselines.py --quick              # minutes: a world of each family, 300 rollouts
    python benchmarks/baselines.py --json figures.jsonl # what is in the file already is not run again

All run on our engine with the same simulated models (contest.py), so that what differs is the search and what a prompt
shows. The simulated reflection model cannot read score histories: OPRO comes to a random search with it.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import comparing
import vs_gepa
from contest import Course
from our_arms import run_ours

from spanwright.baselines import Baseline, beam, best_of_n, few_shot, greedy, mipro, opro, random_search
from spanwright.search import Policy

ARMS: Mapping[str, Callable[..., Policy | Baseline]] = MappingProxyType(
    {
        "spanwright": Policy.default,
        "our gepa": Policy.gepa,
        "best of n": best_of_n,
        "greedy": greedy,
        "opro": opro,
        "random search": random_search,
        "few-shot": few_shot,
        "beam": beam,
        "mipro": mipro,
    }
)


def run(job: vs_gepa.Job) -> Course:
    """Do a job."""
    made = ARMS[job.arm](seed=job.contest.salt)
    baseline = made if isinstance(made, Baseline) else Baseline(policy=made)
    return run_ours(job.arm, job.contest, baseline.policy, baseline.writer)


def main(arguments: Iterable[str] | None = None) -> None:
    """Run what is asked for and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=3, help="worlds of each family (default 3)")
    parser.add_argument("--first-seed", type=int, default=100)
    parser.add_argument("--salts", type=int, default=2)
    parser.add_argument("--families", nargs="+", default=vs_gepa.FAMILIES)
    parser.add_argument("--budgets", nargs="+", type=int, default=(300, 1_000))
    parser.add_argument("--arms", nargs="+", default=tuple(ARMS), choices=tuple(ARMS))
    parser.add_argument("--width", type=int, default=32, help="rollouts at once (default 32)")
    parser.add_argument("--quick", action="store_true", help="one world of each family, one salt, 300 rollouts")
    parser.add_argument("--json", type=Path, help="keep every course in this file, a line each")
    asked = parser.parse_args(None if arguments is None else list(arguments))
    if asked.quick:
        asked.worlds, asked.salts, asked.budgets = 1, 1, (300,)
    jobs = vs_gepa.jobs_of(asked)
    courses = vs_gepa.do(jobs, asked.json, lambda line: print(line, file=sys.stderr, flush=True), run)
    for table in comparing.tables(courses, base="spanwright"):
        print(table)


if __name__ == "__main__":
    main()
