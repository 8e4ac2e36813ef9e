"""Generated networks of cloud regions, what a broadcast over some of their links costs, and the least it can cost.

The prices are ours, made up in the shape of public price lists: cheap within a continent and a provider, dear between.
The least cost is exact: the directed Steiner tree by the dynamic program of Dreyfus and Wagner.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

_PROVIDERS = ("ash", "birch", "cedar")
_CONTINENTS = ("am", "eu", "ap")
_GIGABYTES = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcast:
    """A job: the data of one region shall come to several others."""

    links: tuple[tuple[str, str, float], ...]
    """From, to, dollars a gigabyte."""
    source: str
    targets: tuple[str, ...]

    @property
    def prices(self) -> Mapping[tuple[str, str], float]:
        return {(a, b): price for a, b, price in self.links}


def broadcast(number: int) -> Broadcast:
    """Generate a job: 18 regions, most pairs linked, five or six targets on the other side."""
    drawn = Random(f"broadcast {number}")
    regions = [f"{provider}-{continent}-{n}" for provider in _PROVIDERS for continent in _CONTINENTS for n in (1, 2)]
    links = [(a, b, _price(a, b, drawn)) for a in regions for b in regions if a != b and drawn.random() < 0.8]
    source = drawn.choice(regions)
    home = source.split("-")[1]
    targets = drawn.sample([each for each in regions if each.split("-")[1] != home], 5 + number % 2)
    return Broadcast(links=tuple(links), source=source, targets=tuple(sorted(targets)))


def _price(a: str, b: str, drawn: Random) -> float:
    (one, here, _), (other, there, _) = a.split("-"), b.split("-")
    base = 0.01 if one == other and here == there else 0.02 if one == other else 0.05 if here == there else 0.09
    return round(base * drawn.uniform(0.7, 1.5), 4)


def cost_of(job: Broadcast, links: Sequence[tuple[str, str]]) -> float:
    """Return the dollars for a set of links. Raises ValueError for links that are not there or miss a target."""
    prices = job.prices
    used = set(links)
    if strange := sorted(used - prices.keys()):
        raise ValueError(f"there is no link {strange[0][0]} -> {strange[0][1]}")
    reached, edge = {job.source}, [job.source]
    while edge:
        at = edge.pop()
        for a, b in used:
            if a == at and b not in reached:
                reached.add(b)
                edge.append(b)
    if missed := sorted(set(job.targets) - reached):
        raise ValueError(f"the data does not reach {', '.join(missed)}")
    return _GIGABYTES * math.fsum(prices[each] for each in used)


def least_cost(job: Broadcast) -> float:
    """Return the least that a broadcast can cost."""
    regions = sorted({each for a, b, _ in job.links for each in (a, b)})
    places = {each: place for place, each in enumerate(regions)}
    size, count = len(regions), len(job.targets)
    paths = [[0.0 if a == b else job.prices.get((a, b), math.inf) for b in regions] for a in regions]
    for k in range(size):
        for i in range(size):
            for j in range(size):
                paths[i][j] = min(paths[i][j], paths[i][k] + paths[k][j])
    trees: list[list[float]] = [[math.inf] * size for _ in range(1 << count)]
    for bit, target in enumerate(job.targets):
        trees[1 << bit] = [paths[at][places[target]] for at in range(size)]
    for some in range(1, 1 << count):
        if some & (some - 1):
            joined = [math.inf] * size
            part = (some - 1) & some
            while part:
                joined = [min(old, trees[part][at] + trees[some ^ part][at]) for at, old in enumerate(joined)]
                part = (part - 1) & some
            trees[some] = [min(paths[at][via] + joined[via] for via in range(size)) for at in range(size)]
    return _GIGABYTES * trees[-1][places[job.source]]
