"""How worlds behave under gepa 0.1.4 itself, beside what was published of gepa: the calibration of `testing.worlds`.

`python benchmarks/worlds.py [--worlds 8] [--rollouts 2000]` needs gepa, which only benchmarks use. gepa is driven
through its public API, by the adapter that a careful user would write: `GepaAdapter`.
"""

import argparse
import importlib
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from spanwright.core.case import Case
from spanwright.testing.worlds import FAMILIES, Played, World, make_world
from spanwright.testing.worlds.calibration import PUBLISHED, SIZES, Course
from spanwright.testing.worlds.recounting import record

gepa: Any = importlib.import_module("gepa")  # untyped for us, and installed for benchmarks only


@dataclass(kw_only=True)
class GepaAdapter:
    """A world as gepa's adapter: sync, with nothing but what a play tells."""

    world: World
    rollouts: int = 0
    reflections: int = 0
    propose_new_texts: None = None
    _served: Counter[object] = field(default_factory=Counter[object])

    def evaluate(
        self,
        batch: Sequence[Case],
        candidate: Mapping[str, str],
        capture_traces: bool = False,  # noqa: FBT001, FBT002  (gepa's protocol)
    ) -> Any:
        """Play a batch."""
        plays = [(case, self._play(candidate, case)) for case in batch]
        return gepa.EvaluationBatch(
            outputs=[played.output for _, played in plays],
            scores=[played.score for _, played in plays],
            trajectories=plays if capture_traces else None,
        )

    def make_reflective_dataset(
        self, candidate: Mapping[str, str], batch: Any, components: Sequence[str]
    ) -> Mapping[str, Sequence[Mapping[str, str]]]:
        """Tell the plays as records."""
        return {id: [dict(record(id, case, played)) for case, played in batch.trajectories] for id in components}

    def reflect(self, prompt: str) -> str:
        """Ask the world's reflection model."""
        self.reflections += 1
        self._served[prompt] += 1
        return self.world.reflect(prompt, self._served[prompt] - 1)

    def _play(self, candidate: Mapping[str, str], case: Case) -> Played:
        key = (tuple(sorted(candidate.items())), case.id)
        self.rollouts += 1
        self._served[key] += 1
        return self.world.play(candidate, case, self._served[key] - 1)


class Silent:
    """A logger for gepa that says nothing, but for what gepa swallows: an adapter's error is no weak result."""

    def log(self, message: str) -> None:
        """Say nothing. Raises RuntimeError where gepa reports an exception."""
        if "Exception" in message:
            raise RuntimeError(message)


def optimized(world: World, rollouts: int, **settings: object) -> tuple[GepaAdapter, Any]:
    """Run `gepa.optimize` with its defaults, but for `settings`; return what was spent and gepa's own result."""
    adapter = GepaAdapter(world=world)
    result = gepa.optimize(
        seed_candidate=dict(world.seed_texts),
        trainset=list(world.splits.train),
        valset=list(world.splits.validation),
        adapter=adapter,
        reflection_lm=adapter.reflect,
        max_metric_calls=rollouts,
        seed=world.seed,
        logger=Silent(),
        **settings,
    )
    return adapter, result


def course(world: World, rollouts: int) -> Course:
    """Return what gepa's run came to."""
    adapter, result = optimized(world, rollouts)
    scores: Sequence[float] = result.val_aggregate_scores
    parents: Sequence[int | None] = [each[0] for each in result.parents]
    children = [(child, parent) for child, parent in enumerate(parents) if parent is not None]
    seed = world.truth(world.seed_texts)
    depth, member = 0, parents[result.best_idx]
    while member is not None:
        depth, member = depth + 1, parents[member]
    return Course(
        seed=100 * seed,
        oracle=100 * world.truth(world.oracle),
        gain=100 * (world.truth(result.candidates[result.best_idx]) - seed),
        accepted=100 * len(children) / max(1, adapter.reflections),
        validation=100 * len(scores) * len(world.splits.validation) / adapter.rollouts,
        not_better=100 * fmean([scores[child] <= scores[parent] for child, parent in children] or [0.0]),
        depth=float(depth),
        candidates=float(len(scores)),
        reflections=float(adapter.reflections),
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--family", choices=FAMILIES, action="append")
    parser.add_argument("--worlds", type=int, default=8, help="worlds of each family")
    parser.add_argument("--first-seed", type=int, default=100, help="families were tuned on seeds below 100")
    parser.add_argument("--rollouts", type=int, default=2_000)
    asked = parser.parse_args()
    columns = Course.__slots__
    _line("family", [column.replace("_", " ") for column in columns])
    _line("published", [PUBLISHED.get(column.replace("_", " "), "") for column in columns])
    for family in asked.family or FAMILIES:
        seeds = range(asked.first_seed, asked.first_seed + asked.worlds)
        courses = [course(make_world(family, seed, sizes=SIZES), asked.rollouts) for seed in seeds]
        _line(family, [f"{fmean(getattr(each, column) for each in courses):.1f}" for column in columns])


def _line(name: str, cells: Sequence[str]) -> None:
    sys.stdout.write(f"{name:<10} " + " ".join(f"{cell:>11}" for cell in cells) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
