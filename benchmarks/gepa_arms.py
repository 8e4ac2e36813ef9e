"""gepa 0.1.4 in a contest, through its public API; its reflection model is a plain function.

One arm has our reflection in place of gepa's: then the search alone differs.
Time is counted as its loop spends it: a batch takes as long as its rollouts do on `width` workers, and nothing else
goes on meanwhile; that is what the same concurrency inside `evaluate` and `batch_evaluate` comes to.
"""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
from contest import Arena, Contest, Course, Point, named, thinned
from gepa_adapter import GepaAdapter, Texts, optimized

from spanwright.core.candidate import Candidate, CandidateId, Component, ComponentId
from spanwright.core.case import Case
from spanwright.core.context import Example, ReflectionContext
from spanwright.core.proposal import Lesson, Proposal
from spanwright.core.rollout import Observed, Purpose, Rollout, RolloutKey
from spanwright.core.score import Score
from spanwright.engine import evidence
from spanwright.search.lessons import Lessons
from spanwright.testing.virtual import run_virtual
from spanwright.testing.worlds import Played
from spanwright.testing.worlds.recounting import record
from spanwright.testing.worlds.staging import Latency, Stage

px_n_sampling: Any = importlib.import_module("gepa.strategies.proposal_sampling").PxNSampling

_OFFERED, _EDITED = 8, 3
"""Components that a reflection of ours is offered, and those that it may edit: as in our default policy."""


@dataclass(slots=True)
class Model:
    """gepa's reflection model: prompt in, text out."""

    arena: Arena

    def __call__(self, prompt: str | list[dict[str, Any]]) -> str:
        """Answer one prompt."""
        return self.arena.asked([_said(prompt)])[0]

    def batch_complete(self, messages_list: list[list[dict[str, Any]]], **_: object) -> list[str]:
        """Answer prompts side by side."""
        return self.arena.asked([_said(messages) for messages in messages_list])


def _said(prompt: str | list[dict[str, Any]]) -> str:
    return prompt if isinstance(prompt, str) else "\n\n".join(str(message["content"]) for message in prompt)


@dataclass(slots=True)
class Watch:
    """Writes down what gepa would return at each moment: the candidate with the best mean on validation."""

    arena: Arena
    best: float = float("-inf")
    members: list[CandidateId] = field(default_factory=list[CandidateId])
    points: list[Point] = field(default_factory=list[Point])

    def on_valset_evaluated(self, event: Mapping[str, Any]) -> None:
        """See a candidate measured."""
        self.members.append(Candidate(texts=event["candidate"]).id)
        if event["average_score"] <= self.best:
            return
        self.best = event["average_score"]
        truth = self.arena.world.truth(event["candidate"])
        self.points.append(Point(rollouts=self.arena.rollouts, seconds=self.arena.now, truth=truth))


SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "gepa": {},
    "gepa merge": {"use_merge": True},
    "gepa PxN": {"sampling_strategy": px_n_sampling(2, 4)},
    "gepa all": {"module_selector": "all"},
}
"""The arms by name, and what each sets."""


def run_gepa(arm: str, contest: Contest, **settings: Any) -> Course:
    """Let gepa take part."""
    return run_gepa_in(arm, Arena(contest=contest, world=contest.world()), **settings)


def run_gepa_in(arm: str, arena: Arena, **settings: Any) -> Course:
    """Let gepa take part in an arena of one's own."""
    return _run(arm, arena, reflection_lm=Model(arena=arena), **settings)


def _run(arm: str, arena: Arena, **settings: Any) -> Course:
    contest, world = arena.contest, arena.world
    watch = Watch(arena=arena)
    seed = {component.id: component.text for component in world.components}
    result = optimized(
        GepaAdapter(play=arena.tried, record=record),
        seed,
        (world.splits.train, world.splits.validation),
        max_metric_calls=contest.budget,
        callbacks=[watch],
        seed=contest.salt,
        **{**SETTINGS.get(arm, {}), **settings},
    )
    best = dict(result.best_candidate)
    end = Point(rollouts=arena.rollouts, seconds=arena.now, truth=world.truth(best))
    return Course(
        arm=arm,
        contest=contest,
        seed_truth=world.truth(seed),
        oracle_truth=world.truth(world.oracle),
        points=thinned([*watch.points, end]),
        rollouts=arena.rollouts,
        reflections=arena.reflections,
        seconds=arena.now,
        busy=arena.busy,
        candidate=Candidate(texts=best).id,
        estimate=watch.best,
        candidates=len(watch.members),
        pool=named(watch.members),
    )


@dataclass(slots=True)
class OurReflection:
    """Our reflection within gepa: components by blame, lessons along the lineage, one call that edits up to three."""

    arena: Arena
    stage: Stage
    lessons: Lessons = field(default_factory=Lessons)
    _shown: dict[CandidateId, tuple[Example, ...]] = field(default_factory=dict[CandidateId, tuple[Example, ...]])

    def choose(
        self, state: object, seen: list[tuple[Case, Played]], scores: object, index: int, texts: Texts
    ) -> list[str]:
        """Choose the components to offer: gepa's module selector."""
        candidate = Candidate(texts=texts)
        worn = self._worn(candidate)
        examples = tuple(self._example(candidate, case, played, worn) for case, played in seen)
        self._shown[candidate.id] = examples
        self.lessons.learn(candidate, evidence.lessons(examples, 1.0), self.arena.reflections)
        blames = evidence.total_blame(examples, worn, 1.0)
        known = {each.id: len(self._lessons(candidate, (each.id,))) for each in worn}
        share = 1.0 / max(1, sum(known.values()))
        weights = {each.id: blames.get(each.id, 0.0) + share * known[each.id] for each in worn}
        blamed = sorted((id for id in weights if weights[id] > 0), key=lambda id: -weights[id])
        return (blamed or list(weights))[:_OFFERED]

    def propose(self, candidate: Texts, reflective_dataset: object, components_to_update: list[str]) -> Texts:
        """Return new texts: gepa's custom proposer."""
        parent = Candidate(texts=dict(candidate))
        worn = {each.id: each for each in self._worn(parent)}
        context = ReflectionContext(
            attempt=self.arena.reflections + 1,
            parent=parent,
            components=tuple(worn[id] for id in components_to_update),
            examples=self._shown[parent.id],
            lessons=self._lessons(parent, components_to_update),
            others=tuple(each for each in worn.values() if each.id not in components_to_update),
            most_edits=_EDITED,
        )
        self.arena.reflections += 1
        answer, seconds = run_virtual(self._ask(context))
        self.arena.now += seconds
        if not isinstance(answer, Proposal):
            return {}
        self.lessons.learn(parent, answer.lessons, context.attempt)
        self.lessons.address(answer.apply(parent), parent, answer.edits)
        return dict(answer.edits)

    def _lessons(self, candidate: Candidate, components: Sequence[ComponentId]) -> tuple[Lesson, ...]:
        now = self.arena.reflections
        return self.lessons.about(candidate, components, solved=lambda case, by: False, now=now)

    async def _ask(self, context: ReflectionContext) -> tuple[object, float]:
        reflection = await self.stage.reflector.reflect(context)
        return reflection.result, anyio.current_time()

    def _worn(self, candidate: Candidate) -> tuple[Component, ...]:
        return tuple(replace(each, text=candidate.texts[each.id]) for each in self.stage.problem.components)

    def _example(self, candidate: Candidate, case: Case, played: Played, worn: Sequence[Component]) -> Example:
        score = Score(value=played.score, feedback=played.feedback, blame=played.blame)
        rollout = Rollout(
            number=self.arena.rollouts,
            key=RolloutKey(candidate=candidate.id, case=case.id),
            purpose=Purpose.MINIBATCH,
            score=score,
            trace_id=played.trace.id,
        )
        observed = Observed(rollout=rollout, trace=played.trace, output=played.output)
        weights: Mapping[ComponentId, float] = evidence.blamed(observed, worn)
        blamed = tuple(sorted(weights, key=lambda id: (-weights[id], id))[:_OFFERED])
        return Example(case=case, observed=observed, blamed=blamed)


def run_gepa_with_our_reflection(arm: str, contest: Contest) -> Course:
    """Let gepa take part with our reflection."""
    world = contest.world()
    arena = Arena(contest=contest, world=world)
    ours = OurReflection(arena=arena, stage=Stage(world, latency=Latency()))
    return _run(arm, arena, module_selector=ours.choose, custom_candidate_proposer=ours.propose)
