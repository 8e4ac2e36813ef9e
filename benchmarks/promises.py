"""What users are told, and the truth: whole runs on worlds with a test split, through the result that a user gets.

    python benchmarks/promises.py --quick                          # a minute
    python benchmarks/promises.py nothing --json promises.jsonl    # hours: every family and budget, 200 runs each
    python benchmarks/promises.py coverage --json promises.jsonl   # hours
    python benchmarks/promises.py --json promises.jsonl --tables-only

`nothing`: a reflector that changes nothing; the seed should come back in 95 of 100 runs. `coverage`: the world's own
reflector; the printed interval of the test difference should hold the closed-form truth in 90 to 98 of 100 runs, and
nobody should be told of a gain that is none. Each run has a world and a salt of its own, in virtual time. The truth is
that of a thousand cases drawn as those of the test split were, as the world's judge sees it. See honesty.py for
landscapes, where it is known which edits gain.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import anyio
from pydantic import TypeAdapter
from running import FAMILIES, FEW_FAMILIES, Kept, add_keeping, do
from showing import Cell, Table, show
from verdicts import COLUMNS, EXPLAINED, Seen, seen_in, shares

from spanwright import Budget, MemoryStore, Policy, Result
from spanwright.engine import Conduct, Engine, Means
from spanwright.testing.controls import DoNothingReflector
from spanwright.testing.virtual import run_virtual
from spanwright.testing.worlds import Sizes, World, make_world
from spanwright.testing.worlds.staging import Latency, Stage

KINDS = {"nothing": (100, 200, 300, 600, 1_000), "coverage": (300, 1_000)}
"""The tables, and the rollouts of their rows: those of the test split come on top."""
LIKE_THESE = 1_000
"""Cases that the truth is taken of."""
FIRST_SEED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A kind of run."""

    kind: str
    family: str
    rollouts: int
    test: int

    @property
    def name(self) -> str:
        """Name it."""
        return f"{self.kind}|{self.family}|{self.rollouts}|{self.test}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One run of a row."""

    row: Row
    number: int

    @property
    def key(self) -> str:
        """Name it."""
        return f"{self.row.name}|{self.number}"


def tried(trial: Trial) -> Seen:
    """Make one run."""
    sizes = replace(Sizes(), test=LIKE_THESE)
    world = make_world(trial.row.family, FIRST_SEED + trial.number, salt=trial.number, sizes=sizes)
    result = run_virtual(_optimized(world, trial))
    many, few = world.splits.test, world.splits.test[: trial.row.test]
    gain, these = (
        fmean(world.expected(result.best.texts, case) - world.expected(result.seed.texts, case) for case in cases)
        for cases in (many, few)
    )
    return seen_in(result, gain=gain, these=these, key=trial.key)


async def _optimized(world: World, trial: Trial) -> Result:
    row = trial.row
    stage = Stage(world, latency=Latency())
    splits = replace(world.splits, test=world.splits.test[: row.test])
    reflector = DoNothingReflector() if row.kind == "nothing" else stage.reflector
    problem = replace(stage.problem, splits=splits, reflector=reflector)
    budget = Budget(rollouts=row.rollouts + 2 * row.test, reflections=max(10, row.rollouts // 4))
    async with MemoryStore().run(trial.key) as journal:
        means = Means(journal=journal, recorder=stage.recorder, clock=anyio.current_time)
        conduct = Conduct(run=trial.key, budget=budget)
        await Engine(problem, Policy.default(seed=trial.number), means, conduct).run()
        return Result.from_events(journal.events())


def tables(rows: Sequence[Row], seen: Iterable[Seen]) -> Iterator[Table]:
    """Yield a table of each kind."""
    by_row: dict[str, list[Seen]] = defaultdict(list)
    for each in seen:
        by_row[each.key.rpartition("|")[0]].append(each)
    for kind in dict.fromkeys(row.kind for row in rows):
        mine = [(row, by_row[row.name]) for row in rows if row.kind == kind and by_row[row.name]]
        lines: list[tuple[Cell, ...]] = [(f"{row.family}, {row.rollouts}", *shares(of)) for row, of in mine]
        everyone = [each for _, of in mine for each in of]
        if len(mine) > 1:
            lines.append(("all", *shares(everyone)))
        yield Table(
            title=f"{kind}: {TITLES[kind]}",
            columns=("family, rollouts", *COLUMNS),
            rows=tuple(lines),
            note=EXPLAINED,
        ).without_empty_columns()


TITLES = {"nothing": "a reflector that changes nothing", "coverage": "the world's own reflector"}


def main(arguments: Iterable[str] | None = None) -> None:
    """Run what is asked for and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("kinds", nargs="*", default=[*KINDS], metavar="KIND", help=f"of {', '.join(KINDS)} (default: all)")
    add("--runs", type=int, help="runs of a row: 200, or 4 with --quick")
    add("--families", nargs="+", default=FAMILIES, metavar="FAMILY", help=f"of {', '.join(FAMILIES)}")
    add("--budgets", nargs="+", type=int, metavar="ROLLOUTS", help="in place of each table's own")
    add("--test", type=int, default=64, help="cases of the test split (default 64)")
    add("--quick", action="store_true", help="three families, 100 rollouts, four runs")
    add_keeping(parser)
    asked = parser.parse_args(None if arguments is None else list(arguments))
    runs = asked.runs or (4 if asked.quick else 200)
    families = FEW_FAMILIES if asked.quick else asked.families
    rows = [
        Row(kind=kind, family=family, rollouts=rollouts, test=asked.test)
        for kind in asked.kinds
        for rollouts in asked.budgets or ((100,) if asked.quick else KINDS[kind])
        for family in families
    ]
    trials = {trial.key: trial for row in rows for trial in (Trial(row=row, number=number) for number in range(runs))}
    kept = Kept(file=asked.json, kind=TypeAdapter(Seen), key=lambda seen: seen.key)
    if asked.tables_only:
        seen = [each for key, each in kept.before().items() if key in trials]
    else:
        seen = do(trials, tried, kept, processes=asked.processes)
    show(tables(rows, seen), asked.figures)


if __name__ == "__main__":
    main()
