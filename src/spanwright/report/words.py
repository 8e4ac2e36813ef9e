"""What happened, in words: one short line for an event that a person wants to hear of."""

from collections.abc import Sequence

from spanwright.core.candidate import Candidate, ComponentId
from spanwright.core.events import (
    Abandoned,
    Event,
    Judged,
    Narrowed,
    Refused,
    RolloutEnded,
    RunEnded,
    RunResumed,
    RunStarted,
    SearchEnded,
)
from spanwright.core.rollout import Blame, Rollout
from spanwright.report import figures

_NAMED = 3
"""Components that are named before the rest is counted."""
_LONGEST_LINE = 160


def told(event: Event) -> str | None:
    """Return an event in words, None for one of which there are too many to tell."""
    said: str | None = None
    match event:
        case RunStarted():
            said = f"run {event.run}: measuring the seed on {figures.number(len(event.validation), 'validation case')}"
        case RunResumed():
            said = "resumed"
        case Judged():
            fate = "admitted" if event.verdict.accepted else f"turned down: {event.verdict.reason}"
            said = f"attempt {event.attempt} changed {listed(sorted(event.proposal.edits))}; {fate}"
        case Refused():
            said = f"attempt {event.attempt}: the answer was refused, {event.refusal.reason.value}"
        case Abandoned():
            said = f"attempt {event.attempt}: {event.reason}"
        case SearchEnded():
            said = f"the search ended ({event.reason.value}): {figures.number(len(event.finalists), 'finalist')}"
        case Narrowed():
            said = f"{figures.number(len(event.finalists), 'finalist')} left to be measured further"
        case RunEnded():
            said = "done"
        case RolloutEnded():
            said = _failed(event.rollout)
        case _:
            pass
    return said


def accepted_edit(event: Judged, parent: Candidate) -> str:
    """Return an edit that was admitted in one line: which texts, and the first line that is new."""
    edits = event.proposal.edits
    first = min(edits, default="")
    before = parent.texts.get(first, "").splitlines()
    fresh = [line for line in edits.get(first, "").splitlines() if line.strip() and line not in before]
    said = f': "{" ".join(fresh[0].split())[:_LONGEST_LINE]}"' if fresh else ""
    return f"attempt {event.attempt} changed {listed(sorted(edits))}{said}"


def listed(components: Sequence[ComponentId]) -> str:
    """Return some components by name and the rest by number."""
    named = ", ".join(components[:_NAMED]) or "nothing"
    return named if len(components) <= _NAMED else f"{named} and {len(components) - _NAMED} more"


def _failed(rollout: Rollout) -> str | None:
    """Tell of what the world or the user's code did to a rollout; a candidate's failures are the daily bread."""
    failure = rollout.failure
    if failure is None or failure.blame is Blame.CANDIDATE:
        return None
    return f"rollout {rollout.number}: {failure.boundary}: {' '.join(failure.message.split())[:120]}"
