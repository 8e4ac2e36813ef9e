"""Pure decisions: what to try next, how far to measure it, when it is enough. No waiting, no clock, no hidden chance.

`Pool` folds the events of a run, `PoolView` shows what they come to, `Policy` answers the engine's questions. Intervals
are in `spanwright.search.statistics`.
"""

from spanwright.search.archive import archive
from spanwright.search.attempts import OpenAttempt
from spanwright.search.beam import Beam, InBeam
from spanwright.search.choosing import Choosing
from spanwright.search.components import Blamed, ComponentRule, everything, round_robin
from spanwright.search.crossing import Crossover, CrossoverRule
from spanwright.search.drafts import DraftRule, undrafted
from spanwright.search.escape import EscapeRule, Plateau
from spanwright.search.expenses import Expense
from spanwright.search.frontier import FrontRule, by_instance, covering_front, front
from spanwright.search.fronts import FromFront, archived, by_objective, cartesian, hybrid
from spanwright.search.gate import GateRule, not_worse, paired_differences, strict
from spanwright.search.lessons import applicable
from spanwright.search.many_texts import for_texts
from spanwright.search.merging import Merge
from spanwright.search.minibatch import MinibatchRule, epoch_shuffled
from spanwright.search.one_stream import OneStreamMinibatch, OneStreamParent, one_stream_minibatch
from spanwright.search.outlook import cells_wanted
from spanwright.search.parents import EpsilonGreedy, Mixed, ParentRule, Pareto, Thompson, best, original, pareto
from spanwright.search.policy import Policy
from spanwright.search.pool import Pool
from spanwright.search.race import RaceRule, archived_blocks, blocks
from spanwright.search.regressions import Effect, effects, passed_over
from spanwright.search.rounds import AdmissionRule, MostImproved, Rounds, all_that_pass
from spanwright.search.settings import PolicySettings
from spanwright.search.state import Member
from spanwright.search.stopping import AllOf, AnyOf, AtMost, Patience, StopRule, Target
from spanwright.search.view import Cell, PoolView

__all__ = [
    "AdmissionRule",
    "AllOf",
    "AnyOf",
    "AtMost",
    "Beam",
    "Blamed",
    "Cell",
    "Choosing",
    "ComponentRule",
    "Crossover",
    "CrossoverRule",
    "DraftRule",
    "Effect",
    "EpsilonGreedy",
    "EscapeRule",
    "Expense",
    "FromFront",
    "FrontRule",
    "GateRule",
    "InBeam",
    "Member",
    "Merge",
    "MinibatchRule",
    "Mixed",
    "MostImproved",
    "OneStreamMinibatch",
    "OneStreamParent",
    "OpenAttempt",
    "ParentRule",
    "Pareto",
    "Patience",
    "Plateau",
    "Policy",
    "PolicySettings",
    "Pool",
    "PoolView",
    "RaceRule",
    "Rounds",
    "StopRule",
    "Target",
    "Thompson",
    "all_that_pass",
    "applicable",
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
    "effects",
    "epoch_shuffled",
    "everything",
    "for_texts",
    "front",
    "hybrid",
    "not_worse",
    "one_stream_minibatch",
    "original",
    "paired_differences",
    "pareto",
    "passed_over",
    "round_robin",
    "strict",
    "undrafted",
]
