"""What must be equal when a run is resumed: fingerprints of all that it was made with, and how they differ."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic_ai.agent import AbstractAgent

from spanwright.core.candidate import Component
from spanwright.core.case import Splits
from spanwright.core.events import Event, RolloutEnded, RunStarted
from spanwright.core.protocols import Journal
from spanwright.core.rollout import Blame
from spanwright.engine import Problem
from spanwright.errors import RunMismatch
from spanwright.store import compare, fingerprint, fingerprint_code
from spanwright.subject import (
    Objective,
    PydanticSubject,
    Wearable,
)

if TYPE_CHECKING:
    from spanwright.mining import Evidence


def check_same(run: str, journal: Journal, problem: Problem) -> tuple[str, ...]:
    """Refuse to resume a run that was made with something else. Raises RunMismatch.

    Evaluators may have changed in a run that a bug of the user's ended: the user was told to mend them. That they
    have is returned as a remark.
    """
    events = list(journal.events())
    first: Event | None = events[0] if events else None
    if not isinstance(first, RunStarted):
        return ()
    mended = any(_is_users_bug(event) for event in events)
    judging = {key for key in (*first.fingerprints, *problem.fingerprints) if mended and key.startswith("evaluator:")}
    differences = list(compare(_without(first.fingerprints, judging), _without(problem.fingerprints, judging)))
    if first.seed != problem.seed:
        changed = ", ".join(problem.seed.changes_from(first.seed)) or "the set of components"
        differences.append(f"the agent's own texts changed ({changed})")
    if not differences and _split_ids(problem.splits) != (first.train, first.validation, first.test):
        differences.append("the same cases fall into other splits")
    if differences:
        raise RunMismatch(run, differences)
    changes = compare(first.fingerprints, problem.fingerprints)
    return tuple(f"{change} since the run began: what was scored before counts as it was scored" for change in changes)


def _is_users_bug(event: Event) -> bool:
    failure = event.rollout.failure if isinstance(event, RolloutEnded) else None
    return failure is not None and failure.blame is Blame.USER


def _without(fingerprints: Mapping[str, str], keys: Collection[str]) -> Mapping[str, str]:
    return {key: each for key, each in fingerprints.items() if key not in keys}


def of_evidence(evidence: "Evidence | None") -> Mapping[str, str]:
    """Return the fingerprint of the recorded traces: by their ids, each of which stands for one trace for ever."""
    return {"evidence": fingerprint([each.trace.id for each in evidence.recorded])} if evidence else {}


def of_guards(components: Sequence[Component]) -> Mapping[str, str]:
    """Return the fingerprint of what new texts have to keep to; nothing where no text is guarded."""
    guards = [(component.id, repr(component.guard)) for component in components if component.guard is not None]
    return {"guards": fingerprint(guards)} if guards else {}


def of_values(components: Sequence[Component]) -> Mapping[str, str]:
    """Return the fingerprint of what settings may be; nothing where none is searched."""
    listed = [(component.id, component.values) for component in components if component.values]
    return {"values": fingerprint(listed)} if listed else {}


def of_tools(wearables: Sequence[Wearable]) -> Mapping[str, str]:
    """Return the fingerprints of what tools do in rollouts. More recordings and fakes may be given on resuming."""
    ruled = {each.agent: each.rules.mode for each in wearables if each.rules is not None}
    return {f"tools of {agent}": mode for agent, mode in ruled.items() if mode != "live"}


def of_subject(
    subject: PydanticSubject, discovered: Sequence[Component], found: Sequence[Component]
) -> Mapping[str, str]:
    """Return the fingerprints of the agents: models, settings, and the texts that are not evolved."""
    evolved = {component.id for component in found}
    fixed = sorted((each.id, each.text) for each in discovered if each.id not in evolved and not each.dynamic)
    return {
        **subject.fingerprints(),
        **{f"settings of {agent.name}": _of_settings(agent) for agent in subject.agents},
        "components": ", ".join(sorted(evolved)),
        "the agents' other texts": fingerprint(fixed),
    }


def _of_settings(agent: AbstractAgent[Any, Any]) -> str:
    settings: object = getattr(agent, "model_settings", None)
    return fingerprint_code(settings) if callable(settings) else fingerprint(settings)


def of_objective(objective: Objective | None) -> str:
    """Return the fingerprint of what makes one score of several, or its name."""
    if objective is None:
        return "the mean"
    return objective if isinstance(objective, str) else fingerprint_code(objective)


def _split_ids(splits: Splits) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(case.id for case in part) for part in (splits.train, splits.validation, splits.test))
