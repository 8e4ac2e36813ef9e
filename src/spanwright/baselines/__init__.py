"""Other people's optimizers on our engine, to be compared: with the same subjects, budgets, statistics and reports.

    from spanwright.baselines import opro

    result = await optimize(agent, evals, policy=opro())

Each keeps the idea of its paper and gives up its loop: rollouts are leased, journaled and resumed like any other's.
Each function says what else differs.
"""

from spanwright.baselines.baseline import Baseline
from spanwright.baselines.mipro import mipro
from spanwright.baselines.simple import beam, best_of_n, few_shot, greedy, opro, random_search

__all__ = ["Baseline", "beam", "best_of_n", "few_shot", "greedy", "mipro", "opro", "random_search"]
