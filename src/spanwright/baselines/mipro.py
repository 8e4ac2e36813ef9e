"""MIPROv2 (arXiv 2406.11695): instructions and demonstrations are proposed apart, then searched together by TPE.

Optuna is needed for it, an extra: `pip install spanwright[tpe]`.
"""

from dataclasses import dataclass, replace
from typing import Unpack

from pydantic_ai.models import Model

from spanwright.baselines.baseline import Baseline
from spanwright.core.context import ReflectionContext
from spanwright.core.events import Estimator
from spanwright.core.proposal import Reflection
from spanwright.core.protocols import Reflector
from spanwright.errors import UsageError
from spanwright.reflection import Demonstrations, ModelReflector
from spanwright.search import Policy, PolicySettings, everything, original


def mipro(*, proposals: int = 12, at_most: int = 4, **overrides: Unpack[PolicySettings]) -> Baseline:
    """Propose instructions and sets of demonstrations for the seed, then search their product: MIPROv2 (2406.11695).

    The first `proposals` attempts write in turn new instructions, from a reflection, and a set of up to `at_most`
    demonstrations; later ones draw a combination by Optuna's TPE. Theirs grounds instructions in a summary of data and
    program, ours in traces; what is proposed is measured at once, and serves as a first trial. As in `few_shot`, texts
    of users and tools end up in the agent's instructions. Raises UsageError where Optuna is not installed.
    """
    try:
        from spanwright.baselines.joint import JointSearch  # noqa: PLC0415  (only this baseline needs Optuna)
    except ModuleNotFoundError as error:
        raise UsageError(
            "mipro searches with Optuna, which is not installed", "Install it: pip install spanwright[tpe]"
        ) from error
    rules = Policy(
        name="mipro",
        rollouts_per_step=None,
        edits=None,
        finalist_count=2,
        final_share=0.0,
        memory=False,
        estimator=Estimator.MEAN,
        graft_rule=None,
        perfect=None,
        minibatch_size=4,
        parent_rule=original,
        component_rule=everything,
        draft_rule=JointSearch(proposals=proposals),
    )
    policy = replace(rules, **overrides)

    def writer(model: Model) -> Reflector:
        return InTurn(ModelReflector(model), Demonstrations(seed=policy.seed, at_most=at_most))

    return Baseline(policy=policy, source="arXiv 2406.11695", writer=writer)


@dataclass(frozen=True, slots=True)
class InTurn:
    """Lets two reflectors answer in turn, by the number of the attempt."""

    odd: Reflector
    even: Reflector

    async def reflect(self, context: ReflectionContext) -> Reflection:
        """Answer as the one whose turn it is."""
        return await (self.odd if context.attempt % 2 else self.even).reflect(context)
