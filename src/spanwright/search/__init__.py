"""Pure decisions: what to try next, how far to measure it, when it is enough. No waiting, no clock, no hidden chance.

`Pool` folds the events of a run, `PoolView` shows what they come to, `Policy` answers the engine's questions. Intervals
are in `spanwright.search.statistics`.
"""

from spanwright.search.attempts import OpenAttempt
from spanwright.search.components import Blamed, ComponentRule, everything, round_robin
from spanwright.search.crossing import Crossover, CrossoverRule
from spanwright.search.drafts import DraftRule, undrafted
from spanwright.search.frontier import FrontRule, by_case, covering_front, front
from spanwright.search.gate import GateRule, not_worse, paired_differences, strict
from spanwright.search.merging import Merge
from spanwright.search.minibatch import MinibatchRule, epoch_shuffled
from spanwright.search.one_stream import OneStreamParent, one_stream_minibatch
from spanwright.search.outlook import cells_wanted
from spanwright.search.parents import EpsilonGreedy, Mixed, ParentRule, Pareto, Thompson, best, original, pareto
from spanwright.search.policy import Policy, PolicySettings
from spanwright.search.pool import Pool
from spanwright.search.race import RaceRule, blocks
from spanwright.search.state import Member
from spanwright.search.stopping import AllOf, AnyOf, AtMost, Patience, StopRule, Target
from spanwright.search.view import Cell, PoolView

__all__ = [
    "AllOf",
    "AnyOf",
    "AtMost",
    "Blamed",
    "Cell",
    "ComponentRule",
    "Crossover",
    "CrossoverRule",
    "DraftRule",
    "EpsilonGreedy",
    "FrontRule",
    "GateRule",
    "Member",
    "Merge",
    "MinibatchRule",
    "Mixed",
    "OneStreamParent",
    "OpenAttempt",
    "ParentRule",
    "Pareto",
    "Patience",
    "Policy",
    "PolicySettings",
    "Pool",
    "PoolView",
    "RaceRule",
    "StopRule",
    "Target",
    "Thompson",
    "best",
    "blocks",
    "by_case",
    "cells_wanted",
    "covering_front",
    "epoch_shuffled",
    "everything",
    "front",
    "not_worse",
    "one_stream_minibatch",
    "original",
    "paired_differences",
    "pareto",
    "round_robin",
    "strict",
    "undrafted",
]
