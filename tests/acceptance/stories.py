"""What a run decided and measured, without when and at what cost: equal for runs that must not differ."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from spanwright.core.events import (
    Event,
    Paced,
    ReflectionEnded,
    RolloutEnded,
    RolloutStarted,
    RunEnded,
    RunResumed,
    RunStarted,
)
from spanwright.core.rollout import RolloutKey
from spanwright.core.usage import Usage


@dataclass(frozen=True, kw_only=True)
class Story:
    """The course of a run."""

    decisions: tuple[Event, ...]
    """Attempts, reflections, verdicts, finalists, the winner; in order."""
    launched: tuple[RolloutKey, ...]
    """The rollouts in the order of their launch."""
    scores: Mapping[RolloutKey, float | None]


def story(events: Iterable[Event]) -> Story:
    """Return the course of a run."""
    decisions: list[Event] = []
    launched: list[RolloutKey] = []
    scores: dict[RolloutKey, float | None] = {}
    for event in events:
        if isinstance(event, RolloutStarted):
            launched.append(event.key)
        elif isinstance(event, RolloutEnded):
            score = event.rollout.score
            scores[event.rollout.key] = None if score is None else score.value
        elif not isinstance(event, RunStarted | RunResumed | Paced):
            decisions.append(timeless(event))
    return Story(decisions=tuple(decisions), launched=tuple(launched), scores=scores)


def timeless(event: Event) -> Event:
    """Return an event as if it took no time, cost nothing and left no trace."""
    match event:
        case ReflectionEnded():
            return replace(event, at=0.0, usage=Usage(), trace_id="")
        case RunEnded():
            return replace(event, at=0.0, usage=Usage())
        case RolloutEnded():
            raise AssertionError("a rollout is told by its score")
        case _:
            return replace(event, at=0.0)
