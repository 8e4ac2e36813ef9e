"""What a goal for the cost saves, and what it costs in score: runs of a landscape whose texts cost what they are long.

    python benchmarks/goals.py --seeds 24

A reflection writes six useless words with each rule; told to save, it now and then takes them out instead. Everything
is in virtual time. Scores are true ones: the world's expected score on its test cases.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

import anyio

from spanwright import Budget, Candidate, Goal, MemoryStore, Policy, Result, minimize
from spanwright.engine import Conduct, Engine, Means, Problem
from spanwright.testing.landscape import (
    Landscape,
    LandscapeRecorder,
    LandscapeReflector,
    LandscapeSubject,
    landscape_evaluator,
)
from spanwright.testing.virtual import run_virtual

NEARLY = 0.05
"""How much of the true score a cheaper candidate may lack."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What came of a run without a goal and of one with it."""

    lost: float
    """How much worse the winner's true score is for the goal."""
    saved: float
    """The share of words that the shortest of the front saves, of those nearly as good as its winner."""
    front: int


async def optimized(world: Landscape, goals: Sequence[Goal], rollouts: int) -> Result:
    """Run an optimization in a world."""
    recorder = LandscapeRecorder()
    subject = LandscapeSubject(world, recorder=recorder)
    problem = Problem(
        subject=subject,
        evaluator=landscape_evaluator,
        reflector=LandscapeReflector(world),
        splits=world.splits(train=30, validation=40, test=40),
        seed=Candidate(texts=world.texts()),
        components=tuple(await subject.components()),
        goals=tuple(goals),
    )
    async with MemoryStore().run("goals") as journal:
        means = Means(journal=journal, recorder=recorder, clock=anyio.current_time)
        conduct = Conduct(run="goals", budget=Budget(rollouts=rollouts, reflections=rollouts // 4), concurrency=8)
        await Engine(problem, Policy.default().wanting(goals), means, conduct).run()
        return Result.from_events(journal.events())


def compared(seed: int, rollouts: int) -> Found:
    """Run with and without a goal for the cost."""
    world = Landscape(seed=seed, padding=6)
    usual, wanting = (run_virtual(optimized(world, goals, rollouts)) for goals in ((), (minimize("cost"),)))
    test = world.splits(train=30, validation=40, test=40).test
    best = world.truth(wanting.best, test)
    good = [each.candidate for each in wanting.front if world.truth(each.candidate, test) > best - NEARLY]
    return Found(
        lost=world.truth(usual.best, test) - best,
        saved=1 - min(map(words_of, good)) / words_of(usual.best),
        front=len(wanting.front),
    )


def words_of(candidate: Candidate) -> int:
    """Return how long a candidate's texts are."""
    return sum(len(text.split()) for text in candidate.texts.values())


def shown(values: Sequence[float]) -> str:
    """Return a mean with its standard error."""
    return f"{fmean(values):+.3f} +- {stdev(values) / len(values) ** 0.5:.3f}"


def main() -> None:
    """Print a line for each budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=24)
    parser.add_argument("--rollouts", type=int, nargs="+", default=[300, 600, 1200])
    said = parser.parse_args()
    print("| rollouts | true score lost | words saved at nearly the score | front |\n|---|---|---|---|")
    for rollouts in said.rollouts:
        found = [compared(seed, rollouts) for seed in range(said.seeds)]
        lost, saved = shown([each.lost for each in found]), shown([each.saved for each in found])
        print(f"| {rollouts} | {lost} | {saved} | {fmean(each.front for each in found):.1f} |", flush=True)


if __name__ == "__main__":
    main()
