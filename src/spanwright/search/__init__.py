"""Pure decisions: what to try next, how far to measure it, when it is enough. No waiting, no clock, no hidden chance.

`Pool` folds the events of a run, `PoolView` shows what they come to, `Policy` answers the engine's questions. Intervals
are in `spanwright.search.statistics`.
"""

from spanwright.search.attempts import OpenAttempt
from spanwright.search.components import Blamed, ComponentRule, everything, round_robin
from spanwright.search.escape import EscapeRule, Plateau
from spanwright.search.frontier import covering_front, front
from spanwright.search.gate import GateRule, not_worse, paired_differences, strict
from spanwright.search.lessons import applicable
from spanwright.search.minibatch import MinibatchRule, epoch_shuffled
from spanwright.search.outlook import cells_wanted
from spanwright.search.parents import Mixed, ParentRule, Thompson, best, original, pareto
from spanwright.search.policy import Policy, PolicySettings
from spanwright.search.pool import Pool
from spanwright.search.race import RaceRule, blocks
from spanwright.search.state import Member
from spanwright.search.view import Cell, PoolView

__all__ = [
    "Blamed",
    "Cell",
    "ComponentRule",
    "EscapeRule",
    "GateRule",
    "Member",
    "MinibatchRule",
    "Mixed",
    "OpenAttempt",
    "ParentRule",
    "Plateau",
    "Policy",
    "PolicySettings",
    "Pool",
    "PoolView",
    "RaceRule",
    "Thompson",
    "applicable",
    "best",
    "blocks",
    "cells_wanted",
    "covering_front",
    "epoch_shuffled",
    "everything",
    "front",
    "not_worse",
    "original",
    "paired_differences",
    "pareto",
    "round_robin",
    "strict",
]
