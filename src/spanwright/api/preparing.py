"""From what the caller hands over to a Problem with a budget: everything that can be refused is refused here.

Nothing in here asks a model: what is wrong is said before money is spent.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from pydantic_ai.agent import AbstractAgent
from pydantic_ai.models import Model
from pydantic_evals import Dataset

from spanwright.api.options import EvidenceFrom
from spanwright.core.candidate import Candidate, Component, Kind
from spanwright.core.case import Splits
from spanwright.core.events import Event, RolloutEnded, RunStarted
from spanwright.core.goal import Goal
from spanwright.core.prices import Price, price_of
from spanwright.core.protocols import Journal, Recorder, Reflector
from spanwright.core.rollout import Blame
from spanwright.core.runs import own_runs
from spanwright.core.usage import Budget
from spanwright.engine import Problem
from spanwright.errors import RunMismatch, UsageError
from spanwright.models import is_priced, resolve
from spanwright.reflection import ModelReflector, WithWorkedExamples
from spanwright.search import Choosing, Policy
from spanwright.store import compare, fingerprint, fingerprint_code, of_cases, of_evaluators
from spanwright.subject import (
    Choice,
    DepsFor,
    Evals,
    Objective,
    PydanticSubject,
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

ROLLOUTS_PER_VALIDATION_CASE = 20
"""The default budget: this many rollouts for each validation case, and the test split for seed and winner."""
ROLLOUTS_PER_REFLECTION = 4
"""The default limit of reflections: one for so many rollouts. A run needs about a third of it."""

Given: TypeAlias = tuple[object, Dataset[Any, Any, Any] | Evals[Any, Any, Any], object]
"""Subject, evals, and what makes the dependencies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the caller asks for beyond the defaults."""

    components: Choice | None
    objective: Objective | None
    reflection: Model | str | Reflector | None
    policy: Policy
    budget: Budget | None
    writer: Callable[[Model], Reflector] = ModelReflector
    """Makes a reflector of the reflection model."""
    evidence: EvidenceFrom | None = None
    prices: Mapping[str, Price] = field(default_factory=dict[str, Price])
    model: Model | None = None
    """What all agents ask in place of their own."""


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
    policy = _choosing(_fit_for(wishes.policy, wishes.objective), found).wanting(cases.goals)
    budget = budgeted(wishes, cases.splits, policy, asked)
    evidence = _evidence(wishes.evidence, cases.splits, found)
    unpriced = _unpriced(cases.goals, models, wishes.prices)
    problem = Problem(
        subject=meeting,
        evaluator=scoring,
        reflector=_demonstrating(reflector, found),
        splits=cases.splits,
        seed=Candidate(texts={component.id: component.text for component in found}),
        components=found,
        objective=scoring.description,
        fingerprints={
            **of_cases(tuple(cases.splits)),
            **of_evaluators(scoring.evaluators),
            **_of_subject(meeting, discovered, found),
            **_of_tools(wearables),
            **_of_guards(found),
            **_of_values(found),
            "objective": _of_objective(wishes.objective),
            "policy": policy.fingerprint,
            **_of_evidence(evidence),
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
            *_misfits(worn, discovered),
            *_on_tools(wearables),
        ),
    )


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


def reflector_of(wishes: Wishes, models: Mapping[str, Model]) -> tuple[Reflector, Mapping[str, Model]]:
    """Return who reflects, and the model to be asked for it, if we know it."""
    wish = wishes.reflection
    if wish is not None and not isinstance(wish, str | Model):
        if not callable(getattr(wish, "reflect", None)):
            raise UsageError(
                f"reflection_model={wish!r} cannot reflect", "Pass a model, its name, or an object with `reflect`"
            )
        return wish, {}
    if wish is None:
        if not models:
            raise UsageError("no agent has a model, so there is none to reflect with", "Pass reflection_model=")
        wish = next(iter(models.values()))
    model = resolve(wish)
    return wishes.writer(model), {"reflection": model}


def _crowned(component: Component, worn: Mapping[str, str]) -> Component:
    """Return a component with the text of the champion that its agent wears: a search starts from there."""
    return replace(component, text=worn.get(component.id, component.text))


def _evidence(given: EvidenceFrom | None, splits: Splits, components: Sequence[Component]) -> "Evidence | None":
    """Return what the recorded traces have to say about the components. Raises UsageError where that is nothing."""
    if given is None:
        return None
    from spanwright.mining import evidence_of  # noqa: PLC0415  (it brings detectors along that few runs need)

    return evidence_of(given, components, (*splits.validation, *splits.test))


def _of_evidence(evidence: "Evidence | None") -> Mapping[str, str]:
    """Return the fingerprint of the recorded traces: by their ids, each of which stands for one trace for ever."""
    return {"evidence": fingerprint([each.trace.id for each in evidence.recorded])} if evidence else {}


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


def _of_guards(components: Sequence[Component]) -> Mapping[str, str]:
    guards = [(component.id, repr(component.guard)) for component in components if component.guard is not None]
    return {"guards": fingerprint(guards)} if guards else {}


def _of_values(components: Sequence[Component]) -> Mapping[str, str]:
    listed = [(component.id, component.values) for component in components if component.values]
    return {"values": fingerprint(listed)} if listed else {}


def _of_tools(wearables: Sequence[Wearable]) -> Mapping[str, str]:
    """Return the fingerprints of what tools do in rollouts. More recordings and fakes may be given on resuming."""
    ruled = {each.agent: each.rules.mode for each in wearables if each.rules is not None}
    return {f"tools of {agent}": mode for agent, mode in ruled.items() if mode != "live"}


def _fit_for(policy: Policy, objective: Objective | None) -> Policy:
    """Return the policy for an objective: of a scale of the user's own, nobody knows that 1 is the best score."""
    return policy if objective is None or policy.perfect != 1.0 else replace(policy, perfect=None)


def _demonstrating(reflector: Reflector, components: Sequence[Component]) -> Reflector:
    """Return a reflector that leaves worked examples to those who choose them."""
    asked = any(component.kind is Kind.DEMONSTRATIONS for component in components)
    return WithWorkedExamples(reflector=reflector) if asked else reflector


def _choosing(policy: Policy, components: Sequence[Component]) -> Policy:
    """Return the policy for components of a few values: no reflector is shown them, so they are drafted."""
    if not any(component.values for component in components) or isinstance(policy.draft_rule, Choosing):
        return policy
    return replace(policy, draft_rule=Choosing(otherwise=policy.draft_rule))


def default_budget(splits: Splits) -> Budget:
    """Return what a run may spend where nobody says it."""
    return Budget(rollouts=ROLLOUTS_PER_VALIDATION_CASE * len(splits.validation) + 2 * len(splits.test))


def budgeted(wishes: Wishes, splits: Splits, policy: Policy, models: Mapping[str, Model]) -> Budget:
    """Return the budget with its defaults.

    Raises UsageError for one that is too small for a single attempt, or limits dollars of models without a price.
    """
    given = _budget(wishes.budget, splits, policy)
    check_priced(given, models, wishes.prices)
    return given


def _budget(budget: Budget | None, splits: Splits, policy: Policy) -> Budget:
    test = 2 * len(splits.test)
    given = budget or default_budget(splits)
    if given == Budget():
        raise UsageError(
            "the budget limits nothing", "Set one of rollouts, reflections, requests, tokens, usd, seconds"
        )
    if given.rollouts is None:
        return given
    block = min(policy.block or len(splits.validation), len(splits.validation))
    least = test + 2 * block + policy.minibatch_size * (2 if policy.gated else 1)
    if given.rollouts < least:
        raise UsageError(
            f"a budget of {given.rollouts} rollouts is too small: the test split takes {test} for seed and winner, and"
            f" measuring the seed and one child takes {least - test}",
            f"Give at least {least}, or fewer test cases",
        )
    if given.reflections is None:
        given = replace(given, reflections=max(10, given.rollouts // ROLLOUTS_PER_REFLECTION))
    return given


def _is_priced(model: Model, prices: Mapping[str, Price]) -> bool:
    return price_of(prices, model.system, model.model_name) is not None or is_priced(model)


def check_priced(budget: Budget, models: Mapping[str, Model], prices: Mapping[str, Price]) -> None:
    """Raise UsageError for a limit in dollars, and a model without a price. `models` are by what they are for."""
    if budget.usd is None:
        return
    for purpose, model in models.items():
        if not _is_priced(model, prices):
            raise UsageError(
                f"budget usd={budget.usd} cannot be kept: the price of {model.model_name!r} ({purpose}) is unknown",
                f"Give it, in dollars for a million tokens: Run(prices={{{model.model_name!r}: Price(input=..., "
                "output=...)}); or limit rollouts, requests or tokens instead",
            )


def _unpriced(goals: Sequence[Goal], models: Mapping[str, Model], prices: Mapping[str, Price]) -> Sequence[str]:
    """Return a remark where a goal for the cost cannot be judged."""
    unknown = sorted({model.model_name for model in models.values() if not _is_priced(model, prices)})
    wanted = [goal.words for goal in goals if goal.figure == "cost"]
    if not unknown or not wanted:
        return ()
    what = f"the price of {', '.join(unknown)} is unknown, and so is the cost of rollouts that ask it"
    return (f"{what}: {', '.join(wanted)} cannot be judged by them. Use a goal for tokens instead",)


def _of_subject(
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


def _of_objective(objective: Objective | None) -> str:
    if objective is None:
        return "the mean"
    return objective if isinstance(objective, str) else fingerprint_code(objective)


def _split_ids(splits: Splits) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(case.id for case in part) for part in (splits.train, splits.validation, splits.test))
