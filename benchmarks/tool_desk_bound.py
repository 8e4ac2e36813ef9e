"""The most that the simulated models let evidence about tools bring on `tool_desk`, whatever the search does with it.

    python benchmarks/tool_desk_bound.py --levels D1 D4 --splits wordings cases      # two minutes

A reader without failings sees one rollout of the seed on each training case, writes down for every tool what was asked
when it was missed, and nothing else. What that is worth on the test split bounds an optimizer that learns from these
records; on the training split it shows that the evidence was understood.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from desk_stage import DeskRecorder
from showing import Cell, Table, figure, show
from tool_desk import ARMS, CASES, GOOD, LEVELS, TOOLS, WORDINGS, Trial, problem_of

from spanwright.core.candidate import Candidate, ComponentId
from spanwright.core.case import Case
from spanwright.core.tools_used import tool_at
from spanwright.core.trace import Trace
from spanwright.engine import Problem
from spanwright.telemetry import tools_used
from spanwright.testing.simulated import lexicon
from spanwright.testing.simulated.reflecting.dossier import Dossier, Editable, Record
from spanwright.testing.simulated.reflecting.findings import merged
from spanwright.testing.simulated.reflecting.from_tools import from_tools
from spanwright.testing.virtual import run_virtual

_SENTENCES = 6
"""Sentences of one description at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One rollout."""

    case: Case
    score: float
    trace: Trace


async def tried(problem: Problem, texts: Mapping[ComponentId, str], cases: Sequence[Case]) -> list[Tried]:
    """Try texts once on each case."""
    done: list[Tried] = []
    for case in cases:
        async with DeskRecorder().recording({}) as recording:
            output = await problem.subject.run(Candidate(texts=texts), case)
        score = await problem.evaluator(case, output, recording.trace)
        done.append(Tried(case=case, score=score.value, trace=recording.trace))
    return done


def written(problem: Problem, seen: Iterable[Tried]) -> Mapping[ComponentId, str]:
    """Return the seed's texts with all that a reader without failings concludes about tools."""
    dossier = Dossier(
        editable=tuple(Editable(id=each.id, text=each.text) for each in problem.components),
        records=tuple(map(_record, seen)),
    )
    said: dict[ComponentId, list[str]] = defaultdict(list)
    for each in merged(from_tools(dossier)):
        slots = tuple(slot for slot in each.directive.slots if slot[0] != "tool")
        said[f"desk/tool:{each.tool}"].append(lexicon.write(replace(each.directive, slots=slots), variant=0.0))
    texts = dict(problem.seed.texts)
    for component, sentences in said.items():
        lines = [texts[component], *list(dict.fromkeys(sentences))[:_SENTENCES]]
        texts[component] = "\n".join(line for line in lines if line)
    return texts


def _record(each: Tried) -> Record:
    used = tools_used(each.trace, None, each.case.metadata)
    asked = str(each.case.inputs)
    return Record(
        name=f"Example {each.case.id}",
        score=each.score,
        asked=asked,
        heard=asked,
        wanted=tuple(map(tool_at, used.missed(used.wanted))),
        unwanted=tuple(map(tool_at, used.needless(used.wanted))),
    )


async def _bound(level: str, split: str, seed: int) -> tuple[Cell, ...]:
    problem = await problem_of(Trial(level=level, arm=TOOLS, seed=seed, rollouts=0, split=split), ARMS[TOOLS])
    train, test = problem.splits.train, problem.splits.test
    seen = await tried(problem, problem.seed.texts, train)
    texts = written(problem, seen)
    means = [
        fmean(each.score for each in several)
        for several in (
            seen,
            await tried(problem, texts, train),
            await tried(problem, problem.seed.texts, test),
            await tried(problem, texts, test),
        )
    ]
    return (f"{level}, {split}", *(figure(mean, ".1f", scale=100) for mean in means))


def rows(levels: Sequence[str], splits: Sequence[str], seed: int) -> Iterator[tuple[Cell, ...]]:
    """Yield a row for each level and split."""
    for level in levels:
        for split in splits:
            yield run_virtual(_bound(level, split, seed))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    degraded = tuple(level for level in LEVELS if level != GOOD)
    parser.add_argument("--levels", nargs="+", choices=degraded, default=degraded, metavar="LEVEL")
    parser.add_argument("--splits", nargs="+", choices=(CASES, WORDINGS), default=(WORDINGS, CASES), metavar="SPLIT")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    table = Table(
        title="Seed, and the seed with all that its training rollouts tell about tools",
        columns=("from, kept apart", "train, seed", "train, told", "test, seed", "test, told"),
        rows=tuple(rows(asked.levels, asked.splits, asked.seed)),
        note="Points. One rollout a case.",
    )
    show([table], None)


if __name__ == "__main__":
    main()
