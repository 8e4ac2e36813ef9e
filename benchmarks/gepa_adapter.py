"""gepa 0.1.4 behind its public API: the adapter that all comparisons with it use, whatever is compared.

gepa is imported when this module is, and installed for benchmarks and for `make test-gepa` only.
"""

import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from spanwright.core.case import Case

gepa: Any = importlib.import_module("gepa")  # untyped for us

Texts = dict[str, str]

_SWALLOWED = re.compile(r"(?:Iteration \d+: )?(?:Exception|Batched reflection failed|Per-task reflection failed)")
"""How gepa begins to tell of an exception that it goes on without."""


class Tried(Protocol):
    """What came of trying texts on a case."""

    @property
    def output(self) -> object:
        """What the agent answered."""
        ...

    @property
    def score(self) -> float:
        """How good that is."""
        ...


Shown = TypeVar("Shown", bound=Tried)


@dataclass(slots=True)
class GepaAdapter(Generic[Shown]):
    """What gepa calls to try candidates, and to learn what a reflector may see."""

    play: Callable[[Sequence[tuple[Texts, Case]]], Sequence[Shown]]
    """Tries texts on cases, all of them side by side."""
    record: Callable[[str, Case, Shown], Mapping[str, object]]
    """Tells a component's reflector what came of a case."""
    propose_new_texts: None = None

    def evaluate(
        self,
        batch: list[Case],
        candidate: Texts,
        capture_traces: bool = False,  # noqa: FBT001, FBT002  (gepa's protocol)
    ) -> Any:
        """Try a candidate on cases."""
        return self.batch_evaluate([(candidate, batch)])[0]

    def batch_evaluate(self, items: list[tuple[Texts, list[Case]]]) -> list[Any]:
        """Try several candidates, all rollouts side by side. Trajectories are always told: gepa takes them or not."""
        tried = iter(self.play([(texts, case) for texts, cases in items for case in cases]))
        return [self._batch([(case, next(tried)) for case in cases]) for _, cases in items]

    def make_reflective_dataset(
        self, candidate: Texts, eval_batch: Any, components_to_update: list[str]
    ) -> Mapping[str, Sequence[Mapping[str, object]]]:
        """Return what the reflection model is shown."""
        seen: list[tuple[Case, Shown]] = eval_batch.trajectories or []
        return {id: [dict(self.record(id, case, shown)) for case, shown in seen] for id in components_to_update}

    def _batch(self, tried: Sequence[tuple[Case, Shown]]) -> Any:
        return gepa.EvaluationBatch(
            outputs=[shown.output for _, shown in tried],
            scores=[shown.score for _, shown in tried],
            trajectories=list(tried),
        )


def optimized(
    adapter: GepaAdapter[Any], texts: Mapping[str, str], splits: tuple[Sequence[Case], Sequence[Case]], **options: Any
) -> Any:
    """Let gepa optimize texts on cases to train and to validate on, and return its result."""
    train, validation = splits
    return gepa.optimize(
        seed_candidate=dict(texts),
        trainset=list(train),
        valset=list(validation),
        adapter=adapter,
        logger=Silent(),
        display_progress_bar=False,
        **options,
    )


class Silent:
    """gepa's logger, switched off, but for what it swallows: an error of an adapter must not pass for a weak result."""

    def log(self, message: str) -> None:
        """Say nothing. Raises RuntimeError where gepa reports an exception."""
        if _SWALLOWED.match(message):
            raise RuntimeError(message)
