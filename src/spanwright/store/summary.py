"""A run in one line: a fold over its few marks (start, resumptions, ends) and the counts of its many other events."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from spanwright.core.events import Event, RolloutEnded, RunEnded, RunResumed, RunStarted, SearchEnded
from spanwright.store.contract import RunSummary, Status

MARKS = ("run_started", "run_resumed", "search_ended", "run_ended")
"""The kinds of events that a summary reads; of the others it needs the number only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What is counted rather than read."""

    counts: Mapping[str, int]
    """Events by kind."""
    admitted: int
    latest: float


def time_of(event: Event) -> float:
    """Return when an event happened."""
    return event.rollout.ended if isinstance(event, RolloutEnded) else event.at


def summarize(marks: Iterable[Event], tally: Tally, *, running: bool) -> RunSummary | None:
    """Return the summary of a run, or None for one that has no first event yet."""
    summary: RunSummary | None = None
    for event in marks:
        match event:
            case RunStarted():
                summary = _begun(event, tally)
            case RunResumed() if summary:
                summary = _resumed(summary, event)
            case SearchEnded() if summary:
                summary = replace(summary, reason=event.reason)
            case RunEnded() if summary:
                ended = replace(summary, status=Status.ENDED, reason=event.reason)
                summary = replace(ended, winner=event.winner, usage=event.usage)
            case _:
                pass
    if summary and running and summary.status is Status.PAUSED:
        return replace(summary, status=Status.RUNNING)
    return summary


def _begun(event: RunStarted, tally: Tally) -> RunSummary:
    return RunSummary(
        name=event.run,
        status=Status.PAUSED,
        reason=None,
        started=event.at,
        latest=tally.latest,
        resumed=0,
        rollouts=tally.counts.get("rollout_started", 0),
        reflections=tally.counts.get("reflection_started", 0),
        admitted=tally.admitted,
        policy=event.policy,
        budget=event.budget,
        seed=event.seed.id,
        winner=None,
        usage=None,
    )


def _resumed(summary: RunSummary, event: RunResumed) -> RunSummary:
    going_on = replace(summary, resumed=summary.resumed + 1, budget=event.budget)
    return replace(going_on, status=Status.PAUSED, reason=None, winner=None, usage=None)
