"""The same search twice, by gepa's public API and by our engine: one landscape, one function that writes texts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import anyio
from gepa.strategies import proposal_selection
from gepa.strategies.proposal_sampling import PxNSampling
from gepa_adapter import GepaAdapter, optimized

from spanwright.core.candidate import Candidate
from spanwright.core.case import Case
from spanwright.core.context import ReflectionContext
from spanwright.core.proposal import Proposal, Reflection, Refusal, RefusalReason
from spanwright.core.trace import Trace
from spanwright.core.usage import Budget
from spanwright.engine import Conduct, Engine, Means, Problem
from spanwright.search import MostImproved, Policy, Rounds
from spanwright.store import MemoryStore
from spanwright.telemetry import BlindRecorder
from spanwright.testing.landscape import Landscape, LandscapeSubject, landscape_evaluator
from spanwright.testing.virtual import run_virtual


@dataclass(frozen=True, kw_only=True)
class Arena:
    """What both arms search in."""

    world: Landscape
    train: int = 21
    validation: int = 12
    minibatch: int = 3

    @property
    def splits(self) -> tuple[Sequence[Case], Sequence[Case]]:
        splits = self.world.splits(train=self.train, validation=self.validation, test=2)
        return splits.train, splits.validation

    def rewritten(
        self, texts: Mapping[str, str], component: str, seen: Iterable[tuple[str, Sequence[int]]]
    ) -> str | None:
        """Return a text with the rules that its component missed, None where it missed none.

        It also names what it was written after, so that texts with different histories are different candidates.
        """
        seen = list(seen)
        place = int(component.removeprefix("world/text"))
        known = texts[component].split()
        missed = {rule for _, rules in seen for rule in rules if rule // self.world.rules == place}
        new = [str(rule) for rule in sorted(missed) if str(rule) not in known]
        if not new or self.world.draw("idle", texts[component], *(case for case, _ in seen)) < self.world.refusals:
            return None
        return " ".join([*known, *new, f"#{len(known)}:{'+'.join(case for case, _ in seen)}"])


@dataclass(frozen=True, kw_only=True)
class Missed:
    """What came of a case: which of its rules the texts missed."""

    output: object
    score: float


def played(arena: Arena, pairs: Sequence[tuple[dict[str, str], Case]]) -> Sequence[Missed]:
    """Try texts on cases of the landscape."""
    subject = LandscapeSubject(arena.world)

    async def tried() -> list[Missed]:
        outputs = [(case, await subject.run(Candidate(texts=texts), case)) for texts, case in pairs]
        scores = [(output, await landscape_evaluator(case, output, Trace())) for case, output in outputs]
        return [Missed(output=output, score=score.value) for output, score in scores]

    return run_virtual(tried())


def by_gepa(arena: Arena, *, calls: int, seed: int, **options: Any) -> list[dict[str, str]]:
    """Return the candidates that gepa admits, in their order; the seed is the first."""

    def propose(
        candidate: dict[str, str], dataset: Mapping[str, Sequence[Mapping[str, Any]]], components: list[str]
    ) -> dict[str, str]:
        seen = {name: [(each["case"], each["missed"]) for each in dataset[name]] for name in components}
        texts = {name: arena.rewritten(candidate, name, seen[name]) for name in components}
        return {name: text for name, text in texts.items() if text is not None}

    def record(component: str, case: Case, shown: Missed) -> dict[str, object]:
        return {"case": case.id, "missed": shown.output}

    result = optimized(
        GepaAdapter(play=partial(played, arena), record=record),
        arena.world.texts(),
        arena.splits,
        custom_candidate_proposer=propose,
        reflection_minibatch_size=arena.minibatch,
        max_metric_calls=calls,
        seed=seed,
        **options,
    )
    return result.candidates


def gepas_rounds(selection: str, rounds: Rounds) -> dict[str, object]:
    """Return what tells gepa to go in such rounds, and whom of them to admit."""
    admission = rounds.admission
    at_most = (admission.at_most,) if selection == "TopKImprovements" and isinstance(admission, MostImproved) else ()
    return {
        "sampling_strategy": PxNSampling(rounds.parents, rounds.proposals),
        "selection_strategy": getattr(proposal_selection, selection)(*at_most),
    }


@dataclass(frozen=True)
class Writer:
    """The arena's way of writing texts, as a reflector."""

    arena: Arena

    async def reflect(self, context: ReflectionContext) -> Reflection:
        """Answer as gepa's arm does."""
        seen = [(each.case.id, _missed(each.observed.output)) for each in context.examples]
        names = [component.id for component in context.components]
        texts = {name: self.arena.rewritten(context.parent.texts, name, seen) for name in names}
        edits = {name: text for name, text in texts.items() if text is not None}
        if not edits:
            return Reflection(result=Refusal(reason=RefusalReason.UNCHANGED))
        return Reflection(result=Proposal(parents=(context.parent.id,), edits=edits))


def by_spanwright(arena: Arena, policy: Policy, *, calls: int) -> list[dict[str, str]]:
    """Return the candidates that our engine admits, in their order; the seed is the first."""
    return run_virtual(_searched(arena, policy, calls))


async def _searched(arena: Arena, policy: Policy, calls: int) -> list[dict[str, str]]:
    subject = LandscapeSubject(arena.world)
    problem = Problem(
        subject=subject,
        evaluator=landscape_evaluator,
        reflector=Writer(arena),
        splits=arena.world.splits(train=arena.train, validation=arena.validation, test=2),
        seed=Candidate(texts=arena.world.texts()),
        components=tuple(await subject.components()),
    )
    async with MemoryStore().run("arm") as journal:
        means = Means(journal=journal, recorder=BlindRecorder(), clock=anyio.current_time)
        conduct = Conduct(run="arm", budget=Budget(rollouts=calls), concurrency=8)
        pool = (await Engine(problem, policy, means, conduct).run()).pool
    return [dict(pool.candidate(member).texts) for member in pool.members]


def _missed(output: str) -> list[int]:
    return [int(word) for word in output.strip("()").replace(",", " ").split()]
