"""Other people's optimizers against the default policy on generated worlds: true quality at equal rollouts.

    python benchmarks/baselines.py --quick              # a minute: a world of three families, 150 rollouts
    python benchmarks/baselines.py --json figures.jsonl # what is in the file already is not run again

All run on our engine with the same simulated models (contest.py), so that what differs is the search and what a prompt
shows. The simulated reflection model cannot read score histories: OPRO comes to a random search with it.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from contest import Course
from our_arms import run_ours
from running import Job, Usual, courses_of, parser_of, plan_of
from showing import show
from standings import standings

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


def run(job: Job) -> Course:
    """Do a job."""
    made = ARMS[job.arm](seed=job.contest.salt)
    baseline = made if isinstance(made, Baseline) else Baseline(policy=made)
    return run_ours(job.arm, job.contest, baseline.policy, baseline.writer)


def main(arguments: Iterable[str] | None = None) -> None:
    """Run what is asked for and print the tables."""
    parser = parser_of(__doc__, Usual(salts=2, budgets=(300, 1_000)))
    parser.add_argument("--arms", nargs="+", default=tuple(ARMS), choices=tuple(ARMS))
    parser.add_argument("--width", type=int, default=32, help="rollouts at once (default 32)")
    asked = parser.parse_args(None if arguments is None else list(arguments))
    courses = courses_of(plan_of(asked).jobs(asked.arms, asked.width), run, asked)
    show(standings(courses, base="spanwright"), asked.figures)


if __name__ == "__main__":
    main()
