"""The tables of a comparison: all arms at a glance, each arm by family, where another arm won, and the aims."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from comparing import Results, final, floors, grouped
from contest import Course
from differences import Difference, cell
from showing import NOTHING, Cell, Figure, Table, figure

GEPA, PXN, OUR_REFLECTION = "gepa", "gepa PxN", "gepa + our reflection"
AIM_REACH = 0.25
AIM_SOONER = {GEPA: 10.0, PXN: 5.0}
AIM_AREA = 4.0
AIM_FLOOR = 1.7

_EXPLAINED = (
    "Points of true expected score, in closed form. Differences: mean over worlds (salts of a world averaged first), 95"
    " % bootstrap interval, worlds resampled. Reach: share of the arm's rollouts after which {base} has its final score"
    " for good (at once where the arm gained nothing); sooner: how many times earlier; both on the median world."
    " Floors: whole time over the time that the rollouts take with no slot idle. Refl.: reflections. Curse: a system's"
    " own estimate of its result minus the truth. Simulated models: orderings and mechanisms only."
)


def standings(courses: Iterable[Course], *, base: str) -> Iterator[Table]:
    """Yield all tables, budget by budget."""
    groups = grouped(courses)
    for (budget, width), results in groups.items():
        if base not in results.arms:
            continue
        name = f"{budget} rollouts, {width} at once"
        yield overview(results, name, base)
        yield from (by_family(results, name, base, arm) for arm in results.arms if arm != base)
        yield lost_cells(results, name, base)
        yield lost_worlds(results, name, base)


def overview(results: Results, name: str, base: str) -> Table:
    """Return every arm's figures over all families."""
    rows: list[tuple[Cell, ...]] = []
    for arm in results.arms:
        other = arm != base
        curse = [100 * (course.estimate - course.final) for course in results.of(arm) if course.estimate is not None]
        row = (
            arm,
            points(results.mean(arm, final)),
            cell(results.final(base, arm)) if other else NOTHING,
            cell(results.area(base, arm)) if other else NOTHING,
            reach_of(results.reach(base, arm)) if other else NOTHING,
            sooner_of(results.sooner(base, arm)) if other else NOTHING,
            figure(results.mean(arm, floors), ".1f"),
            figure(results.mean(arm, lambda course: course.reflections), ".0f"),
            figure(fmean(curse), "+.1f") if curse else NOTHING,
        )
        rows.append(row)
    first = results.courses[0]
    seed, oracle = (100 * fmean(getattr(c, at) for c in results.of(first.arm)) for at in ("seed_truth", "oracle_truth"))
    worlds = len({(course.contest.family, course.contest.seed) for course in results.courses})
    return Table(
        title=f"{name}: all families",
        columns=("arm", "score", f"{base} - arm", "in area", "reach", "sooner", "floors", "refl.", "curse"),
        rows=tuple(rows),
        note=f"Worlds: {worlds}. Seed {seed:.1f}, all rules stated {oracle:.1f}. {_EXPLAINED.format(base=base)}",
    )


def by_family(results: Results, name: str, base: str, arm: str) -> Table:
    """Return how `base` and another arm stand in each family."""
    rows: list[tuple[Cell, ...]] = []
    for family in (*results.families, None):
        pairs = list(results.pairs(base, arm, family))
        if not pairs:
            continue
        lost = len(results.lost(base, arm, family))
        row = (
            family or "all",
            points(results.mean(arm, lambda course: course.seed_truth, family)),
            points(results.mean(base, final, family)),
            points(results.mean(arm, final, family)),
            cell(results.final(base, arm, family)),
            cell(results.area(base, arm, family)),
            reach_of(results.reach(base, arm, family)),
            sooner_of(results.sooner(base, arm, family)),
            Figure({"lost": lost, "worlds": len(pairs)}, f"{lost}/{len(pairs)}"),
        )
        rows.append(row)
    return Table(
        title=f"{name}: {base} against {arm}",
        columns=("family", "seed", base, "other", "difference", "in area", "reach", "sooner", "lost"),
        rows=tuple(rows),
    )


def lost_cells(results: Results, name: str, base: str) -> Table:
    """Return every family in which another arm did better, at the end or on the way."""
    rows: list[tuple[Cell, ...]] = []
    for arm in (arm for arm in results.arms if arm != base):
        for family in results.families:
            kinds = {"at the end": results.final(base, arm, family), "in area": results.area(base, arm, family)}
            rows += [
                (arm, family, kind, each.cell) for kind, each in kinds.items() if each is not None and each.mean < -1e-9
            ]
    return Table(
        title=f"{name}: families in which another arm does better",
        columns=("arm", "family", "where", f"{base} - arm"),
        rows=tuple(rows),
        note="" if rows else "None.",
    )


def lost_worlds(results: Results, name: str, base: str) -> Table:
    """Return every world on which another arm ended higher."""
    rows: list[tuple[Cell, ...]] = []
    for arm in (arm for arm in results.arms if arm != base):
        worlds = sorted(results.lost(base, arm), key=lambda each: each[1])
        rows += [(arm, f"{family} {seed}", figure(100 * by, "+.1f")) for (family, seed), by in worlds]
    return Table(
        title=f"{name}: worlds on which another arm ends higher",
        columns=("arm", "world", f"{base} - arm"),
        rows=tuple(rows),
        note="" if rows else "None.",
    )


def quarters(courses: Sequence[Course], *, base: str, share: int = 4) -> Iterator[Table]:
    """Yield whole runs of `base` with a quarter of the rollouts against whole runs of the others."""
    groups = grouped(courses)
    for (budget, width), whole in groups.items():
        fewer = groups.get((budget // share, width))
        if fewer is None or base not in fewer.arms:
            continue
        together = Results([*fewer.of(base), *(course for course in whole.courses if course.arm != base)])
        others = [arm for arm in together.arms if arm != base]
        rows = tuple(
            (arm, *(cell(together.final(base, arm, family)) for family in (None, *together.families))) for arm in others
        )
        if rows:
            transposed = zip(*rows, strict=True)
            next(transposed)
            names = ("all", *together.families)
            yield Table(
                title=f"{base} with {budget // share} rollouts against {budget} of the others, {width} at once",
                columns=("family", *others),
                rows=tuple((family, *cells) for family, cells in zip(names, transposed, strict=True)),
                note="Whole runs, final choice included: points by which the smaller budget ends higher.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What is aimed at, and what was found."""

    said: str
    found: Cell
    held: bool

    @property
    def row(self) -> tuple[Cell, ...]:
        """The row of a table."""
        return self.said, self.found, Figure(self.held, "yes" if self.held else "NO")


def aims(courses: Iterable[Course], *, base: str) -> Table:
    """Return the aims that can be judged by these courses."""
    rows: list[tuple[Cell, ...]] = []
    for (budget, width), results in grouped(courses).items():
        if base in results.arms:
            rows += [(f"{budget}, {width} at once", *aim.row) for aim in _aims(results, base, width)]
    return Table(title="Aims", columns=("rollouts", "aim", "found", "held"), rows=tuple(rows))


def _aims(results: Results, base: str, width: int) -> Iterator[Aim]:
    if GEPA in results.arms:
        reach = median(results.reach(base, GEPA))
        found = reach_of(results.reach(base, GEPA))
        yield Aim(said=f"gepa's final score with {AIM_REACH} of its rollouts", found=found, held=reach <= AIM_REACH)
        by_family: Mapping[str, Difference | None] = {f: results.final(base, GEPA, f) for f in results.families}
        worse = [family for family, each in by_family.items() if each is not None and each.mean < 0]
        yield Aim(said="not worse than gepa on any family", found=", ".join(worse) or "none worse", held=not worse)
    if OUR_REFLECTION in results.arms and (by := results.area(base, OUR_REFLECTION)) is not None:
        yield Aim(said=f"area over gepa + our reflection, +{AIM_AREA:.0f}", found=by.cell, held=by.mean >= AIM_AREA)
    for arm, aim in AIM_SOONER.items():
        if arm in results.arms:
            sooner = results.sooner(base, arm)
            yield Aim(said=f"{arm}'s score {aim:.0f}x sooner", found=sooner_of(sooner), held=median(sooner) >= aim)
    if width == 32:
        ratio = results.mean(base, floors)
        yield Aim(said=f"whole runs within {AIM_FLOOR} floors", found=figure(ratio, ".2f"), held=ratio <= AIM_FLOOR)


def points(value: float) -> Figure:
    """Return a quality in points."""
    return Figure(value, f"{100 * value:.1f}")


def reach_of(shares: Sequence[float]) -> Cell:
    """Return the share of rollouts on the median world."""
    middle = median(shares)
    return figure(middle, ".2f") if math.isfinite(middle) else Figure(None, "never")


def sooner_of(times: Sequence[float]) -> Cell:
    """Return how many times sooner on the median world."""
    middle = median(times)
    return figure(middle, ".1f", "x") if middle else Figure(0.0, "never")
