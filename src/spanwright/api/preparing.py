"""From what the caller hands over to a Problem with a budget: everything that can be refused is refused here.

Nothing in here asks a model: what is wrong is said before money is spent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from pydantic_ai.models import Model

from spanwright.api.budgeting import budgeted, searching, unpriced_goals
from spanwright.api.options import EvidenceFrom
from spanwright.api.reflecting import demonstrating, dividing, on_many, reflector_of
from spanwright.api.sameness import of_evidence, of_guards, of_objective, of_subject, of_tools, of_values
from spanwright.api.wishes import Given, Wishes
from spanwright.core.candidate import Candidate, Component
from spanwright.core.case import Splits
from spanwright.core.protocols import Recorder
from spanwright.core.runs import own_runs
from spanwright.core.usage import Budget
from spanwright.engine import Problem
from spanwright.models import resolve
from spanwright.search import Choosing, Policy, for_texts
from spanwright.store import of_cases, of_evaluators
from spanwright.subject import (
    DepsFor,
    Objective,
    Scoring,
    Wearable,
    chosen,
    eval_set,
    is_added,
    subject_of,
    wearable_of,
)
from spanwright.telemetry.given import as_text

if TYPE_CHECKING:
    from spanwright.mining import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Everything that is known before the first call."""

    problem: Problem
    policy: Policy
    budget: Budget
    models: Mapping[str, Model]
    """The models that will be asked, by what they are for."""
    wearables: tuple[Wearable, ...]
    remarks: tuple[str, ...]


async def prepare(given: Given, wishes: Wishes, recorder: Recorder) -> Prepared:
    """Turn the caller's objects into a Problem. Raises UsageError for what cannot work."""
    subject, evals, deps = given
    cases = eval_set(evals)
    meeting = subject_of(subject, cast("DepsFor | None", deps), cases.theirs)
    agents = meeting.agents
    played = {agent.name: wishes.model or agent.model for agent in agents}
    models = {f"agent {name}": resolve(model) for name, model in played.items() if model is not None}
    reflector, reflecting = reflector_of(wishes, models)
    scoring = Scoring(cases, wishes.objective)
    asked = {**models, **reflecting, **{f"judge {name}": model for name, model in scoring.models.items()}}
    async with recorder.recording({}):  # so that the preview's spans are withheld from the user's exporters
        discovered = tuple(await meeting.components())
    wearables = tuple(wearable for agent in agents if (wearable := wearable_of(agent)) is not None)
    asked |= {
        f"agent {each.agent} as {name}": model
        for each in wearables
        if each.choices is not None
        for name, model in each.choices.models.items()
    }
    worn = {id: text for wearable in wearables if wearable.base for id, text in wearable.base.texts.items()}
    found = chosen([_crowned(component, worn) for component in discovered], wishes.components)
    policy = _choosing(
        for_texts(_fit_for(wishes.policy, wishes.objective), found, searching(wishes, cases.splits)), found
    ).wanting(cases.goals)
    budget = budgeted(wishes, cases.splits, policy, asked)
    evidence = _evidence(wishes.evidence, cases.splits, found)
    unpriced = unpriced_goals(cases.goals, models, wishes.prices)
    problem = Problem(
        subject=meeting,
        evaluator=scoring,
        reflector=demonstrating(dividing(reflector, policy) if reflecting else reflector, found),
        splits=cases.splits,
        seed=Candidate(texts={component.id: component.text for component in found}),
        components=found,
        objective=scoring.description,
        fingerprints={
            **of_cases(tuple(cases.splits)),
            **of_evaluators(scoring.evaluators),
            **of_subject(meeting, discovered, found),
            **of_tools(wearables),
            **of_guards(found),
            **of_values(found),
            "objective": of_objective(wishes.objective),
            "policy": policy.fingerprint,
            **of_evidence(evidence),
            **({"goals": ", ".join(goal.words for goal in cases.goals)} if cases.goals else {}),
        },
        goals=cases.goals,
        recorded=evidence.recorded if evidence else (),
        own=_own(cases.splits, found),
    )
    return Prepared(
        problem=problem,
        policy=policy,
        budget=budget,
        models=asked,
        wearables=wearables,
        remarks=(
            *cases.remarks,
            *unpriced,
            *(evidence.remarks if evidence else ()),
            *on_many(policy, found),
            *_misfits(worn, discovered),
            *_on_tools(wearables),
        ),
    )


def _crowned(component: Component, worn: Mapping[str, str]) -> Component:
    """Return a component with the text of the champion that its agent wears: a search starts from there."""
    return replace(component, text=worn.get(component.id, component.text))


def _evidence(given: EvidenceFrom | None, splits: Splits, components: Sequence[Component]) -> "Evidence | None":
    """Return what the recorded traces have to say about the components. Raises UsageError where that is nothing."""
    if given is None:
        return None
    from spanwright.mining import evidence_of  # noqa: PLC0415  (it brings detectors along that few runs need)

    return evidence_of(given, components, (*splits.validation, *splits.test))


def _misfits(worn: Mapping[str, str], discovered: Sequence[Component]) -> Sequence[str]:
    """Return a remark where a champion has texts that go nowhere."""
    found = {component.id for component in discovered}
    lost = ", ".join(sorted(id for id in worn if id not in found and not is_added(id)))
    return (f"the champion has texts for components that are no longer there: {lost}",) if lost else ()


def _on_tools(wearables: Sequence[Wearable]) -> Sequence[str]:
    """Return what the rules for tools have to say, once for agents that share them."""
    return tuple(remark for rules in {each.rules: None for each in wearables} if rules for remark in rules.remarks)


def _own(splits: Splits, components: Sequence[Component]) -> Mapping[str, str]:
    """Return what no text may repeat of a training or validation case; nothing where no guard is there to forbid it."""
    if all(component.guard is None or component.guard.copies for component in components):
        return {}
    cases = (*splits.train, *splits.validation)
    return own_runs((case.id, f"{as_text(case.inputs)}\n\n{as_text(case.expected)}") for case in cases)


def _fit_for(policy: Policy, objective: Objective | None) -> Policy:
    """Return the policy for an objective: of a scale of the user's own, nobody knows that 1 is the best score."""
    return policy if objective is None or policy.perfect != 1.0 else replace(policy, perfect=None)


def _choosing(policy: Policy, components: Sequence[Component]) -> Policy:
    """Return the policy for components of a few values: no reflector is shown them, so they are drafted."""
    if not any(component.values for component in components) or isinstance(policy.draft_rule, Choosing):
        return policy
    return replace(policy, draft_rule=Choosing(otherwise=policy.draft_rule))
