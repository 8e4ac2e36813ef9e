"""How worlds behave under gepa's rules, beside what was published of gepa on its tasks; and how fast they are.

`python -m spanwright.testing.worlds --calibrate` prints the first, `--speed` the second.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from time import process_time
from typing import Final

import anyio

from spanwright.core.candidate import Candidate, CandidateId
from spanwright.core.case import Case
from spanwright.core.events import Event, Judged, ReflectionEnded, RolloutEnded
from spanwright.core.rollout import Purpose
from spanwright.core.usage import Budget
from spanwright.engine import Conduct, Ended, Engine, Means
from spanwright.search import Policy
from spanwright.store import MemoryStore
from spanwright.testing.virtual import run_virtual
from spanwright.testing.worlds.cases import Sizes
from spanwright.testing.worlds.recounting import record
from spanwright.testing.worlds.staging import Latency, Stage
from spanwright.testing.worlds.world import Played, World

SIZES: Final = Sizes(train=60, validation=100, test=200)
"""Validation sets of gepa's papers have 100 to 300 cases."""

PUBLISHED: Final[Mapping[str, str]] = {
    "accepted": "23-52",
    "validation": "70-97",
    "not better": "24-70",
    "gain": "8-28",
    "depth": "2-5",
    "candidates": "12-28",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What a run on a world came to; shares in per cent, gain in points."""

    seed: float
    oracle: float
    gain: float
    """Of true test score, from the seed to the winner."""
    accepted: float
    """Of the children that were tried, those that passed the gate."""
    validation: float
    """Of the rollouts of the search, those spent on validation."""
    not_better: float
    """Of the accepted children, those whose validation score is not above their parent's."""
    depth: float
    candidates: float
    reflections: float


def course(world: World, rollouts: int, policy: Policy) -> Course:
    """Run an engine on a world, in virtual time."""
    ended, events = run_virtual(_run(world, rollouts, policy))
    judged = [event for event in events if isinstance(event, Judged)]
    accepted = [event for event in judged if event.verdict.accepted]
    parents: dict[CandidateId, CandidateId] = {event.child.id: event.proposal.parents[0] for event in accepted}
    spent = Counter(event.rollout.purpose for event in events if isinstance(event, RolloutEnded))
    search = sum(spent.values()) - spent[Purpose.TEST] - spent[Purpose.FINAL]
    means = _validated(events)
    whole = [child for child in parents if child in means and parents[child] in means]
    seed = world.truth(world.seed_texts)
    return Course(
        seed=100 * seed,
        oracle=100 * world.truth(world.oracle),
        gain=100 * (world.truth(ended.pool.candidate(ended.winner).texts) - seed),
        accepted=100 * len(accepted) / max(1, len(judged)),
        validation=100 * spent[Purpose.VALIDATION] / max(1, search),
        not_better=100 * fmean([means[child] <= means[parents[child]] for child in whole] or [0.0]),
        depth=float(len(_ancestors(ended.winner, parents))),
        candidates=1.0 + len(accepted),
        reflections=float(sum(isinstance(event, ReflectionEnded) for event in events)),
    )


async def _run(world: World, rollouts: int, policy: Policy) -> tuple[Ended, Sequence[Event]]:
    stage = Stage(world, latency=Latency())
    async with MemoryStore().run(world.name) as journal:
        means = Means(journal=journal, recorder=stage.recorder, clock=anyio.current_time)
        # The test split is measured beyond the budget of the search: twice, for the seed and the winner.
        budget = Budget(rollouts=rollouts + 2 * len(world.splits.test))
        ended = await Engine(stage.problem, policy, means, Conduct(run=world.name, budget=budget)).run()
        return ended, tuple(journal.events())


def _validated(events: Sequence[Event]) -> Mapping[CandidateId, float]:
    scores: dict[CandidateId, list[float]] = {}
    for event in events:
        if isinstance(event, RolloutEnded) and event.rollout.purpose is Purpose.VALIDATION:
            score = event.rollout.score
            scores.setdefault(event.rollout.key.candidate, []).append(0.0 if score is None else score.value)
    return {candidate: fmean(values) for candidate, values in scores.items()}


def _ancestors(candidate: CandidateId, parents: Mapping[CandidateId, CandidateId]) -> tuple[CandidateId, ...]:
    found: list[CandidateId] = []
    while candidate in parents:
        candidate = parents[candidate]
        found.append(candidate)
    return tuple(found)


def calibration(worlds: Sequence[World], rollouts: int) -> Course:
    """Return the mean course of runs with gepa's rules."""
    courses = [course(world, rollouts, Policy.gepa(seed=world.seed)) for world in worlds]
    return Course(**{name: fmean(getattr(each, name) for each in courses) for name in Course.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Microseconds of processor time."""

    play: float
    trace: float
    truth: float
    """Of texts that were not read before."""
    reflect: float


def speed(world: World, *, servings: int = 10) -> Speed:
    """Measure a world."""
    cases, texts = world.splits.train, world.seed_texts
    for case in cases:  # what is read once is read before the clock runs
        world.play(texts, case, 0)
    begun = process_time()
    plays = [(case, world.play(texts, case, serving)) for serving in range(1, servings + 1) for case in cases]
    played = process_time()
    for _, each in plays:
        assert each.trace.model_calls, "a trace is built when it is asked for"
    traced = process_time()
    prompts = [_prompt(world, plays[start : start + 3]) for start in range(0, len(plays) - 3, 7)]
    asked = process_time()
    for prompt in prompts:
        world.reflect(prompt, 0)
    reflected = process_time()
    fresh = list(_variants(world))
    read = process_time()
    for each in fresh:
        world.truth(each.texts)
    return Speed(
        play=1e6 * (played - begun) / len(plays),
        trace=1e6 * (traced - played) / len(plays),
        reflect=1e6 * (reflected - asked) / len(prompts),
        truth=1e6 * (process_time() - read) / len(fresh),
    )


def _prompt(world: World, plays: Sequence[tuple[Case, Played]]) -> str:
    """Return a prompt in gepa's manner: one text in a fence, then records."""
    component = world.components[0]
    records = [
        f"# Example {place + 1}\n"
        + "".join(f"## {name}\n{said}\n\n" for name, said in record(component.id, case, played).items())
        for place, (case, played) in enumerate(plays)
    ]
    return f"The instructions:\n```\n{component.text}\n```\n\nExamples:\n```\n{''.join(records)}\n```\nImprove them."


def _variants(world: World) -> Iterator[Candidate]:
    seed = Candidate(texts=world.seed_texts)
    for component in world.components[:10]:
        yield seed.edited({component.id: world.oracle[component.id] + "\nWork carefully."})
