"""Which training cases an attempt looks at."""

from typing import Protocol

from spanwright.core.candidate import CandidateId
from spanwright.search.randomness import shuffled
from spanwright.search.view import PoolView


class MinibatchRule(Protocol):
    """Chooses distinct training cases. Keyed by the attempt's number, so that no order of arrival matters."""

    def __call__(self, view: PoolView, parent: CandidateId, *, attempt: int, size: int, seed: int) -> tuple[str, ...]:
        """Return at most `size` cases of the train split."""
        ...


def batches_in_an_epoch(cases: int, size: int) -> int:
    """Return after how many minibatches each training case was seen."""
    return -(-cases // size) if cases else 0


def epoch_shuffled(view: PoolView, parent: CandidateId, *, attempt: int, size: int, seed: int) -> tuple[str, ...]:
    """Deal the training cases out in a new random order each epoch; the last minibatch is filled up from the first.

    Attempts that are in flight at the same time hold different hands.
    """
    train = [case for case in view.train if case not in view.set_aside] or view.train
    if not train:
        return ()
    size = min(size, len(train))
    epoch, hand = divmod(attempt - 1, batches_in_an_epoch(len(train), size))
    order = shuffled(train, f"{seed}/epoch/{epoch}")
    return tuple(order[(hand * size + place) % len(order)] for place in range(size))
