"""What width buys: quality and time by rollouts at once, and by attempts in flight, ours and gepa 0.1.4's.

    python benchmarks/width.py --quick                               # a minute
    python benchmarks/width.py --json widths.jsonl --plots figures   # an hour; what the file holds is not run again
    python benchmarks/width.py --json widths.jsonl --tables-only

A bare async subject in virtual time: rollouts with a heavy tail (log-normal, median 1, one in a hundred ten times as
long), reflections ten times as long. "Floors" is a run's time over what its rollouts take when no slot is ever idle.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median

import curves
from comparing import Results, final, floors, grouped
from contest import Course
from differences import cell
from gepa_arms import SETTINGS, run_gepa
from our_arms import run_ours
from running import Job, Usual, courses_of, parser_of, plan_of
from showing import NOTHING, Cell, Table, figure, show
from standings import GEPA, PXN, Aim, points, sooner_of

from spanwright.search import Policy

OURS, FULL = "spanwright", "as many as slots"
IN_FLIGHT = "in flight "
AIM_DEFAULT, AIM_FULL = 1.7, 1.3


def run(job: Job) -> Course:
    """Do a job."""
    if job.arm in SETTINGS:
        return run_gepa(job.arm, job.contest)
    return run_ours(job.arm, job.contest, policy_of(job.arm, job.contest.salt, job.contest.width))


def policy_of(arm: str, seed: int, width: int) -> Policy:
    """Return the default policy, or the one with a fixed number of attempts in flight that an arm's name says."""
    if arm == OURS:
        return Policy.default(seed=seed)
    count = width if arm == FULL else int(arm.removeprefix(IN_FLIGHT))
    return Policy.default(seed=seed, max_in_flight=count, rollouts_per_step=None, slots_per_attempt=1)


def tables(courses: Sequence[Course]) -> Iterator[Table]:
    """Yield quality and time by width, then by attempts in flight, then the aims."""
    groups = grouped(courses)
    for budget in dict.fromkeys(budget for budget, _ in groups):
        by_width = {width: results for (of, width), results in groups.items() if of == budget}
        yield _by_width(budget, by_width)
        if any(_counts(results) for results in by_width.values()):
            yield _by_count(budget, by_width)
        yield _aims(budget, by_width)


def _by_width(budget: int, by_width: dict[int, Results]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for width, results in by_width.items():
        for arm in (arm for arm in results.arms if not arm.startswith(IN_FLIGHT)):
            other = arm != OURS and OURS in results.arms
            row = (
                f"{width}: {arm}",
                points(results.mean(arm, final)),
                cell(results.final(OURS, arm)) if other else NOTHING,
                sooner_of(results.sooner(OURS, arm)) if other else NOTHING,
                figure(results.mean(arm, lambda course: course.seconds), ".0f"),
                figure(results.mean(arm, floors), ".2f"),
                figure(results.mean(arm, lambda course: course.reflections), ".0f"),
            )
            rows.append(row)
    return Table(
        title=f"{budget} rollouts, by rollouts at once",
        columns=("width: arm", "score", f"{OURS} - arm", "sooner", "seconds", "floors", "refl."),
        rows=tuple(rows),
        note=f"Sooner: how many times earlier {OURS} has the arm's final score for good, on the median world.",
    )


def _by_count(budget: int, by_width: dict[int, Results]) -> Table:
    counts = sorted({count for results in by_width.values() for count in _counts(results)})
    rows: list[tuple[Cell, ...]] = []
    for count in counts:
        row: list[Cell] = [str(count)]
        for results in by_width.values():
            arm = f"{IN_FLIGHT}{count}"
            known = arm in results.arms
            row += (
                [points(results.mean(arm, final)), figure(results.mean(arm, floors), ".2f")] if known else [NOTHING] * 2
            )
        rows.append(tuple(row))
    columns = [name for width in by_width for name in (f"{width}: score", f"{width}: floors")]
    return Table(title=f"{budget} rollouts, by attempts in flight", columns=("in flight", *columns), rows=tuple(rows))


def _aims(budget: int, by_width: dict[int, Results]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for width, results in by_width.items():
        for arm, wanted in ((GEPA, 10.0), (PXN, 5.0)):
            if {arm, OURS} <= {*results.arms}:
                sooner = results.sooner(OURS, arm)
                said = f"{arm}'s score {wanted:.0f}x sooner"
                rows.append((str(width), *Aim(said=said, found=sooner_of(sooner), held=median(sooner) >= wanted).row))
        for arm, most in ((OURS, AIM_DEFAULT), (FULL, AIM_FULL)):
            if width == 32 and arm in results.arms:
                ratio = results.mean(arm, floors)
                said = f"{arm}: whole runs within {most} floors"
                rows.append((str(width), *Aim(said=said, found=figure(ratio, ".2f"), held=ratio <= most).row))
    return Table(title=f"{budget} rollouts: aims", columns=("width", "aim", "found", "held"), rows=tuple(rows))


def _counts(results: Results) -> list[int]:
    return [int(arm.removeprefix(IN_FLIGHT)) for arm in results.arms if arm.startswith(IN_FLIGHT)]


def plots(courses: Sequence[Course], folder: Path) -> None:
    """Draw quality and time by attempts in flight and by width."""
    groups = grouped(courses)
    for budget in dict.fromkeys(budget for budget, _ in groups):
        by_width = {width: results for (of, width), results in groups.items() if of == budget}
        arms = dict.fromkeys(
            arm for results in by_width.values() for arm in results.arms if not arm.startswith(IN_FLIGHT)
        )
        counted = {f"{width} at once": sorted(_counts(results)) for width, results in by_width.items()}
        by_count = {
            name: (counts, [100 * results.mean(f"{IN_FLIGHT}{count}", final) for count in counts])
            for (name, counts), results in zip(counted.items(), by_width.values(), strict=True)
            if counts
        }
        widths = {arm: [width for width, results in by_width.items() if arm in results.arms] for arm in arms}
        of_arms = {arm: (at, [100 * by_width[width].mean(arm, final) for width in at]) for arm, at in widths.items()}
        panels = {"rollouts at once": of_arms} | ({"attempts in flight": by_count} if by_count else {})
        curves.draw(folder / f"width_{budget}.svg", panels, title=f"{budget} rollouts; simulated models", log=[*panels])


def main(arguments: Iterable[str] | None = None) -> None:
    """Run what is asked for and print the tables."""
    parser = parser_of(__doc__, Usual(salts=1, budgets=(1_000,)))
    parser.add_argument("--widths", nargs="+", type=int, default=(16, 32, 128), metavar="SLOTS")
    parser.add_argument("--in-flight", nargs="*", type=int, default=(2, 4, 8, 16, 32), metavar="ATTEMPTS")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="draw quality by width into this folder")
    asked = parser.parse_args(None if arguments is None else list(arguments))
    plan = plan_of(asked)
    widths, counts = (asked.widths, asked.in_flight) if not asked.quick else ((32,), (2, 16))
    jobs: list[Job] = []
    for width in widths:
        arms = [OURS, FULL, GEPA, PXN, *(f"{IN_FLIGHT}{count}" for count in counts if count <= width)]
        jobs += plan.jobs(arms, width)
    courses = courses_of(jobs, run, asked)
    show(tables(courses), asked.figures)
    if asked.plots:
        plots(courses, asked.plots)


if __name__ == "__main__":
    main()
