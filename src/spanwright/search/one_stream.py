"""gepa's one stream of random numbers, for those who compare runs candidate by candidate.

gepa 0.1 draws parents and shuffles minibatches from a single `random.Random(seed)`, so each draw depends on all that
were made before. Here they are made again from the pool's history: what was drawn depends on who was a member at the
time, and the pool knows that. So a resumed run draws the same. It holds for the ordered schedule, validation on all
cases and no merges; it takes time in proportion to the attempts, which streams keyed by attempt do not.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from spanwright.core.candidate import CandidateId
from spanwright.search.rounds import Rounds
from spanwright.search.view import PoolView

_ONE_BY_ONE = Rounds()


@dataclass(frozen=True, slots=True, kw_only=True)
class OneStreamParent:
    """Draw the parent that gepa draws. `size` is that of the policy's minibatches, and `rounds` are the policy's."""

    seed: int = 0
    size: int = 3
    rounds: Rounds = _ONE_BY_ONE

    def __call__(self, view: PoolView, rng: Random) -> CandidateId:
        return _drawn(view, self.rounds, size=self.size, seed=self.seed)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class OneStreamMinibatch:
    """Deal the minibatch that gepa deals. `rounds` are the policy's.

    Where the training cases do not come out even, gepa fills up an epoch with its very last case, which so stands twice
    in one minibatch. Here it stands there once.
    """

    rounds: Rounds = _ONE_BY_ONE

    def __call__(self, view: PoolView, parent: CandidateId, *, attempt: int, size: int, seed: int) -> tuple[str, ...]:
        return tuple(dict.fromkeys(_drawn(view, self.rounds, size=size, seed=seed)[1]))


one_stream_minibatch = OneStreamMinibatch()
"""Where attempts are made one by one."""


def _drawn(view: PoolView, rounds: Rounds, *, size: int, seed: int) -> tuple[CandidateId, Sequence[str]]:
    """Draw for all attempts so far, and return what the next one gets."""
    stream, cards, size = Random(seed), _Cards(view.train), min(size, len(view.train))
    parent, batch, urns = 0, list[str](), _urns(view, rounds)
    urn: Sequence[int] = ()
    for attempt in range(view.next_attempt):
        number, place = divmod(attempt, rounds.size)
        urn = urn if place else next(urns)
        if place % rounds.proposals == 0:
            parent = stream.choice(urn)
        batch = cards.deal(stream, number, place, size)
    return view.members[parent], batch


class _Cards:
    """gepa's epoch-shuffled sampler."""

    def __init__(self, train: Sequence[str]) -> None:
        self._train = train
        self._dealt: list[str] = []
        self._epoch = -1

    def deal(self, stream: Random, number: int, place: int, size: int) -> Sequence[str]:
        """Return the hand for one place in a round; the next round begins one hand after this one began."""
        start = number * size
        epoch = start // len(self._dealt) if self._dealt else 0
        if epoch > self._epoch:
            self._epoch = epoch
            self._dealt = list(self._train)
            stream.shuffle(self._dealt)
            seen = Counter(self._dealt)
            for _ in range(-len(self._dealt) % size):
                rarest = seen.most_common()[-1][0]
                self._dealt.append(rarest)
                seen[rarest] += 1
        start = (start + place * size) % len(self._dealt)
        return self._dealt[start : start + size]


def _urns(view: PoolView, rounds: Rounds) -> Iterator[Sequence[int]]:
    """Yield for each round, the next one last, the members that gepa draws from, as often as they win a case.

    They stand in the order in which gepa's own sets of small numbers yield them: so those are sets here, too.
    """
    cells = [[view.cell(member, case) or 0.0 for case in view.validation] for member in view.members]
    means = [sum(row) / len(row) for row in cells]
    born = [view.member(member).attempt or 0 for member in view.members]
    best: list[float] = [float("-inf")] * len(view.validation)
    fronts: dict[int, set[int]] = {}
    urn: Sequence[int] = ()
    known = 0
    for attempt in range(1, view.next_attempt + 1, rounds.size):
        newcomers = [member for member in range(known, len(born)) if born[member] < attempt]
        for member in newcomers:
            for case, score in enumerate(cells[member]):
                if score > best[case]:
                    best[case], fronts[case] = score, {member}
                elif score == best[case]:
                    fronts[case].add(member)
        if newcomers:
            known += len(newcomers)
            urn = _urn({case: front.copy() for case, front in fronts.items()}, means)
        yield urn


def _urn(fronts: Mapping[int, set[int]], means: Sequence[float]) -> Sequence[int]:
    wins = Counter(member for front in fronts.values() for member in front)
    worst_first = sorted(wins, key=lambda member: means[member])
    struck: set[int] = set()
    again = True
    while again:
        again = False
        for member in worst_first:
            left = set(worst_first).difference({member}).difference(struck)
            if member not in struck and all(front & left for front in fronts.values() if member in front):
                struck.add(member)
                again = True
                break
    pruned = [{member for member in front if member not in struck} for front in fronts.values()]
    frequencies = Counter(member for front in pruned for member in front)
    return [member for member, wins in frequencies.items() for _ in range(wins)]
