"""How a run stands, in plain words and as a record: for logs, for CI, and for programs that read along."""

import math
from collections.abc import Mapping

from spanwright.report import figures
from spanwright.report.standing import Spending, Standing
from spanwright.search.statistics import Interval


def heartbeat(standing: Standing) -> str:
    """Return one line that tells how a run stands."""
    rollouts, reflections = standing.spent("rollouts"), standing.spent("reflections")
    cost = figures.cost_of(standing.spent("cost").used, standing.unpriced)
    parts = [
        f"{amount(rollouts)} ({standing.in_flight} in flight)",
        amount(reflections),
        cost,
        figures.duration(standing.seconds),
    ]
    if end := ending(standing):
        parts.append(end)
    held = f"; {'; '.join(standing.limits)}" if standing.limits else ""
    return f"{standing.phase}: {', '.join(parts)}; validation: {score(standing)}; {judged(standing)}{held}"


def score(standing: Standing) -> str:
    """Return seed and best candidate, and the interval between them."""
    seed, best = figures.score(standing.seed), figures.score(standing.best)
    if standing.compared is None:
        return "not measured yet" if standing.seed is None else f"seed {seed}, nothing better yet"
    of = standing.compared
    gain = figures.interval(of.difference, signed=True)
    return f"seed {seed}, best {best}, {gain} on {figures.number(of.cases, 'case')}"


def judged(standing: Standing) -> str:
    """Return what became of the proposals."""
    refused = f", {figures.number(standing.refused, 'answer')} refused" if standing.refused else ""
    return f"{standing.accepted} of {standing.proposed} proposals admitted{refused}"


def amount(spending: Spending) -> str:
    """Return what is spent of a kind, of how much, and what it is."""
    used, limit = spending.used, spending.limit
    match spending.kind:
        case "cost":
            return figures.dollars(used) + ("" if limit is None else f" of {figures.dollars(limit)}")
        case "time":
            return figures.duration(used) + ("" if limit is None else f" of {figures.duration(limit)}")
        case kind:
            return figures.count(int(used)) + ("" if limit is None else f"/{figures.count(int(limit))}") + f" {kind}"


def work(standing: Standing) -> str:
    """Return what is under way."""
    slots = "" if standing.slots is None else f" of {standing.slots} slots"
    flying = f"{figures.number(standing.in_flight, 'rollout')} in flight{slots}"
    return f"{flying}, {figures.number(standing.reflecting, 'reflection')}"


def frontier(standing: Standing) -> str:
    """Return who is on the frontier."""
    named = ", ".join(
        f"{each.name} {figures.score(each.score)} ({figures.number(each.cases, 'case')})" for each in standing.leaders
    )
    more = f" and {standing.front - len(standing.leaders)} more" if standing.front > len(standing.leaders) else ""
    return f"{standing.front} of {figures.number(standing.members, 'candidate')}: {named}{more}"


def ending(standing: Standing) -> str:
    """Return when the budget will be spent at the pace so far; empty where nothing can be foretold."""
    first = standing.ends_with
    return "" if first is None else f"about {figures.duration(first.left or 0.0)} left, by {first.kind}"


def record(standing: Standing) -> Mapping[str, object]:
    """Return how a run stands as plain values, for a line of JSON."""
    compared, first = standing.compared, standing.ends_with
    return {
        "run": standing.run,
        "at": round(standing.at, 3),
        "phase": standing.phase,
        "seconds": round(standing.seconds, 3),
        "seconds_left": None if first is None or first.left is None else round(first.left, 1),
        "budget": {each.kind: _spent(each) for each in standing.spending},
        "unpriced": standing.unpriced,
        "in_flight": standing.in_flight,
        "slots": standing.slots,
        "reflecting": standing.reflecting,
        "limits": list(standing.limits),
        "seed": standing.seed,
        "best": standing.best,
        "difference": None if compared is None else _interval(compared.difference),
        "proposed": standing.proposed,
        "accepted": standing.accepted,
        "refused": standing.refused,
        "candidates": standing.members,
        "front": standing.front,
        "leaders": [{"name": each.name, "score": each.score, "cases": each.cases} for each in standing.leaders],
        "last_edit": standing.edit,
    }


def _spent(spending: Spending) -> Mapping[str, object]:
    left = None if spending.left is None else round(spending.left, 1)
    return {"used": round(spending.used, 6), "limit": spending.limit, "seconds_left": left}


def _interval(of: Interval) -> Mapping[str, object]:
    low, high = (each if math.isfinite(each) else None for each in (of.low, of.high))
    return {"mean": of.mean, "low": low, "high": high, "cases": of.n}
