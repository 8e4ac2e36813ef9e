"""What tool texts bring over instructions, from docs that were degraded by rule: `tool_desk`, with simulated models.

    python benchmarks/tool_desk.py --quick                                   # minutes: two seeds, D2 and D4
    python benchmarks/tool_desk.py --json tool_desk.jsonl --processes 1      # ten seeds, D0, D1, D2, D4; resumable
    python benchmarks/tool_desk.py --json tool_desk.jsonl --tables-only --figures tool_desk.json

Every arm has the same budget, splits and models; a seed draws all three anew. Figures are on the test split, which
steered nothing. Simulated models: mechanisms and orderings only. What the split decides is in
docs/design/tool-desk.md: `--split wordings` keeps every wording in one part, `cases` deals the requests out.
"""

import argparse
import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from types import MappingProxyType
from typing import Final

import anyio
from desk_stage import DeskRecorder, StagedDesk, reflection_model
from differences import cell, difference
from pydantic import TypeAdapter
from running import Kept, add_keeping, do
from scipy.stats import wilcoxon
from showing import NOTHING, Cell, Figure, Table, figure, show

from spanwright import optimizable
from spanwright.core.candidate import Candidate, Component, Kind
from spanwright.core.events import Event, RolloutEnded
from spanwright.core.rollout import Purpose
from spanwright.core.usage import Budget
from spanwright.engine import Conduct, Divided, Engine, Means, Problem
from spanwright.reflection import ModelReflector
from spanwright.report import Result
from spanwright.search import Policy, for_texts
from spanwright.store import MemoryStore
from spanwright.subject import Evals, EvalSet, Scoring, chosen, eval_set, subject_of
from spanwright.telemetry import ToolEvidence
from spanwright.testing.virtual import run_virtual
from spanwright_agents.tool_desk import reference
from spanwright_agents.tool_desk.agent import build, program
from spanwright_agents.tool_desk.evals import requests
from spanwright_agents.tool_desk.seeds import GOOD, LEVELS, OPAQUE, SWAPPED, UNDOCUMENTED

INSTRUCTIONS, TOOLS, BOTH, NOTHING_OPEN = "instructions", "tool texts", "both", "seed"
ARMS: Final[Mapping[str, Callable[[Component], bool]]] = MappingProxyType(
    {
        INSTRUCTIONS: lambda component: component.kind is Kind.INSTRUCTIONS,
        TOOLS: lambda component: component.kind in (Kind.TOOL, Kind.PARAMETER),
        BOTH: lambda component: True,
    }
)
"""Which texts are open to change."""
CASES, WORDINGS = "cases", "wordings"
ROLLOUTS, QUICK = 800, 500
REPEATS: Final = 2
"""How often the good docs are tried on a test case: what the recovered share is measured by."""
_FEWEST_FOR_TEST: Final = 6
"""Seeds without which a signed-rank test cannot come below 5 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One optimization, or where nothing is open one measurement of a seed."""

    level: str
    arm: str
    seed: int
    rollouts: int
    split: str = CASES

    @property
    def key(self) -> str:
        """Name it, for what was done already."""
        return f"{self.level}|{self.arm}|{self.seed}|{self.rollouts}|{self.split}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What one candidate took on the test split, a rollout, and how its tools were used."""

    calls: float
    tokens: float
    missed: int
    needless: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a trial came to."""

    trial: Trial
    before: Mapping[str, float]
    """The seed's scores by test case."""
    after: Mapping[str, float]
    """The winner's."""
    seed: Used
    best: Used
    changed: int
    reflections: int

    @property
    def start(self) -> float:
        return fmean(self.before.values())

    @property
    def end(self) -> float:
        return fmean(self.after.values())

    @property
    def regressions(self) -> int:
        """Test cases on which the winner does worse than the seed."""
        return sum(self.after[case] < score for case, score in self.before.items() if case in self.after)


def run(trial: Trial) -> Outcome:
    """Do a trial."""
    return run_virtual(_measured(trial) if trial.arm == NOTHING_OPEN else _optimized(trial))


async def _optimized(trial: Trial) -> Outcome:
    problem = await problem_of(trial, ARMS[trial.arm])
    events = await _events(problem, trial)
    result = Result.from_events(events)
    seed, best = result.seed.id, result.best.id
    return Outcome(
        trial=trial,
        before=_scores(events, seed),
        after=_scores(events, best),
        seed=_used(events, seed, result.tools.seed),
        best=_used(events, best, result.tools.best),
        changed=len(result.components_changed),
        reflections=result.reflections,
    )


async def _measured(trial: Trial) -> Outcome:
    """Try the docs of a level as they are, on the test cases alone."""
    problem = await problem_of(trial, lambda component: True)
    cases = problem.splits.test
    scores: dict[str, list[float]] = defaultdict(list)
    recorder = DeskRecorder()
    for case in cases * REPEATS:
        async with recorder.recording({}) as recording:
            output = await problem.subject.run(problem.seed, case)
        score = await problem.evaluator(case, output, recording.trace)
        scores[case.id].append(score.value)
    means = {case: fmean(each) for case, each in scores.items()}
    nothing = Used(calls=0, tokens=0, missed=0, needless=0, refused=0)
    return Outcome(trial=trial, before=means, after=means, seed=nothing, best=nothing, changed=0, reflections=0)


async def problem_of(trial: Trial, open_to_change: Callable[[Component], bool]) -> Problem:
    """Return what a trial is about, on the stage."""
    salt = f"tool desk {trial.seed}"
    group = _wording if trial.split == WORDINGS else None
    evals: EvalSet = eval_set(Evals(cases=requests(trial.level), group=group, seed=trial.seed))
    found = await subject_of(program(optimizable(build(trial.level))), None, evals.theirs).components()
    components = chosen(found, open_to_change)
    return Problem(
        subject=StagedDesk(trial.level, found, salt),
        evaluator=Scoring(evals, None),
        reflector=Divided(ModelReflector(reflection_model(salt))),
        splits=evals.splits,
        seed=Candidate(texts={component.id: component.text for component in components}),
        components=components,
    )


def _wording(case: object) -> str:
    return str(getattr(getattr(case, "metadata", None), "group", ""))


async def _events(problem: Problem, trial: Trial) -> list[Event]:
    policy = for_texts(
        Policy.default(seed=trial.seed), problem.components, trial.rollouts - 2 * len(problem.splits.test)
    )
    async with MemoryStore().run("arm") as journal:
        budget = Budget(rollouts=trial.rollouts, reflections=max(1, trial.rollouts // 4))
        means = Means(journal=journal, recorder=DeskRecorder(), clock=anyio.current_time)
        await Engine(problem, policy, means, Conduct(run="arm", budget=budget)).run()
        return list(journal.events())


def _tests(events: Iterable[Event], candidate: str) -> Iterator[RolloutEnded]:
    for event in events:
        if not isinstance(event, RolloutEnded) or event.rollout.purpose is not Purpose.TEST:
            continue
        if event.rollout.key.candidate == candidate:
            yield event


def _scores(events: Iterable[Event], candidate: str) -> dict[str, float]:
    scores: dict[str, list[float]] = defaultdict(list)
    for event in _tests(events, candidate):
        if event.rollout.score is not None:
            scores[event.rollout.key.case].append(event.rollout.score.value)
    return {case: fmean(each) for case, each in sorted(scores.items())}


def _used(events: Iterable[Event], candidate: str, tools: ToolEvidence) -> Used:
    measured = [event.rollout.measured for event in _tests(events, candidate)]
    every = tools.tools.values()
    return Used(
        calls=fmean([each.tool_calls or 0 for each in measured] or [0]),
        tokens=fmean([each.tokens or 0 for each in measured] or [0]),
        missed=sum(each.missed for each in every),
        needless=sum(each.needless for each in every),
        refused=sum(each.refused for each in every),
    )


@dataclass(frozen=True, slots=True)
class Found:
    """Outcomes, by what they are of."""

    outcomes: Sequence[Outcome]

    @property
    def levels(self) -> list[str]:
        """The levels from which something was optimized."""
        there = {each.trial.level for each in self.outcomes if each.trial.arm != NOTHING_OPEN}
        return [level for level in LEVELS if level in there]

    def of(self, level: str, arm: str) -> dict[int, Outcome]:
        """Return the outcomes of an arm from a level, by seed."""
        return {e.trial.seed: e for e in self.outcomes if (e.trial.level, e.trial.arm) == (level, arm)}

    def good(self, seed: int) -> float | None:
        """Return what the good docs score on the test split of a seed."""
        found = self.of(GOOD, NOTHING_OPEN).get(seed)
        return None if found is None else found.end

    def recovered(self, outcome: Outcome) -> float | None:
        """Return which share of what the degrading took is won back."""
        good = self.good(outcome.trial.seed)
        lost = None if good is None else good - outcome.start
        return None if lost is None or lost <= 0 else (outcome.end - outcome.start) / lost


def tables(found: Found, beside: Mapping[str, float]) -> Iterator[Table]:
    """Yield what each arm came to, and how the arms differ."""
    goods = [each.end for each in found.of(GOOD, NOTHING_OPEN).values()]
    note = ", ".join(f"{name} agent {score:.2f}" for name, score in beside.items())
    note += f"; good docs (D0) {fmean(goods):.2f}" if goods else ""
    rows = [_row(found, level, arm) for level in found.levels for arm in ARMS if found.of(level, arm)]
    columns = ("from, open", "seed", "winner", "gain", "recovered", "worse cases", "calls", "tokens", "missed", "texts")
    yield Table(
        title="Means on the test split, a run for each seed",
        columns=columns,
        rows=tuple(rows),
        note=f"{note}. Points; gain with a 95 % bootstrap interval over seeds; calls and tokens a rollout, before -> "
        "after; missed: tools that were not called where they should be, in all rollouts of seed and winner.",
    )
    pairs = ((TOOLS, INSTRUCTIONS), (BOTH, INSTRUCTIONS), (BOTH, TOOLS))
    compared = [
        _pair(found, level, one, other)
        for level in found.levels
        for one, other in pairs
        if found.of(level, one).keys() & found.of(level, other).keys()
    ]
    yield Table(
        title="Arms in pairs, equal seeds",
        columns=("from", "arms", "points", "p", "seeds"),
        rows=tuple(compared),
        note=f"Positive: the first is better. p: two-sided signed-rank test over seeds, from {_FEWEST_FOR_TEST} on.",
    )


def _row(found: Found, level: str, arm: str) -> tuple[Cell, ...]:
    several = list(found.of(level, arm).values())
    shares = [share for each in several if (share := found.recovered(each)) is not None and level != GOOD]
    cases = sum(len(each.before) for each in several)
    return (
        f"{level}, {arm}",
        figure(fmean(each.start for each in several), ".1f", scale=100),
        figure(fmean(each.end for each in several), ".1f", scale=100),
        cell(difference([each.end - each.start for each in several])),
        figure(fmean(shares), ".0f", " %", scale=100) if shares else NOTHING,
        Figure(sum(each.regressions for each in several), f"{sum(each.regressions for each in several)} of {cases}"),
        _change(several, lambda used: used.calls, ".2f"),
        _change(several, lambda used: used.tokens, ".0f"),
        _change(several, lambda used: used.missed, ".0f"),
        figure(fmean(each.changed for each in several), ".1f"),
    )


def _change(several: Sequence[Outcome], of: Callable[[Used], float], spec: str) -> Cell:
    before, after = (
        fmean(of(used) for used in each) for each in zip(*((e.seed, e.best) for e in several), strict=True)
    )
    return Figure([round(before, 3), round(after, 3)], f"{before:{spec}} -> {after:{spec}}")


def _pair(found: Found, level: str, one: str, other: str) -> tuple[Cell, ...]:
    ours, theirs = found.of(level, one), found.of(level, other)
    values = [ours[seed].end - theirs[seed].end for seed in sorted(ours.keys() & theirs.keys())]
    tested = len(values) >= _FEWEST_FOR_TEST and any(values)
    return (
        level,
        f"{one} - {other}",
        cell(difference(values)),
        figure(float(wilcoxon(values).pvalue), ".3f") if tested else NOTHING,
        Figure(len(values), str(len(values))),
    )


def trials(asked: argparse.Namespace, levels: Sequence[str], seeds: Iterable[int], rollouts: int) -> list[Trial]:
    """Return the trials of a plan, and for each seed a measurement of the good docs."""
    found: list[Trial] = []
    for seed in seeds:
        found.append(Trial(level=GOOD, arm=NOTHING_OPEN, seed=seed, rollouts=0, split=asked.split))
        found += [
            Trial(level=level, arm=arm, seed=seed, rollouts=rollouts, split=asked.split)
            for level in levels
            for arm in asked.arms
        ]
    return found


def outcomes(wanted: Sequence[Trial], asked: argparse.Namespace) -> list[Outcome]:
    """Do trials, or take what the file holds of them."""
    kept = Kept(file=asked.json, kind=TypeAdapter(Outcome), key=lambda outcome: outcome.trial.key)
    if asked.tables_only:
        before = kept.before()
        return [before[each.key] for each in wanted if each.key in before]
    return do({each.key: each for each in wanted}, run, kept, processes=asked.processes)


def main(arguments: Iterable[str] | None = None) -> None:
    """Run what is asked for and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    usual = tuple(level for level in LEVELS if level != OPAQUE)
    add("--levels", nargs="+", choices=LEVELS, default=usual, metavar="LEVEL", help=f"of {', '.join(LEVELS)}")
    add(
        "--arms",
        nargs="+",
        choices=tuple(ARMS),
        default=(INSTRUCTIONS, TOOLS),
        metavar="ARM",
        help=f"of {', '.join(ARMS)}",
    )
    add("--split", choices=(CASES, WORDINGS), default=CASES, help="what is kept in one part (default cases)")
    add("--seeds", type=int, default=10, help="how many (default 10)")
    add("--first-seed", type=int, default=0)
    add("--rollouts", type=int, default=ROLLOUTS, help=f"of a run, its test included (default {ROLLOUTS})")
    add("--quick", action="store_true", help=f"two seeds from {UNDOCUMENTED} and {SWAPPED}, {QUICK} rollouts")
    add_keeping(parser)
    asked = parser.parse_args(None if arguments is None else list(arguments))
    seeds = range(asked.first_seed, asked.first_seed + (2 if asked.quick else asked.seeds))
    levels = (UNDOCUMENTED, SWAPPED) if asked.quick else asked.levels
    wanted = trials(asked, levels, seeds, QUICK if asked.quick else asked.rollouts)
    found = Found(outcomes(wanted, asked))
    show(tables(found, asyncio.run(reference.scores())), asked.figures)


if __name__ == "__main__":
    main()
