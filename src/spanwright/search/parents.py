"""Which member to improve next. Each rule is a pure function of the pool and of the random stream of its attempt."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

import numpy as np

from spanwright.core.candidate import CandidateId
from spanwright.search.arrays import Flags
from spanwright.search.frontier import FrontRule, by_instance, covering_front
from spanwright.search.outlook import outlook, spreads
from spanwright.search.randomness import normals
from spanwright.search.view import PoolView

ParentRule: TypeAlias = Callable[[PoolView, Random], CandidateId]
"""Chooses a member.

The smallest one:

    def newest(view, rng):
        return view.members[-1]
"""


def original(view: PoolView, rng: Random) -> CandidateId:
    """Choose the seed, always."""
    return view.seed


def best(view: PoolView, rng: Random) -> CandidateId:
    """Choose the incumbent."""
    return view.incumbent


def pareto(view: PoolView, rng: Random) -> CandidateId:
    """Draw from the covering Pareto front, each in proportion to the cases that it wins."""
    return _drawn(view, rng, view.fronts) or view.seed


@dataclass(frozen=True, slots=True, kw_only=True)
class Pareto:
    """Draw as `pareto` does, from the front of one's choice and, with `top`, from its best members alone."""

    front_rule: FrontRule = by_instance
    top: int | None = None
    """Only so many members with the best estimates are looked at; gepa's top-k has 5."""

    def __call__(self, view: PoolView, rng: Random) -> CandidateId:
        fronts = self.front_rule(view)
        if self.top is not None:
            best_first = np.argsort(-np.nan_to_num(view.estimates, nan=-np.inf), kind="stable")
            fronts = fronts.copy()
            fronts[:, best_first[self.top :]] = False
        return _drawn(view, rng, fronts) or view.incumbent


@dataclass(frozen=True, slots=True, kw_only=True)
class EpsilonGreedy:
    """Choose the incumbent; in a share `epsilon` of the attempts any member."""

    epsilon: float = 0.1

    def __call__(self, view: PoolView, rng: Random) -> CandidateId:
        return rng.choice(view.members) if rng.random() < self.epsilon else view.incumbent


def _drawn(view: PoolView, rng: Random, fronts: Flags) -> CandidateId | None:
    members = covering_front(view, fronts)
    wins = fronts.sum(axis=0)
    weights = [int(wins[view.member(member).order]) for member in members]
    return rng.choices(members, weights=weights)[0] if members else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thompson:
    """Draw a value for each member around what it is worth, the wider the less is known, and take the highest."""

    temperature: float = 0.5

    def __call__(self, view: PoolView, rng: Random) -> CandidateId:
        drawn = outlook(view) + self.temperature * spreads(view) * normals(rng, len(view.members))
        return view.members[int(drawn.argmax())]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixed:
    """Let chance choose between two rules: the first one in a `share` of the attempts."""

    first: ParentRule = pareto
    second: ParentRule = Thompson()
    share: float = 0.5

    def __call__(self, view: PoolView, rng: Random) -> CandidateId:
        rule = self.first if rng.random() < self.share else self.second
        return rule(view, rng)
