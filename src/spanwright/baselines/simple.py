"""Baselines that are settings of a policy and, where their idea is what a prompt shows, a prompt."""

from dataclasses import replace
from functools import partial
from typing import Final, Unpack

from pydantic_ai.models import Model

from spanwright.baselines.baseline import Baseline
from spanwright.core.events import Estimator
from spanwright.core.protocols import Reflector
from spanwright.reflection import Demonstrations, ModelReflector, compose_scores
from spanwright.search import Beam, InBeam, Policy, PolicySettings, best, everything, original, round_robin, strict

_OPRO_SHOWN: Final = 20
_OPRO_A_STEP: Final = 8
_TEMPERATURE: Final = 1.0
"""Those who ask with the same prompt again live by its answers differing."""


def greedy(**overrides: Unpack[PolicySettings]) -> Baseline:
    """Edit the best, all texts at once, one attempt after another: TextGrad (arXiv 2406.07496).

    A child must beat its parent on the minibatch; then it is measured on all validation cases, and built upon only if
    it is the best there. Trace's OptoPrime (arXiv 2406.16218) keeps every child: `greedy(gate_rule=None)` comes
    closest. What they call a gradient is the diagnosis in a reflection's answer.
    """
    rules = _plain(name="greedy", schedule="ordered", block=None, parent_rule=best, gate_rule=strict)
    return Baseline(policy=replace(rules, **overrides), source="arXiv 2406.07496")


def opro(**overrides: Unpack[PolicySettings]) -> Baseline:
    """Write the next text from earlier texts and their scores, without traces or feedback: OPRO (arXiv 2309.03409).

    Eight attempts are in flight, as it writes eight texts a step; of several components one is edited at a time. The
    tasks in the prompt come from a rollout of the parent, which is one more than OPRO pays for an attempt.
    """
    rules = _plain(
        name="opro",
        block=None,
        parent_rule=best,
        component_rule=round_robin,
        minibatch_size=1,
        perfect=None,
        scores=_OPRO_SHOWN,
        max_in_flight=_OPRO_A_STEP,
    )
    return Baseline(policy=replace(rules, **overrides), source="arXiv 2309.03409", writer=_by_scores)


def random_search(**overrides: Unpack[PolicySettings]) -> Baseline:
    """Ask for a variation of the seed's texts again and again, and keep the best: APE (arXiv 2211.01910).

    Neither traces nor feedback nor scores are shown: whoever reads them has to beat this.
    """
    rules = _plain(
        name="random-search", parent_rule=original, component_rule=round_robin, minibatch_size=1, perfect=None
    )
    return Baseline(policy=replace(rules, **overrides), source="arXiv 2211.01910", writer=_by_scores)


def best_of_n(**overrides: Unpack[PolicySettings]) -> Baseline:
    """Reflect on the seed again and again, and keep the best: nothing builds on what was found."""
    return Baseline(policy=Policy.best_of_n(**overrides), source="the control of arXiv 2507.19457")


def few_shot(*, at_most: int = 4, passing: float = 1.0, **overrides: Unpack[PolicySettings]) -> Baseline:
    """Show the agent up to `at_most` rollouts of its own that went well: BootstrapFewShotWithRandomSearch (2310.03714).

    Each attempt draws other training cases and another set of those that scored `passing`; the best set wins. No model
    is asked. Texts of users and tools end up in the agent's instructions: not for inputs that strangers write.
    """
    rules = _plain(name="few-shot", parent_rule=original, minibatch_size=6, perfect=None)
    policy = replace(rules, **overrides)

    def writer(model: Model) -> Reflector:
        return Demonstrations(seed=policy.seed, at_most=at_most, passing=passing)

    return Baseline(policy=policy, source="arXiv 2310.03714", writer=writer)


def beam(*, width: int = 4, **overrides: Unpack[PolicySettings]) -> Baseline:
    """Edit the `width` best in turn, and measure on while a member may be one of them: ProTeGi (arXiv 2305.03495).

    Theirs expands a beam round by round and paraphrases each edit; here there are neither rounds nor paraphrases.
    """
    rules = _plain(name="beam", parent_rule=Beam(width=width), race_rule=InBeam(width=width), minibatch_size=4)
    return Baseline(policy=replace(rules, **overrides), source="arXiv 2305.03495")


def _plain(**settings: Unpack[PolicySettings]) -> Policy:
    """Return a policy without what is ours: no blame, no memory, no ramp, no reserve for the finals."""
    rules = Policy(
        rollouts_per_step=None,
        edits=None,
        finalist_count=2,
        final_share=0.0,
        memory=False,
        estimator=Estimator.MEAN,
        component_rule=everything,
    )
    return replace(rules, **settings)


_by_scores: Final = partial(ModelReflector, composer=compose_scores, temperature=_TEMPERATURE)
