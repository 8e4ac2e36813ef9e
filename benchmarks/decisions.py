"""What each decision of a search costs as the pool grows, and what folding an event does.

    python benchmarks/decisions.py [--quick] [--json]

The pool is filled from a made-up history: members with 26 components, a few validation cells of their own, lessons (a
third of them denials), edits that a gate turned down, and a goal beside the score. Times are processor times, because
a shared machine would time its other guests; the median of a decision's turns is told, and the aim is 2 ms.
"""

import argparse
import json
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from random import Random

from spanwright.core.candidate import Candidate, CandidateId, Component, Kind
from spanwright.core.events import (
    AttemptStarted,
    Event,
    Judged,
    ReflectionEnded,
    ReflectionStarted,
    RolloutEnded,
    RolloutStarted,
    RunStarted,
)
from spanwright.core.goal import minimize
from spanwright.core.measured import Measured
from spanwright.core.proposal import Lesson, Proposal, Verdict
from spanwright.core.rollout import Purpose, Rollout, RolloutKey
from spanwright.core.score import Score
from spanwright.core.usage import Budget, Usage
from spanwright.search import (
    Beam,
    EpsilonGreedy,
    FromFront,
    Merge,
    Pareto,
    Plateau,
    Policy,
    Pool,
    PoolView,
    Thompson,
    archived,
    archived_blocks,
    by_objective,
    cartesian,
    covering_front,
    hybrid,
    pareto,
    round_robin,
)
from spanwright.search.fronts import non_dominated

AIM_MS = 2.0
CASES, TRAIN, COMPONENTS = 200, 60, 26
OWN = 16
"""Validation cells that a member measures itself; the others it inherits."""
WORDS = tuple(f"{stem}{ending}" for stem in ("order", "refund", "ticket", "search", "price") for ending in "abcdefgh")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured."""

    pools: tuple[int, ...]
    turns: int


QUICK = Sizes(pools=(100, 500), turns=20)
FULL = Sizes(pools=(100, 1_000, 5_000), turns=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What was measured of one pool."""

    members: int
    cases: int
    decisions_ms: Mapping[str, float]
    fold_us: Mapping[str, float]
    """By the kind of an event, the mean of the last tenth of the history."""

    @property
    def slowest(self) -> str:
        """The decision that takes longest."""
        return max(self.decisions_ms, key=lambda name: self.decisions_ms[name])


class History:
    """Makes up the events of a run, one attempt after the other."""

    def __init__(self) -> None:
        self._drawn = Random(0)
        self._names = tuple(f"support/tool:{place}" for place in range(COMPONENTS))
        self._cases = tuple(f"v{place}" for place in range(CASES))
        self._number = 0

    def events(self, members: int) -> Iterator[Event]:
        """Yield the history until there are so many members."""
        seed = Candidate(texts={name: f"The text of {name}" for name in self._names})
        yield RunStarted(
            run="benchmark",
            at=0.0,
            seed=seed,
            components=tuple(Component(id=n, kind=Kind.TOOL, agent="support", text="") for n in self._names),
            budget=Budget(rollouts=10_000_000),
            policy="default",
            train=tuple(f"t{place}" for place in range(TRAIN)),
            validation=self._cases,
            test=(),
            goals=(minimize("cost"),),
        )
        yield from self._measured(seed, self._cases)
        pool, attempt = [seed], 0
        while len(pool) < members:
            attempt += 1
            parent = self._drawn.choice(pool[-200:] if self._drawn.random() < 0.8 else pool)
            accepted = self._drawn.random() < 0.75
            child = parent.edited(self._edits(attempt))
            yield from self._attempt(attempt, parent, child, accepted=accepted)
            if accepted:
                pool.append(child)
                yield from self._measured(child, self._cases[:8] + tuple(self._drawn.sample(self._cases, OWN - 8)))

    def _edits(self, attempt: int) -> dict[str, str]:
        chosen = self._drawn.sample(self._names, self._drawn.choice((1, 1, 2, 3)))
        return {name: f"Text {attempt} of {name}. Look at {self._drawn.choice(WORDS)}." for name in chosen}

    def _attempt(self, attempt: int, parent: Candidate, child: Candidate, *, accepted: bool) -> Iterator[Event]:
        cases = tuple(f"t{place}" for place in self._drawn.sample(range(TRAIN), 3))
        edits = {name: child.texts[name] for name in child.changes_from(parent)}
        proposal = Proposal(parents=(parent.id,), edits=edits, lessons=tuple(self._lessons(cases)))
        yield AttemptStarted(attempt=attempt, parent=parent.id, cases=cases, at=0.0)
        yield from self._measured(parent, cases, Purpose.MINIBATCH, attempt)
        yield ReflectionStarted(attempt=attempt, components=self._names[:8], at=0.0)
        yield ReflectionEnded(attempt=attempt, result=proposal, usage=Usage(reflections=1), at=0.0)
        verdict = Verdict(accepted=accepted, reason="+0.10 on 3 cases", differences=(0.1, 0.0, 0.0))
        yield Judged(attempt=attempt, proposal=proposal, child=child, verdict=verdict, at=0.0)

    def _lessons(self, cases: Sequence[str]) -> Iterator[Lesson]:
        for place in range(4):
            words = " ".join(self._drawn.sample(WORDS, 6))
            text = f"Do not {words}" if self._drawn.random() < 1 / 3 else f"Do {words}"
            yield Lesson(component=self._drawn.choice(self._names), text=text, case=(*cases, "")[place])

    def _measured(
        self,
        candidate: Candidate,
        cases: Sequence[str],
        purpose: Purpose = Purpose.VALIDATION,
        attempt: int | None = None,
    ) -> Iterator[Event]:
        better = 0.3 * len(candidate.id) / 16 + 0.2 * (int(candidate.id[:4], 16) / 65_536)
        for case in dict.fromkeys(cases):
            self._number += 1
            key = RolloutKey(candidate=candidate.id, case=case, repeat=self._number)
            yield RolloutStarted(number=self._number, key=key, purpose=purpose, attempt=attempt, at=0.0)
            yield RolloutEnded(
                rollout=Rollout(
                    number=self._number,
                    key=key,
                    purpose=purpose,
                    attempt=attempt,
                    score=Score(value=self._drawn.choice((0.0, 0.5, 1.0)) * (0.5 + better)),
                    usage=Usage(rollouts=1, requests=2),
                    measured=Measured(cost=round(self._drawn.random(), 2)),
                )
            )


def decisions_of(view: PoolView) -> Mapping[str, Callable[[int], object]]:
    """Return each decision, to be asked for with the number of its turn."""
    policy = Policy.default().wanting(view.goals)
    plain = Policy.default()
    blames = {component.id: float(place) for place, component in enumerate(view.components[:10])}
    three = tuple(blames)[:3]
    everything = tuple(component.id for component in view.components)
    merge, beam, plateau = Merge(share=1.0, overlap=1), Beam(), Plateau()

    def member(turn: int) -> CandidateId:
        return view.members[(turn * 7_919) % len(view.members)]

    def child(turn: int) -> Candidate:
        return view.candidate(member(turn)).edited({three[0]: f"A text of turn {turn}."})

    parents = {
        "default": plain.parent_rule,
        "with goals": policy.parent_rule,
        "pareto": pareto,
        "top-k": Pareto(top=5),
        "epsilon": EpsilonGreedy(),
        "thompson": Thompson(),
        "beam": beam,
        "from the hybrid front": FromFront(frontier=hybrid),
        "from the archive": FromFront(frontier=archived, pruned=False),
    }
    return {
        **{f"parent: {name}": (lambda turn, rule=rule: rule(view, Random(turn))) for name, rule in parents.items()},
        "front: covering": lambda _: covering_front(view),
        "front: objective": lambda _: by_objective(view),
        "front: hybrid, covering": lambda _: covering_front(view, hybrid(view)),
        "front: cartesian, covering": lambda _: covering_front(view, cartesian(view)),
        "archive": lambda _: non_dominated(view),
        "merge": lambda turn: merge(view, Random(turn)),
        "escape": lambda turn: plateau(view, Random(turn)),
        "minibatch": lambda turn: plain.minibatch(view, member(turn), turn + 1),
        "components: blamed": lambda turn: plain.components(view, member(turn), blames, Random(turn)),
        "components: in turn": lambda turn: round_robin(view, member(turn), blames, Random(turn)),
        "lessons: three texts": lambda turn: plain.lessons(view, member(turn), three),
        "lessons: all texts": lambda turn: plain.lessons(view, member(turn), everything),
        "tried": lambda turn: plain.tried(view, member(turn), three),
        "suspicions": lambda turn: view.suspicions(member(turn), everything),
        "near-duplicate": lambda turn: plain.repeats(view, child(turn)),
        "next_block": lambda turn: plain.next_block(view, member(turn)),
        "next_block: archive": lambda turn: archived_blocks(view, member(turn), block=8, order=view.validation),
        "top_up": lambda _: plain.top_up(view),
        "should_stop": lambda _: plain.should_stop(view),
        "finalists": lambda _: plain.finalists(view),
        "incumbent": lambda _: view.incumbent,
    }


def measure(members: int, turns: int) -> Costs:
    """Fill a pool, and time each decision and each kind of event."""
    pool = Pool()
    events = list(History().events(members))
    last = len(events) * 9 // 10
    for event in events[:last]:
        pool.apply(event)
    spent, count = Counter[str](), Counter[str]()
    for event in events[last:]:
        before = time.thread_time_ns()
        pool.apply(event)
        spent[event.kind] += time.thread_time_ns() - before
        count[event.kind] += 1
    return Costs(
        members=members,
        cases=CASES,
        decisions_ms={name: _median(decide, turns) for name, decide in decisions_of(pool.view).items()},
        fold_us={kind: spent[kind] / count[kind] / 1e3 for kind in spent},
    )


def _median(decide: Callable[[int], object], turns: int) -> float:
    """Return the median milliseconds of a decision; the first one may fill a cache and is left out."""
    decide(0)
    taken: list[int] = []
    for turn in range(1, turns + 1):
        before = time.thread_time_ns()
        decide(turn)
        taken.append(time.thread_time_ns() - before)
    return statistics.median(taken) / 1e6


def table(found: Sequence[Costs]) -> Iterator[str]:
    """Yield the lines for a person."""
    yield "".join((f"{'ms a decision; members:':<30}", *(f"{each.members:>9,}" for each in found)))
    for name in found[0].decisions_ms:
        late = "  over the aim" if found[-1].decisions_ms[name] > AIM_MS else ""
        yield "".join((f"{name:<30}", *(f"{each.decisions_ms[name]:>9.3f}" for each in found), late))
    yield ""
    yield "".join((f"{'us to fold an event':<30}", *(f"{each.members:>9,}" for each in found)))
    for kind in found[0].fold_us:
        yield "".join((f"{kind:<30}", *(f"{each.fold_us.get(kind, float('nan')):>9.1f}" for each in found)))
    yield ""
    slowest = found[-1].slowest
    yield f"slowest with {found[-1].members:,} members: {slowest}, {found[-1].decisions_ms[slowest]:.3f} ms (aim: 2 ms)"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small pools: seconds")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    sizes = QUICK if options.quick else FULL
    found = [measure(members, sizes.turns) for members in sizes.pools]
    print(json.dumps([asdict(each) for each in found]) if options.json else "\n".join(table(found)))


if __name__ == "__main__":
    main()
