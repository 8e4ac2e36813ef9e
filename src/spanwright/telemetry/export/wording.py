"""What the spans of a run's story say: the fields of its events as attributes, each under one name everywhere.

Tokens stand under names of ours. Those of OpenTelemetry are on the model calls' spans, and a backend adds them up.
"""

from collections.abc import Iterator

from spanwright.core.events import (
    Abandoned,
    AttemptStarted,
    Judged,
    ReflectionEnded,
    ReflectionStarted,
    Refused,
    RunEnded,
    RunStarted,
)
from spanwright.core.proposal import Proposal, Refusal
from spanwright.core.rollout import Failure, Rollout
from spanwright.core.trace import Attribute
from spanwright.core.usage import Usage
from spanwright.telemetry.excerpt import excerpt
from spanwright.telemetry.export.told import Evaluated
from spanwright.telemetry.names import COMPONENTS, PREFIX, ROLLOUT

_LONGEST = 4_096
"""Characters of a feedback, a rationale or an error: a backend shows them in a column."""
_SCORE = "score"
_FAILED = "failed"


def of_run(run: RunStarted, ended: RunEnded | None) -> dict[str, Attribute]:
    """Return what a run is about and what it came to."""
    told: dict[str, Attribute] = {
        f"{PREFIX}policy": run.policy,
        f"{PREFIX}seed": run.seed.id,
        COMPONENTS: tuple(component.id for component in run.components),
        f"{PREFIX}complete": ended is not None,
    }
    if ended is not None:
        told |= {f"{PREFIX}winner": ended.winner, f"{PREFIX}stop_reason": ended.reason.value}
    return told


def of_rollout(rollout: Rollout) -> dict[str, Attribute]:
    """Return what was tried, and the score."""
    told: dict[str, Attribute] = {
        ROLLOUT: str(rollout.number),  # a text as in the baggage, where everything is one
        f"{PREFIX}case": rollout.key.case,
        f"{PREFIX}repeat": rollout.key.repeat,
        f"{PREFIX}purpose": rollout.purpose.value,
    }
    if rollout.attempt is not None:
        told[f"{PREFIX}attempt"] = rollout.attempt
    if rollout.score is not None:
        told[f"{PREFIX}score"] = float(rollout.score.value)
    if rollout.failure is not None:
        told |= {"error.type": rollout.failure.boundary, f"{PREFIX}blame": rollout.failure.blame.value}
    return told | of_usage(rollout.usage)


def of_reflection(ended: ReflectionEnded, begun: ReflectionStarted | None) -> dict[str, Attribute]:
    """Return what a reflection was asked about, what it answered and what it cost."""
    told: dict[str, Attribute] = {f"{PREFIX}attempt": ended.attempt}
    if begun is not None:
        told[COMPONENTS] = begun.components
    if isinstance(ended.result, Proposal):
        told |= _of_proposal(ended.result)
    else:
        told["error.type"] = ended.result.reason.value
    return told | of_usage(ended.usage)


def of_attempt(event: Judged | Refused | Abandoned, begun: AttemptStarted | None) -> dict[str, Attribute]:
    """Return what an attempt began with and how it ended."""
    told: dict[str, Attribute] = {f"{PREFIX}attempt": event.attempt, f"{PREFIX}outcome": event.kind}
    if begun is not None:
        told |= {f"{PREFIX}parent": begun.parent, f"{PREFIX}cases": begun.cases}
    match event:
        case Judged():
            told |= {f"{PREFIX}child": event.child.id, **_of_proposal(event.proposal)}
            told |= {f"{PREFIX}admitted": event.verdict.accepted, f"{PREFIX}reason": event.verdict.reason}
        case Refused():
            told |= {f"{PREFIX}admitted": False, f"{PREFIX}reason": event.refusal.reason.value}
        case Abandoned():
            told |= {f"{PREFIX}admitted": False, f"{PREFIX}reason": event.reason}
    return told


def of_usage(usage: Usage) -> dict[str, Attribute]:
    """Return what something cost."""
    told: dict[str, Attribute] = {
        f"{PREFIX}requests": usage.requests,
        f"{PREFIX}input_tokens": usage.input_tokens,
        f"{PREFIX}output_tokens": usage.output_tokens,
    }
    return {**told, f"{PREFIX}usd": usage.usd} if usage.usd else told


def evaluations(rollout: Rollout) -> tuple[Evaluated, ...]:
    """Return the score, and the figure of each evaluator where there are several."""
    return tuple(_evaluations(rollout))


def failed(failure: Failure | None) -> str:
    """Return why a rollout failed; empty where it did not."""
    return "" if failure is None else excerpt(f"{failure.boundary}: {failure.message}", _LONGEST)


def refused(refusal: Refusal) -> str:
    """Return why an answer was not used."""
    return excerpt(f"{refusal.reason.value}: {refusal.detail}" if refusal.detail else refusal.reason.value, _LONGEST)


def _evaluations(rollout: Rollout) -> Iterator[Evaluated]:
    score = rollout.score
    if score is None:
        return
    label = _FAILED if rollout.failure is not None else ""
    feedback = excerpt(score.feedback, _LONGEST)
    yield Evaluated(name=_SCORE, value=score.value, label=label, explanation=feedback)
    alone = len(score.objectives) == 1
    for name, value in score.objectives.items():
        if name != _SCORE and not (alone and value == score.value):
            yield Evaluated(name=name, value=value, label=label)


def _of_proposal(proposal: Proposal) -> dict[str, Attribute]:
    told: dict[str, Attribute] = {
        f"{PREFIX}edited": tuple(sorted(proposal.edits)),
        f"{PREFIX}origin": proposal.origin.value,
    }
    words = {f"{PREFIX}diagnosis": proposal.diagnosis, f"{PREFIX}rationale": proposal.rationale}
    return {**told, **{key: excerpt(text, _LONGEST) for key, text in words.items() if text}}
