"""Pure decisions: what to try next, how far to measure it, when it is enough. No waiting, no clock, no hidden chance.

`Pool` folds the events of a run, `PoolView` shows what they come to, `Policy` answers the engine's questions. Intervals
are in `spanwright.search.statistics`.
"""

from spanwright.search.archive import archive
from spanwright.search.attempts import OpenAttempt
from spanwright.search.components import Blamed, ComponentRule, everything, round_robin
from spanwright.search.frontier import covering_front, front
from spanwright.search.fronts import FromFront, Frontier, archived, by_instance, by_objective, cartesian, hybrid
from spanwright.search.gate import GateRule, not_worse, paired_differences, strict
from spanwright.search.minibatch import MinibatchRule, epoch_shuffled
from spanwright.search.outlook import cells_wanted
from spanwright.search.parents import Mixed, ParentRule, Thompson, best, original, pareto
from spanwright.search.policy import Policy, PolicySettings
from spanwright.search.pool import Pool
from spanwright.search.race import RaceRule, archived_blocks, blocks
from spanwright.search.state import Member
from spanwright.search.view import Cell, PoolView

__all__ = [
    "Blamed",
    "Cell",
    "ComponentRule",
    "FromFront",
    "Frontier",
    "GateRule",
    "Member",
    "MinibatchRule",
    "Mixed",
    "OpenAttempt",
    "ParentRule",
    "Policy",
    "PolicySettings",
    "Pool",
    "PoolView",
    "RaceRule",
    "Thompson",
    "archive",
    "archived",
    "archived_blocks",
    "best",
    "blocks",
    "by_instance",
    "by_objective",
    "cartesian",
    "cells_wanted",
    "covering_front",
    "epoch_shuffled",
    "everything",
    "front",
    "hybrid",
    "not_worse",
    "original",
    "paired_differences",
    "pareto",
    "round_robin",
    "strict",
]
