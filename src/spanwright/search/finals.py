"""The end of the search: who is measured again, on what, and who wins.

The maximum of many noisy estimates is inflated: of fifty children that change nothing, one will look better. So what
decides against the seed is measured anew, after the finalists were chosen and with no part in that; where too little
was, the search's own figures count, corrected for all who were tried. See docs/design/statistics.md.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np

from spanwright.core.candidate import CandidateId
from spanwright.search.gate import paired_differences
from spanwright.search.significance import Stage, together
from spanwright.search.view import Cell, PoolView

FRESH_ENOUGH = 8
"""Pairs of cells measured in the finals below which the search's own evidence is asked, too: signs show little then."""
HEATS_SHARE = 0.5
"""The share of the finals in which all finalists are measured alike; the rest is for those who are left."""
CELLS_OF_A_HEAT = 20
"""Rollouts that each finalist gets there at least: a finalist more costs those who matter theirs."""

_CERTAIN = 0.001
"""A chance so small that the seed is beaten after the heats: then the rest of the finals tells the best of the others.

It adds no more than itself to the chance of a false winner.
"""
_DIGITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How finals measure."""

    spares_seed: bool
    """Whether what the search measured of the seed stands for a fresh score of it."""
    whole_cases: bool
    """Whether a case is left out that not all finalists could be measured on."""


def finalists(view: PoolView, at_most: int) -> tuple[CandidateId, ...]:
    """Return the established members that are worth most, the best first, and the seed with them."""
    worth = np.where(view.established, view.worth, -np.inf)
    best = [int(member) for member in np.argsort(-worth, kind="stable")[:at_most] if worth[member] > -np.inf]
    chosen = [view.members[member] for member in best]
    if view.seed not in chosen:
        chosen = [*chosen[: max(1, at_most - 1)], view.seed]
    return tuple(chosen)


def affordable_finalists(at_most: int, reserve: int) -> int:
    """Return how many finalists a reserve of rollouts can tell apart, the seed included."""
    return min(at_most, max(2, int(HEATS_SHARE * reserve) // CELLS_OF_A_HEAT))


def final_cells(
    view: PoolView, finalists: Sequence[CandidateId], rollouts: int, *, order: Sequence[str], plan: Plan
) -> tuple[tuple[CandidateId, Cell], ...]:
    """Return what to measure with so many rollouts: case by case, each for all finalists, whatever the search knew.

    What it knew of the seed alone is not measured again where the plan spares that: nobody was chosen by it. Cases
    come first on which no finalist was chosen, of those the ones that the seed knows, then what is left of `order`,
    then repeats; so two parts of the finals meet the same cases only when they run out.
    """
    if not finalists or not order:
        return ()
    cells: list[tuple[CandidateId, Cell]] = []
    for of_a_case in _endless(view, finalists, order, plan):
        room = rollouts - len(cells)
        if plan.whole_cases and len(of_a_case) > room:
            break
        cells += of_a_case[:room]
        if len(cells) == rollouts:
            break
    return tuple(cells)


def unmeasured(
    view: PoolView, finalists: Sequence[CandidateId], rollouts: int, *, order: Sequence[str]
) -> tuple[tuple[CandidateId, Cell], ...]:
    """Return what no finalist's score is known of yet, case by case: all there is to learn where scores never vary."""
    cells = [
        (each, (case, view.next_repeat(each, case)))
        for case in order
        for each in finalists
        if not view.was_measured(each, case) and not view.final_visits(each, case)
    ]
    return tuple(cells[:rollouts])


def _endless(
    view: PoolView, finalists: Sequence[CandidateId], order: Sequence[str], plan: Plan
) -> Iterator[list[tuple[CandidateId, Cell]]]:
    """Yield what is to be measured, case by case, at first once each, then twice, and so on."""
    validation = frozenset(view.validation)
    spared = {case for case in order if plan.spares_seed and view.seed in finalists and view.knows_seed(case)}

    def known(case: str) -> tuple[int, bool, bool]:
        earlier = {each: view.earlier_visits(each, case) for each in finalists}
        choosing = [searched for each, (searched, _) in earlier.items() if each != view.seed or not plan.spares_seed]
        return max(times for _, times in earlier.values()), case in validation and any(choosing), case not in spared

    cases = sorted(order, key=known)
    visits = {(each, case): view.final_visits(each, case) for case in cases for each in finalists}
    for case in spared:
        visits[view.seed, case] += 1
    repeats = {(each, case): view.next_repeat(each, case) for case in cases for each in finalists}
    for level in count():
        for case in cases:
            behind = [each for each in finalists if visits[each, case] <= level]
            yield [(each, (case, repeats[each, case])) for each in behind]
            for each in behind:
                visits[each, case] += 1
                repeats[each, case] += 1


def narrowed(view: PoolView, finalists: Sequence[CandidateId]) -> tuple[CandidateId, ...]:
    """Return whom to measure further after the heats: the leader and the seed, or, where that is beaten, the others.

    Of those only the better half, by all that is known.
    """
    rivals = [each for each in finalists if each != view.seed]
    leader = best(view, rivals)
    if together(fresh_evidence(view, leader, among=len(rivals))) > _CERTAIN:
        return (leader, view.seed)
    ranked = [leader]
    while len(ranked) < (len(rivals) + 1) // 2 or len(ranked) < min(2, len(rivals)):
        ranked.append(best(view, [each for each in rivals if each not in ranked]))
    return tuple(ranked)


def beats_seed(view: PoolView, candidate: CandidateId, finalists: Sequence[CandidateId], *, confidence: float) -> bool:
    """Return whether a finalist is better than the seed by more than the luck of having been picked."""
    evidence = fresh_evidence(view, candidate, among=sum(each != view.seed for each in finalists))
    if sum(len(stage.differences) for stage in evidence) < FRESH_ENOUGH:
        evidence = [*evidence, _evidence_of_search(view, candidate)]
    return together(evidence) <= 1 - confidence


def fresh_evidence(view: PoolView, candidate: CandidateId, *, among: int) -> list[Stage]:
    """Return what the finals measured of a candidate and the seed: picked `among` several once the heats are over."""
    parts = zip(view.seed_final_means(), view.final_means(candidate), strict=True)
    heats, *further = [paired_differences(seed, other) for seed, other in parts]
    return [Stage(differences=heats, among=among), *(Stage(differences=each) for each in further)]


def _evidence_of_search(view: PoolView, candidate: CandidateId) -> Stage:
    """Return the validation cells that a candidate and the seed had before the finals, picked among all members."""
    anew = {case for each in (view.seed, candidate) for part in view.final_means(each) for case in part}
    cases = [case for case in view.validation if view.was_measured(view.seed, case) and case not in anew]
    seed = {case: view.mean(view.seed, case) or 0.0 for case in cases}
    other = {case: view.mean(candidate, case) or 0.0 for case in cases if view.was_measured(candidate, case)}
    tried = int((view.owns > 0).sum()) - 1
    return Stage(differences=paired_differences(seed, other), among=max(1, tried))


def best(view: PoolView, finalists: Sequence[CandidateId]) -> CandidateId:
    """Return the finalist that is worth most, by the model of the lineage where there is one; of equals, the earliest.

    Without the model: the best mean over the cells that all of them know. Validation cells may be inherited: an
    untested difference counts as none, so a child that changes nothing never replaces its elder. Training cells, where
    all were measured on them, count as well.
    """
    earliest_first = sorted(finalists, key=lambda each: view.member(each).order)
    if view.posterior is not None and earliest_first:
        return max(earliest_first, key=lambda each: float(view.worth[view.member(each).order]))
    known = [case for case in view.validation if all(view.cell(each, case) is not None for each in finalists)]
    taught = [case for case in view.train if all(view.mean(each, case) is not None for each in finalists)]

    def worth(candidate: CandidateId) -> float:
        values = [view.cell(candidate, case) or 0.0 for case in known]
        values += [view.mean(candidate, case) or 0.0 for case in taught]
        return round(math.fsum(values) / len(values), _DIGITS) if values else 0.0

    return max(earliest_first, key=worth) if earliest_first else view.seed
