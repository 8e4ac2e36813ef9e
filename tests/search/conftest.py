"""A story: the events of a run, told one by one to a pool."""

import pytest

from spanwright.core.candidate import Candidate, Component, Kind
from spanwright.core.events import (
    Abandoned,
    AttemptStarted,
    Judged,
    Narrowed,
    ReflectionEnded,
    ReflectionStarted,
    Refused,
    RolloutEnded,
    RolloutStarted,
    RunResumed,
    RunStarted,
    SearchEnded,
    StopReason,
)
from spanwright.core.measured import Measured
from spanwright.core.proposal import Lesson, Origin, Proposal, Refusal, RefusalReason, Verdict
from spanwright.core.rollout import Purpose, Rollout, RolloutKey
from spanwright.core.score import Score
from spanwright.core.usage import Budget, Usage
from spanwright.search import Pool


class Story:
    """Tells events to `pool` and keeps them in `events`."""

    def __init__(self, *, train=6, validation=12, test=4, components=4, rollouts=1000, goals=()):
        self.pool = Pool()
        self.events = []
        self.candidates = {}
        names = [f"agent/{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"[:components]]
        seed = Candidate(texts=dict.fromkeys(names, "seed"))
        self.seed = seed.id
        self.candidates[seed.id] = seed
        self.tell(
            RunStarted(
                run="story",
                at=0.0,
                seed=seed,
                components=tuple(Component(id=n, kind=Kind.TOOL, agent="agent", text="seed") for n in names),
                budget=Budget(rollouts=rollouts),
                policy="default",
                train=tuple(f"t{n}" for n in range(train)),
                validation=tuple(f"v{n}" for n in range(validation)),
                test=tuple(f"x{n}" for n in range(test)),
                goals=tuple(goals),
            )
        )

    @property
    def view(self):
        return self.pool.view

    def tell(self, event):
        self.events.append(event)
        self.pool.apply(event)

    def launch(self, candidate, case, purpose=Purpose.VALIDATION, attempt=None):
        key = RolloutKey(candidate=candidate, case=case, repeat=self.view.next_repeat(candidate, case))
        started = RolloutStarted(number=self.view.next_number, key=key, purpose=purpose, attempt=attempt, at=1.0)
        self.tell(started)
        return started

    def land(self, started, score, cost=None):
        self.tell(
            RolloutEnded(
                rollout=Rollout(
                    number=started.number,
                    key=started.key,
                    purpose=started.purpose,
                    attempt=started.attempt,
                    score=None if score is None else Score(value=score),
                    usage=Usage(rollouts=1, requests=2),
                    measured=Measured(cost=cost),
                )
            )
        )

    def rollout(self, candidate, case, score, purpose=Purpose.VALIDATION, attempt=None, cost=None):
        self.land(self.launch(candidate, case, purpose, attempt), score, cost)

    def validate(self, candidate, scores, costs=None):
        """Measure a candidate: `scores` and `costs` stand for the cases v0, v1, ..."""
        for n, score in enumerate(scores):
            if score is not None:
                self.rollout(candidate, f"v{n}", score, cost=None if costs is None else costs[n])

    def attempt(self, parent, cases=("t0", "t1", "t2")):
        number = self.view.next_attempt
        self.tell(AttemptStarted(attempt=number, parent=parent, cases=tuple(cases), at=2.0))
        return number

    def reflect(self, attempt, components=("agent/a",)):
        self.tell(ReflectionStarted(attempt=attempt, components=tuple(components), at=3.0))

    def answer(self, attempt, result):
        self.tell(ReflectionEnded(attempt=attempt, result=result, usage=Usage(reflections=1, requests=1), at=4.0))

    def judge(self, attempt, parent, edits, *, accepted=True, lessons=()):
        child = self.candidates[parent].edited(edits)
        self.candidates[child.id] = child
        proposal = Proposal(parents=(parent,), edits=edits, lessons=tuple(lessons), origin=Origin.REFLECTION)
        verdict = Verdict(accepted=accepted, reason="because")
        self.tell(Judged(attempt=attempt, proposal=proposal, child=child, verdict=verdict, at=5.0))
        return child.id

    def child(self, parent, text, *, components=("agent/a",), lessons=(), accepted=True):
        """Tell a whole attempt that leads to a child whose `components` read `text`."""
        attempt = self.attempt(parent)
        self.reflect(attempt, components)
        return self.judge(attempt, parent, dict.fromkeys(components, text), lessons=lessons, accepted=accepted)

    def refuse(self, attempt, parent, reason=RefusalReason.MALFORMED, detail=""):
        self.tell(Refused(attempt=attempt, parent=parent, refusal=Refusal(reason=reason, detail=detail), at=5.0))

    def abandon(self, attempt, parent, *, perfect=False):
        self.tell(Abandoned(attempt=attempt, parent=parent, reason="so", perfect=perfect, at=5.0))

    def resume(self):
        self.budget(2000)

    def budget(self, rollouts):
        """Resume with another budget."""
        self.tell(RunResumed(at=9.0, budget=Budget(rollouts=rollouts)))

    def narrow(self, finalists):
        self.tell(Narrowed(finalists=tuple(finalists), at=8.5))

    def end_search(self, finalists, reason=StopReason.BUDGET):
        self.tell(SearchEnded(reason=reason, finalists=tuple(finalists), at=8.0))


@pytest.fixture
def story():
    return Story()


@pytest.fixture(scope="session")
def told():
    """Make a story of one's own size."""
    return Story


def snapshot(view):
    """All that a view answers, as a value that can be compared."""
    members = list(view.members)
    cases = [*view.train, *view.validation]
    names = [component.id for component in view.components]
    return {
        "members": members,
        "records": [view.member(each) for each in members],
        "incumbent": view.incumbent,
        "estimates": view.estimates.tobytes(),
        "owns": view.owns.tolist(),
        "wins": view.wins.tolist(),
        "fronts": view.fronts.tolist(),
        "cells": [view.cell(each, case) for each in members for case in view.validation],
        "means": [view.mean(each, case) for each in members for case in cases],
        "repeats": [view.next_repeat(each, case) for each in members for case in cases],
        "visits": [view.visits(each, case) for each in members for case in cases],
        "tests": [view.test_scores(each) for each in members],
        "points": view.points.tobytes(),
        "errors": view.errors.tobytes(),
        "excess": view.excess.tobytes(),
        "figures": [view.figures(each, goal.figure) for each in members for goal in view.goals],
        "lessons": [view.lessons(each, names) for each in members],
        "tried": [view.tried(each, names) for each in members],
        "turns": [view.turns(each) for each in members],
        "lost": list(view.lost),
        "open": view.open_attempts,
        "usage": view.usage,
        "spent": view.spent,
        "next": (view.next_attempt, view.next_number),
        "counts": (view.attempts, view.fruitless, view.perfect, view.since_new_incumbent, view.final_rollouts),
        "memory": (view.learnt, view.addressed, view.returned, view.since_better),
        "twins": [view.twin(view.candidate(each)) for each in members],
        "suspicions": [view.suspicions(each, names) for each in members],
    }


@pytest.fixture(scope="session", name="snapshot")
def snapshot_of():
    return snapshot


_PURPOSES = {
    "t": (Purpose.MINIBATCH, Purpose.GATE, Purpose.FINAL),
    "v": (Purpose.VALIDATION, Purpose.FINAL),
    "x": (Purpose.TEST,),
}
_SCORES = (0.0, 0.0, 1.0, 1.0, 0.5, 0.3, None, None)


class RandomStory(Story):
    """A story whose course is told by numbers: whatever they are, it could have happened."""

    def __init__(self, *, test_shift=0.0, goals=()):
        super().__init__(train=4, validation=10, test=2, components=3, goals=goals)
        self.test_shift = test_shift
        self.flying = []
        self.started = []
        self.cases = [*self.view.train, *self.view.validation, "x0", "x1"]
        self.kinds = (self.go, self.go, self.come, self.come, self.begin, self.consult, self.decide, self.give_up)

    def go(self, first, second):
        members, case = self.view.members, self.cases[second % len(self.cases)]
        purposes = _PURPOSES[case[0]]
        attempt = self.started[-1][0] if self.started else None
        self.flying.append(self.launch(members[first % len(members)], case, purposes[first % len(purposes)], attempt))

    def come(self, first, second):
        if self.flying:
            started = self.flying.pop(first % len(self.flying))
            score = _SCORES[second % len(_SCORES)]
            shift = self.test_shift if started.purpose is Purpose.TEST else 0.0
            cost = (first * 7 + second) % 11 / 4 + shift
            self.land(started, None if score is None else score + shift, cost if second % 3 else None)

    def begin(self, first, second):
        parent = self.view.members[second % len(self.view.members)]
        self.started.append((self.attempt(parent, self.view.train[:2]), parent))

    def consult(self, first, second):
        if self.started:
            self.reflect(self.started[first % len(self.started)][0])

    def decide(self, first, second):
        names = [component.id for component in self.view.components]
        attempt, parent = self._ended(first) or (self.attempt(self.seed), self.seed)
        lessons = (Lesson(component=names[second % 3], text=f"lesson {second}", case="t0"),)
        edits = {names[first % 3]: f"text {second}"}
        self.judge(attempt, parent, edits, accepted=second % 4 > 0, lessons=lessons)

    def give_up(self, first, second):
        attempt, parent = self._ended(first) or (self.attempt(self.seed), self.seed)
        if second % 2:
            self.refuse(attempt, parent, list(RefusalReason)[first % len(RefusalReason)])
        else:
            self.abandon(attempt, parent, perfect=bool(first % 2))

    def interrupt(self, first, second):
        if not second % 5:
            self.resume()
            self.flying.clear()

    def _ended(self, first):
        return self.started.pop(first % len(self.started)) if self.started else None


def random_story(steps, *, test_shift=0.0, between=None, goals=()):
    """Tell a story of `steps`, triples of numbers. `between` is called with the view after each step."""
    story = RandomStory(test_shift=test_shift, goals=goals)
    for kind, first, second in steps:
        (*story.kinds, story.interrupt)[kind](first, second)
        if between is not None:
            between(story.view)
    return story


@pytest.fixture(scope="session", name="random_story")
def random_story_of():
    return random_story
