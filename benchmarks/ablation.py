"""What each part of the default policy brings: one setting changed at a time, on the same worlds with the same salts.

    python benchmarks/ablation.py --quick                                    # minutes: every switch, 150 rollouts
    python benchmarks/ablation.py --json ablation.jsonl                      # half a day on two cores; resumable
    python benchmarks/ablation.py --json ablation.jsonl --tables-only
    python benchmarks/ablation.py --parts credit memory --json ablation.jsonl --families coupled --budgets 300
    python benchmarks/ablation.py --parts contrast --contrasts --salts 1     # with a reflection model that reads them

A positive figure says that the change is better than the default. Simulated models: orderings and mechanisms only.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from comparing import Results, final, floors, grouped
from contest import Contest, Course
from contrasts import OwnTries
from differences import Difference, cell
from our_arms import run_ours
from pydantic_ai.models import Model
from running import Job, Usual, courses_of, parser_of, plan_of
from showing import NOTHING, Cell, Figure, Table, figure, show
from standings import points

from spanwright.core.candidate import CandidateId
from spanwright.core.events import Escape, Estimator
from spanwright.core.protocols import Reflector
from spanwright.reflection import ModelReflector
from spanwright.search import (
    Blamed,
    Crossover,
    EpsilonGreedy,
    Merge,
    Mixed,
    Pareto,
    Plateau,
    Policy,
    PolicySettings,
    PoolView,
    Thompson,
    best,
    epoch_shuffled,
    everything,
    not_worse,
    pareto,
    round_robin,
    strict,
)
from spanwright.search.outlook import may_win
from spanwright.search.race import in_blocks, open_cases

DEFAULT: Final = "default"
OWN_TRIES: Final = "own tries, free"
"""No contrast of the run's, but one of the parent's own, tried again outside of the run."""
AT_THE_END, IN_AREA = "at the end", "in area"
_AGAIN: Final = 4
"""After so many attempts: the first ones have ended by then, and their children been tried."""


def only_one_blamed() -> PolicySettings:
    """Offer the most blamed component, and no other."""
    return {"component_rule": Blamed(at_most=1, at_most_blindly=1), "edits": 1}


def always(view: PoolView, candidate: str) -> bool:
    """Let every member be measured as far as contenders are."""
    return True


def no_contenders(view: PoolView, candidate: str, *, block: int, order: Sequence[str]) -> Sequence[str]:
    """Measure block after block whether or not a member may still win."""
    return in_blocks(view, candidate, block=block, order=order, goes_on=always)


def fixed_target(view: PoolView, candidate: str, *, block: int, order: Sequence[str]) -> Sequence[str]:
    """Race as the default does, but with the whole validation set as the target from the start."""
    cases = in_blocks(view, candidate, block=block, order=order, goes_on=may_win)
    own = view.own(candidate)
    under_way = any(view.flying(candidate, case) for case in order)
    if cases or under_way or own < block or not may_win(view, candidate):
        return cases
    return open_cases(view, candidate, order)[:block]


def dealt_twice(view: PoolView, parent: CandidateId, *, attempt: int, size: int, seed: int) -> tuple[str, ...]:
    """Deal every hand again some attempts later: what failed then is soon tried by another member."""
    turn, place = divmod(attempt - 1, 2 * _AGAIN)
    return epoch_shuffled(view, parent, attempt=turn * _AGAIN + place % _AGAIN + 1, size=size, seed=seed)


PARTS: Mapping[str, Mapping[str, Callable[[], PolicySettings]]] = MappingProxyType(
    {
        "economy": {
            "full validation": lambda: {"block": None},
            "first bet 4": lambda: {"block": 4},
            "first bet 16": lambda: {"block": 16},
            "no contenders": lambda: {"race_rule": no_contenders},
            "target: all cases": lambda: {"race_rule": fixed_target},
            "strict gate": lambda: {"gate_rule": strict},
            "gate: not worse": lambda: {"gate_rule": not_worse},
            "strict gate, full": lambda: {"gate_rule": strict, "block": None},
        },
        "credit": {
            "round robin": lambda: {"component_rule": round_robin},
            "one blamed": only_one_blamed,
            "everything": lambda: {"component_rule": everything},
            "no exploring": lambda: {"component_rule": Blamed(explore=0.0)},
            "blame, no lessons": lambda: {
                "component_rule": Blamed(weight_of_lessons=0.0, weight_of_diagnoses=0.0),
            },
        },
        "edits": {
            "edits 1": lambda: {"edits": 1},
            "edits 2": lambda: {"edits": 2},
            "edits 5": lambda: {"edits": 5},
        },
        "memory": {
            "no memory": lambda: {"memory": False},
            "tried only": lambda: {"most_lessons": 0},
            "lessons only": lambda: {"most_tried": 0},
        },
        "contrast": {
            "no contrast": lambda: {"contrast": False},
            "dealt twice": lambda: {"minibatch_rule": dealt_twice},
            "dealt twice, none": lambda: {"minibatch_rule": dealt_twice, "contrast": False},
            OWN_TRIES: lambda: {"contrast": False},
            "tries 2": lambda: {"tries": 2},
        },
        "merge": {
            "merge": lambda: {"draft_rule": Merge()},
            "gepa's merge": lambda: {"draft_rule": Merge(after_admission=True, share=1.0, at_most=5)},
            "crossover": lambda: {"crossover_rule": Crossover()},
        },
        "escape": {
            "question": lambda: {"escape_rule": Plateau()},
            "widen, restart": lambda: {"escape_rule": Plateau(ways=(Escape.WIDEN, Escape.RESTART))},
            "near duplicates": lambda: {"near_duplicates": True},
        },
        "descent": {
            "means": lambda: {"estimator": Estimator.MEAN},
            "no grafts": lambda: {"graft_rule": None},
            "means, no grafts": lambda: {"estimator": Estimator.MEAN, "graft_rule": None},
        },
        "parents": {
            "Thompson": lambda: {"parent_rule": Thompson()},
            "Pareto": lambda: {"parent_rule": pareto},
            "Pareto, top 5": lambda: {"parent_rule": Pareto(top=5)},
            "best": lambda: {"parent_rule": best},
            "epsilon-greedy": lambda: {"parent_rule": EpsilonGreedy()},
            "best or Thompson": lambda: {"parent_rule": Mixed(first=best, second=Thompson())},
        },
        "minibatch": {
            "minibatch 2": lambda: {"minibatch_size": 2},
            "minibatch 4": lambda: {"minibatch_size": 4},
        },
        "in flight": {
            "2 in flight": lambda: {"first_in_flight": 2, "max_in_flight": 2},
            "8 in flight": lambda: {"max_in_flight": 8, "rollouts_per_step": None},
            "16 in flight": lambda: {"max_in_flight": 16, "rollouts_per_step": None},
            "one in 90": lambda: {"rollouts_per_step": 90},
            "one in 120": lambda: {"rollouts_per_step": 120},
            "late ones are waited for": lambda: {"late": None},
        },
        "final choice": {
            "no reserve": lambda: {"final_share": 0.0},
            "reserve 10 %": lambda: {"final_share": 0.10},
            "reserve 30 %": lambda: {"final_share": 0.30},
            "best mean wins": lambda: {"confidence": None},
            "80 % sure": lambda: {"confidence": 0.8},
        },
    }
)
"""What is changed, by the part that it belongs to."""

SWITCHES: Final[Mapping[str, Callable[[], PolicySettings]]] = MappingProxyType(
    {name: make for part in PARTS.values() for name, make in part.items()}
)


def run(job: Job) -> Course:
    """Do a job."""
    settings: PolicySettings = {} if job.arm == DEFAULT else SWITCHES[job.arm]()
    policy = Policy.default(**{**settings, "seed": job.contest.salt})
    return run_ours(job.arm, job.contest, policy, own_tries(job.contest) if job.arm == OWN_TRIES else ModelReflector)


def own_tries(contest: Contest) -> Callable[[Model], Reflector]:
    """Return what makes a reflector that sees second tries of the parent."""
    world = contest.world()
    return lambda model: OwnTries(ModelReflector(model), world)


@dataclass(frozen=True, slots=True)
class Change:
    """A change against the default at one budget."""

    results: Results
    arm: str

    def end(self, family: str | None) -> Difference | None:
        """By how much it ends higher."""
        return self.results.final(self.arm, DEFAULT, family)

    def area(self, family: str | None) -> Difference | None:
        """By how much it is higher on the way."""
        return self.results.area(self.arm, DEFAULT, family)


def tables(courses: Sequence[Course], parts: Sequence[str], *, by_family: bool) -> Iterator[Table]:
    """Yield for each budget a table of all families, one for each if wanted, and one of areas at a glance."""
    for (budget, _), results in grouped(courses).items():
        if DEFAULT in results.arms:
            for family in (None, *(results.families if by_family else ())):
                yield _differences(budget, results, parts, family)
            yield from (_at_a_glance(budget, results, parts, where) for where in (AT_THE_END, IN_AREA))
            if "contrast" in parts:
                yield _contrasts(budget, results)


def _arms(results: Results, parts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the arms that took part, with the part that each belongs to."""
    return ((part, arm) for part in parts for arm in PARTS[part] if arm in results.arms)


def _differences(budget: int, results: Results, parts: Sequence[str], family: str | None) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for part, arm in ((DEFAULT, DEFAULT), *_arms(results, parts)):
        if not results.of(arm, family):
            continue
        change = Change(results, arm)
        row = (
            arm if arm == part else f"{part}: {arm}",
            points(results.mean(arm, final, family)),
            cell(change.end(family)) if arm != DEFAULT else NOTHING,
            cell(change.area(family)) if arm != DEFAULT else NOTHING,
            figure(results.mean(arm, floors, family), ".1f"),
            figure(results.mean(arm, lambda course: course.reflections, family), ".0f"),
        )
        rows.append(row)
    return Table(
        title=f"{budget} rollouts, one change to the default: {family or 'all families'}",
        columns=("change", "score", AT_THE_END, IN_AREA, "floors", "refl."),
        rows=tuple(rows),
        note="Points, mean over worlds with a 95 % bootstrap interval; positive: the change is better.",
    )


def _at_a_glance(budget: int, results: Results, parts: Sequence[str], where: str) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for part, arm in _arms(results, parts):
        change = Change(results, arm)
        of = change.area if where == IN_AREA else change.end
        rows.append((f"{part}: {arm}", *(_short(of(family)) for family in (None, *results.families))))
    return Table(
        title=f"{budget} rollouts, {where}: by family",
        columns=("change", "all", *results.families),
        rows=tuple(rows),
        note="A star: the interval excludes zero.",
    )


def _contrasts(budget: int, results: Results) -> Table:
    arms = [DEFAULT, *(arm for _, arm in _arms(results, ["contrast"]))]
    rows = [(arm, *(_shown(results.of(arm, family)) for family in (None, *results.families))) for arm in arms]
    return Table(
        title=f"{budget} rollouts: prompts with a better try beside a failure",
        columns=("change", "all", *results.families),
        rows=tuple(rows),
        note="Percent; in brackets those with a better try of the parent itself.",
    )


def _shown(courses: Sequence[Course]) -> Cell:
    counted = [course.contrasts for course in courses if course.contrasts is not None]
    prompts = sum(each.prompts for each in counted)
    if not prompts:
        return NOTHING
    shown, own = sum(each.shown for each in counted) / prompts, sum(each.own for each in counted) / prompts
    return Figure(shown, f"{100 * shown:.0f} ({100 * own:.0f})")


def _short(of: Difference | None) -> Cell:
    if of is None:
        return NOTHING
    return Figure(of.cell.value, f"{of.mean:+.1f}{'*' if of.sure and of.bounded else ' '}")


def main(arguments: Iterable[str] | None = None) -> None:
    """Run what is asked for and print the tables."""
    parser = parser_of(__doc__, Usual(salts=2, budgets=(300, 1_000)))
    parser.add_argument("--parts", nargs="+", default=tuple(PARTS), choices=tuple(PARTS), metavar="PART")
    parser.add_argument("--width", type=int, default=32, help="rollouts at once (default 32)")
    parser.add_argument("--contrasts", action="store_true", help="the reflection model learns from a better try, too")
    parser.add_argument("--by-family", action="store_true", help="a table with intervals for each family, too")
    asked = parser.parse_args(None if arguments is None else list(arguments))
    arms = [DEFAULT, *(arm for part in asked.parts for arm in PARTS[part])]
    jobs = plan_of(asked).jobs(arms, asked.width)
    jobs = [replace(job, contest=replace(job.contest, contrasts=asked.contrasts)) for job in jobs]
    courses = courses_of(jobs, run, asked)
    show(tables(courses, asked.parts, by_family=asked.by_family), asked.figures)


if __name__ == "__main__":
    main()
