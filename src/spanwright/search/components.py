"""Which components one reflection is offered. How many of them it may edit is the policy's `edits`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from spanwright.core.candidate import CandidateId, ComponentId
from spanwright.search.view import PoolView

ComponentRule: TypeAlias = Callable[
    [PoolView, CandidateId, Mapping[ComponentId, float], Random], tuple[ComponentId, ...]
]
"""Chooses components of a parent, given the blame that its failures lay on each.

The smallest one:

    def first(view, parent, blames, rng):
        return (view.components[0].id,)
"""


def evolvable(view: PoolView, parent: CandidateId) -> tuple[ComponentId, ...]:
    """Return the components that may be edited, in the run's order.

    Text that code computes is left alone, and what has a few values is tried and not reflected on.
    """
    texts = view.candidate(parent).texts
    return tuple(each.id for each in view.components if not each.dynamic and not each.values and each.id in texts)


def everything(
    view: PoolView, parent: CandidateId, blames: Mapping[ComponentId, float], rng: Random
) -> tuple[ComponentId, ...]:
    """Choose all components."""
    return evolvable(view, parent)


def round_robin(
    view: PoolView, parent: CandidateId, blames: Mapping[ComponentId, float], rng: Random
) -> tuple[ComponentId, ...]:
    """Choose one component, the next in turn along the parent's lineage."""
    components = evolvable(view, parent)
    return (components[view.turns(parent) % len(components)],)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blamed:
    """Offer the most blamed components together; now and then a random one, lest a blind spot of blame last for ever.

    Blame is a hint: the text that lacks a rule is often not the one that was in use when it was broken. So more are
    offered than may be edited, and whoever reads the evidence chooses among them. What the lineage learnt earlier
    counts, too: a lesson is a failure that no edit has addressed, and what a diagnosis named and could not edit is
    still waiting. Where nothing points anywhere, as without spans, everything is offered, up to a limit: whoever reads
    the outcomes may find the text among forty; one of them, by chance or in turn, would rarely be the right one.
    """

    at_most: int = 8
    at_most_blindly: int = 40
    """Components on offer where nothing points anywhere. Where there are more, chance chooses."""
    explore: float = 0.1
    """The share of attempts in which a random component takes the place of the least blamed on offer."""
    weight_of_lessons: float = 1.0
    """What all lessons on the parent's texts weigh together, in failures of the minibatch. More would crowd out the
    texts that this very evidence suspects."""
    weight_of_diagnoses: float = 1.0
    """What all that diagnoses asked for in vain weighs together, likewise."""

    def __call__(
        self, view: PoolView, parent: CandidateId, blames: Mapping[ComponentId, float], rng: Random
    ) -> tuple[ComponentId, ...]:
        components = evolvable(view, parent)
        lessons = view.lesson_counts(parent, components)
        memories = ((self.weight_of_lessons, lessons), (self.weight_of_diagnoses, view.suspicions(parent, components)))
        weights = {component: blames.get(component, 0.0) for component in components}
        for weight, counts in memories:
            for component, count in counts.items():
                weights[component] += weight * count / sum(counts.values())
        drawn = rng.sample(components, len(components))  # equals are ordered by chance, not by name
        blamed = [component for component in drawn if weights[component] > 0]
        if not blamed:
            return tuple(drawn[: self.at_most_blindly])
        offered = sorted(blamed, key=lambda component: -weights[component])[: self.at_most]
        others = [component for component in drawn if component not in offered]
        if others and rng.random() < self.explore:
            return (*offered[: self.at_most - 1], others[0])
        return tuple(offered)
