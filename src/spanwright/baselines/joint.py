"""A joint search of texts and demonstrations by Optuna's TPE: a draft rule.

The study is rebuilt from the pool for each draft, and its sampler gets its seed from the attempt: so a resumed run
draws the same. This module needs Optuna, an extra of ours; `mipro` says so before anything is spent.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import TypeAlias, cast

import numpy as np
import optuna

from spanwright.core.candidate import CandidateId, ComponentId
from spanwright.core.proposal import Draft, Origin, Proposal
from spanwright.reflection import joined, parted
from spanwright.search import PoolView, undrafted


@dataclass(frozen=True, slots=True)
class Slot:
    """What one choice fills: the text of a component, or the demonstrations behind it."""

    component: ComponentId
    part: str


Options: TypeAlias = Mapping[Slot, Sequence[str]]
"""The texts that each slot can have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JointSearch:
    """Drafts a combination of texts and demonstrations that members of the pool have, as TPE expects most of it."""

    proposals: int = 12
    """The attempts that come first, and reflect."""
    startup: int = 10
    """Members before TPE is trusted; until then chance draws."""
    tries: int = 16
    """Draws, until one is new, before the attempt reflects."""

    def __call__(self, view: PoolView, rng: Random) -> Draft | None:
        if view.next_attempt <= self.proposals:
            return None
        options = _options(view)
        if all(len(each) < 2 for each in options.values()):
            return None
        for choice in self._drawn(view, options, seed=rng.getrandbits(32)):
            proposal = _proposal(view, choice)
            if undrafted(view, proposal):
                return Draft(proposal=proposal)
        return None

    def _drawn(self, view: PoolView, options: Options, *, seed: int) -> Iterator[Mapping[Slot, str]]:
        """Yield combinations, each drawn as if those before it were being tried."""
        names = {slot: f"{slot.part} of {slot.component}" for slot in options}
        space = {
            names[slot]: optuna.distributions.CategoricalDistribution(range(len(texts)))
            for slot, texts in options.items()
        }
        with _quiet():
            sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=self.startup)
            study = optuna.create_study(direction="maximize", sampler=sampler)
            for member in view.members:
                value = _gain(view, member)
                if value is not None:
                    parts = _parts(view, member)
                    params = {names[slot]: texts.index(parts[slot]) for slot, texts in options.items()}
                    study.add_trial(optuna.create_trial(params=params, distributions=dict(space), value=value))
            for _ in range(self.tries):
                trial = study.ask(dict(space))
                yield {slot: texts[cast("int", trial.params[names[slot]])] for slot, texts in options.items()}


def _parts(view: PoolView, member: CandidateId) -> Mapping[Slot, str]:
    parts: dict[Slot, str] = {}
    for component, text in view.candidate(member).texts.items():
        parts[Slot(component, "text")], parts[Slot(component, "demonstrations")] = parted(text)
    return parts


def _options(view: PoolView) -> Options:
    """Return what the members have in each slot, in the order of their admission."""
    found: dict[Slot, dict[str, None]] = {}
    for member in view.members:
        for slot, text in _parts(view, member).items():
            found.setdefault(slot, {})[text] = None
    return {slot: tuple(texts) for slot, texts in found.items() if len(texts) > 1}


def _gain(view: PoolView, member: CandidateId) -> float | None:
    """Return how much better than the seed a member is on the validation cases that both measured."""
    places = np.flatnonzero(view.owned(member) & view.owned(view.seed)).tolist()
    cases = [view.validation[place] for place in places]
    pairs = [(view.cell(member, case), view.cell(view.seed, case)) for case in cases]
    differences = [mine - seeds for mine, seeds in pairs if mine is not None and seeds is not None]
    return float(np.mean(differences)) if differences else None


def _proposal(view: PoolView, choice: Mapping[Slot, str]) -> Proposal:
    """Return the combination as edits of the incumbent."""
    parent = view.candidate(view.incumbent)
    limits = {component.id: component.limit for component in view.components}
    edits: dict[ComponentId, str] = {}
    for component, text in parent.texts.items():
        bare, demonstrations = parted(text)
        bare = choice.get(Slot(component, "text"), bare)
        new = joined(bare, choice.get(Slot(component, "demonstrations"), demonstrations))
        new = new if len(new) <= limits.get(component, len(new)) else bare
        if new != text:
            edits[component] = new
    return Proposal(parents=(parent.id,), edits=edits, rationale="drawn by TPE", origin=Origin.EXTERNAL)


@contextmanager
def _quiet() -> Generator[None]:
    """Let Optuna say nothing of studies that come and go with each draft."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
