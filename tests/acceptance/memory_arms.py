"""Runs on worlds with parts of the memory, of the escape and of the blame taken away or added, at equal budget.

`python tests/acceptance/memory_arms.py --families defective tools40 --seeds 4 --rollouts 600` prints, for each family
and arm, the true test score of the winner and its paired difference from the default.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from types import MappingProxyType

import anyio

from spanwright.core.events import Escape
from spanwright.core.usage import Budget
from spanwright.engine import Conduct, Engine, Means
from spanwright.report import Result, Worth
from spanwright.search import Blamed, Plateau, Policy, round_robin
from spanwright.search.statistics import mean_interval
from spanwright.store import MemoryStore
from spanwright.testing.virtual import run_virtual
from spanwright.testing.worlds import Sizes, World, make_world
from spanwright.testing.worlds.staging import Latency, Stage

SIZES = Sizes(train=40, validation=40, test=200)


def _escaping(*ways: Escape) -> Callable[[int], Policy]:
    return lambda seed: Policy.default(seed=seed, escape_rule=Plateau(ways=ways))


ARMS: Mapping[str, Callable[[int], Policy]] = MappingProxyType(
    {
        "default": lambda seed: Policy.default(seed=seed),
        "no memory": lambda seed: Policy.default(seed=seed, memory=False),
        "no lessons": lambda seed: Policy.default(seed=seed, most_lessons=0),
        "no tried edits": lambda seed: Policy.default(seed=seed, most_tried=0),
        "near-duplicates tried": lambda seed: Policy.default(seed=seed, near_duplicates=True),
        "question": _escaping(Escape.QUESTION),
        "restart": _escaping(Escape.RESTART),
        "widen": _escaping(Escape.WIDEN),
        "diagnoses ignored": lambda seed: Policy.default(seed=seed, component_rule=Blamed(weight_of_diagnoses=0.0)),
        "round robin": lambda seed: Policy.default(seed=seed, component_rule=round_robin),
    }
)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One run, by names, so that another process can do it."""

    family: str
    arm: str
    seed: int
    rollouts: int


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """True test scores, which no run has seen."""

    seed: float
    winner: float
    oracle: float
    worth: Worth


def outcome(trial: Trial) -> Outcome:
    """Do one run."""
    world = make_world(trial.family, trial.seed, sizes=SIZES)
    result = run_virtual(_run(world, ARMS[trial.arm](trial.seed), trial.rollouts))
    return Outcome(
        seed=world.truth(world.seed_texts),
        winner=world.truth(result.best.texts),
        oracle=world.truth(world.oracle),
        worth=result.worth,
    )


async def _run(world: World, policy: Policy, rollouts: int) -> Result:
    stage = Stage(world, latency=Latency())
    cases = stage.problem.splits
    problem = replace(stage.problem, splits=replace(cases, test=()))  # the truth is known without them
    async with MemoryStore().run("arm") as journal:
        means = Means(journal=journal, recorder=stage.recorder, clock=anyio.current_time)
        conduct = Conduct(run="arm", budget=Budget(rollouts=rollouts, reflections=rollouts // 4))
        await Engine(problem, policy, means, conduct).run()
        return Result.from_events(journal.events())


def outcomes(trials: Sequence[Trial], processes: int) -> list[Outcome]:
    """Do trials, here where one process is enough."""
    if processes == 1:
        return [outcome(trial) for trial in trials]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return list(pool.map(outcome, trials))


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--families", nargs="+", default=["defective"])
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=ARMS)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--rollouts", type=int, default=600)
    parser.add_argument("--processes", type=int, default=1)
    asked = parser.parse_args()
    for family in asked.families:
        seeds = range(1, asked.seeds + 1)
        kinds = list(dict.fromkeys(["default", *asked.arms]))
        trials = [Trial(family=family, arm=arm, seed=seed, rollouts=asked.rollouts) for arm in kinds for seed in seeds]
        done = outcomes(trials, asked.processes)
        base = done[: asked.seeds]
        seed, oracle = (sum(getattr(each, name) for each in base) / len(base) for name in ("seed", "oracle"))
        print(f"{family}: seed {seed:.3f}, all rules stated {oracle:.3f}")  # noqa: T201
        for place, arm in enumerate(kinds):
            mine = done[place * asked.seeds : (place + 1) * asked.seeds]
            gap = mean_interval([one.winner - other.winner for one, other in zip(mine, base, strict=True)])
            mean = sum(each.winner for each in mine) / len(mine)
            half = (gap.high - gap.low) / 2
            refused = sum(each.worth.near_duplicates for each in mine)
            print(  # noqa: T201
                f"  {arm:<22} {mean:.3f}  {gap.mean:+.3f} ± {half:.3f}  near-duplicates {refused}", flush=True
            )


if __name__ == "__main__":
    main()
