"""`optimize_text`: any text that a function can measure, on the engine, store and budget that agents have."""

import os
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial

from pydantic_ai.models import Model

from spanwright.api.budgeting import budgeted
from spanwright.api.carrying import Circumstances, redaction_of, run_of, search, store_of
from spanwright.api.elsewhere import recipe_of_text
from spanwright.api.options import Run
from spanwright.api.preparing import Prepared
from spanwright.api.refining import goal_with_refiner, on_refining, refining_of
from spanwright.api.reflecting import reflector_of
from spanwright.api.wishes import Wishes
from spanwright.baselines import Baseline
from spanwright.core.candidate import Candidate
from spanwright.core.context import ReflectionContext
from spanwright.core.events import Estimator, Event, Judged, RunStarted
from spanwright.core.proposal import Proposal
from spanwright.core.protocols import Journal, Reflector
from spanwright.core.usage import Budget, Usage
from spanwright.engine import Problem, Stop, unjudged
from spanwright.errors import UsageError, UserBug, WorldFailed
from spanwright.reflection import ModelReflector, compose_draft, composer_of
from spanwright.report import Result
from spanwright.search import Mixed, Policy, PolicySettings
from spanwright.store import Store, fingerprint, of_cases, of_evaluators
from spanwright.subject import (
    Cases,
    Components,
    Evaluate,
    Refiner,
    Seed,
    TextSubject,
    TextTask,
    Trial,
    cases_of,
    chosen,
    parted_streams,
)
from spanwright.telemetry import Exporter, SpanRecorder

_DRAFTS = 3
"""Answers that are asked for until one can be used as the first text."""
_FROM_THE_BEST = 0.75
"""The share of parents that are the best on some case: scores that never vary need no second look."""
_ROLLOUTS_PER_CASE, _LEAST_ROLLOUTS = 20, 100
"""The default budget: so many rollouts for each case to choose by, but no fewer in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What else a caller may say of a run on texts; `optimize_text` documents it."""

    budget: Budget | None = None
    reflection_model: Model | str | Reflector | None = None
    policy: Policy | Baseline | None = None
    store: Store | str | os.PathLike[str] | None = None
    run: str | Run | None = None
    stop: Stop | None = None


async def optimize_text(  # noqa: PLR0913  (a door, like `optimize`)
    seed: Seed,
    evaluate: Evaluate,
    *,
    cases: Cases = None,
    objective: str = "",
    background: str = "",
    trial: Trial | None = None,
    budget: Budget | None = None,
    reflection_model: Model | str | Reflector | None = None,
    policy: Policy | Baseline | None = None,
    store: Store | str | os.PathLike[str] | None = None,
    run: str | Run | None = None,
    stop: Stop | None = None,
) -> Result:
    """Search for a text that `evaluate` scores higher than `seed`, and return what was found.

    `seed` is a text, a mapping of named texts, or None: then the reflection model writes the first one by `objective`
    and `background`. `evaluate(text)` returns a number, a Score or an Evaluated, of any scale, higher is better; with
    cases it is `evaluate(text, case)`. It may be async; it may have a parameter `earlier` for the best results that
    its case had so far. What it raises counts as a failure of the text.

    Without `cases` there is one problem. A sequence or a mapping of cases are problems at hand: they are learnt from
    and chosen by, and the best output of each is in `result.best_of_cases`. `Evals(cases=..., validation=...)` or a
    Dataset is for texts that shall do well on cases that they have not seen.

    `trial` says how texts are tried. The rest is as for `optimize`; a rollout is one call of `evaluate`, and with a
    refiner one more for each rewrite.

    Raises UsageError before anything is spent, UserBug where `evaluate` fails for the seed as well, StoreError.
    """
    task = TextTask(
        seed=seed,
        evaluate=evaluate,
        cases=cases,
        objective=objective,
        background=background,
        trial=trial or Trial(),
    )
    ways = Ways(budget=budget, reflection_model=reflection_model, policy=policy, store=store, run=run, stop=stop)
    return await optimize_task(task, ways)


async def optimize_task(task: TextTask, ways: Ways) -> Result:
    """Do what `optimize_text` does, of a task that is one value. Raises what it raises."""
    how = run_of(ways.run)
    redaction = redaction_of(how)
    with Exporter.recording(how.export, redaction) as exporter:
        prepared, subject, drafter = _prepared(task, ways)
        async with AsyncExitStack() as stack:
            if task.trial.capture:
                stack.enter_context(parted_streams())
            under = Circumstances(
                how=how,
                store=store_of(ways.store),
                stop=ways.stop or Stop(),
                exporter=exporter,
                redaction=redaction,
                traced=False,
                recipe=recipe_of_text(task),
                opening=partial(_opening, subject, drafter if task.seed is None else None),
            )
            return await search(prepared, under)


def _prepared(task: TextTask, ways: Ways) -> tuple[Prepared, TextSubject, Reflector]:
    """Return everything that is known before the first call. Raises UsageError."""
    _check(task, ways)
    if task.seed is None and not (task.objective.strip() or task.background.strip()):
        raise UsageError("there is no seed and no objective, so nobody knows what to write", "Give one of them")
    evals, given, at_hand = cases_of(task.cases, task.trial)
    baseline = ways.policy if isinstance(ways.policy, Baseline) else Baseline(policy=ways.policy or Policy.default())
    policy = _fitted(baseline.policy, len(evals.splits.train), at_hand=at_hand, noisy=task.trial.varies)
    policy = policy.wanting(evals.goals)
    wishes = Wishes(
        components=None,
        objective=None,
        reflection=ways.reflection_model,
        policy=policy,
        budget=ways.budget,
        writer=partial(ModelReflector, composer=composer_of(patches=task.trial.patches)),
        prices=run_of(ways.run).prices,
    )
    reflector, models = reflector_of(wishes, {})
    if task.trial.patches is not None and not models and task.trial.refiner is None:
        raise UsageError(
            f"patches={task.trial.patches} is for a reflection model, and reflection_model= is a reflector of your own",
            "Give that one composer=composer_of(patches=...), or leave patches= out",
        )
    refining, refines = refining_of(task, models.get("reflection"))
    subject = TextSubject(task, given, evals.goals, refining)
    drafter = reflector
    if models:
        drafter = ModelReflector(models["reflection"], composer=compose_draft)
    components = chosen(subject.found, Components("all", guards=task.trial.guards))
    least = max(_LEAST_ROLLOUTS, _ROLLOUTS_PER_CASE * len(evals.splits.validation))
    budget = ways.budget or Budget(rollouts=least + 2 * len(evals.splits.test))
    if budget.rollouts is not None and budget.reflections is None:
        block = min(policy.block or len(evals.splits.validation), len(evals.splits.validation))
        budget = replace(budget, reflections=10 + 2 * budget.rollouts // block)  # half of them may come to nothing
    goal = goal_with_refiner(task)
    models = models if refines is None else {**models, "refiner": refines}
    problem = Problem(
        subject=subject,
        evaluator=unjudged,
        reflector=reflector,
        splits=evals.splits,
        seed=Candidate(texts={each.id: each.text for each in components}),
        components=components,
        objective=goal,
        fingerprints={
            **of_cases(tuple(evals.splits)),
            **of_evaluators((task.evaluate,)),
            **subject.fingerprints(),
            "objective": fingerprint(goal),
            "policy": policy.fingerprint,
        },
        goals=evals.goals,
    )
    prepared = Prepared(
        problem=problem,
        policy=policy,
        budget=budgeted(replace(wishes, budget=budget), evals.splits, policy, models),
        models=models,
        wearables=(),
        remarks=(*evals.remarks, *on_refining(task, budget)),
    )
    return prepared, subject, drafter


def _check(task: TextTask, ways: Ways) -> None:
    """Raise UsageError for an argument of another kind, such as those that gepa takes by the same name."""
    kinds = {
        "objective": (task.objective, str, "a text"),
        "background": (task.background, str, "a text"),
        "trial": (task.trial, Trial, "a Trial"),
        "refiner": (getattr(task.trial, "refiner", None), Refiner | None, "a Refiner"),
        "budget": (ways.budget, Budget | None, "a Budget, Budget(rollouts=100) say"),
        "policy": (ways.policy, Policy | Baseline | None, "a Policy, Policy.default() say"),
    }
    for name, (given, kind, wanted) in kinds.items():
        if not isinstance(given, kind):
            raise UsageError(f"{name}={given!r} is {type(given).__name__}", f"Give {wanted}")


def _fitted(policy: Policy, cases: int, *, at_hand: bool, noisy: bool) -> Policy:
    """Return the policy for texts: of their scale nothing is known, and in code a digit is all the difference.

    Cases at hand are all that a text is for: the best mean over them wins, and no luck has to be told from skill.
    """
    fitted = replace(
        policy,
        exact=not noisy,
        near_duplicates=True,
        perfect=None if policy.perfect == 1.0 else policy.perfect,
        minibatch_size=min(policy.minibatch_size, cases),
    )
    if not at_hand:
        return fitted
    default = Policy.default()
    rules = PolicySettings(confidence=None, estimator=Estimator.MEAN)
    if fitted.parent_rule == default.parent_rule:
        rules["parent_rule"] = Mixed(share=_FROM_THE_BEST)
    if not noisy and cases <= (policy.block or cases):
        rules["final_share"] = 0.0
    return replace(fitted, **rules)


async def _opening(
    subject: TextSubject, drafter: Reflector | None, problem: Problem, journal: Journal, recorder: SpanRecorder
) -> Problem:
    """Complete a problem by what its run has written down, and write the first text where nobody has."""
    events = tuple(journal.events())
    first = events[0] if events else None
    if isinstance(first, RunStarted):
        subject.recall(events, _candidates(events), journal.observed)
        return replace(problem, seed=first.seed) if drafter is not None else problem
    if drafter is None:
        return problem
    text, usage = await _drafted(drafter, problem, recorder)
    seed = problem.seed.edited(text)
    components = tuple(replace(each, text=seed.texts[each.id]) for each in problem.components)
    return replace(problem, seed=seed, components=components, drafted=usage)


async def _drafted(drafter: Reflector, problem: Problem, recorder: SpanRecorder) -> tuple[Mapping[str, str], Usage]:
    """Return the first text and what it took. Raises UserBug where the model writes none, WorldFailed if it is down."""
    unwritten = tuple(each for each in problem.components if not each.text.strip())
    context = ReflectionContext(
        attempt=0, parent=problem.seed, components=unwritten, examples=(), objective=problem.objective
    )
    usage = Usage()
    said = ""
    for _ in range(_DRAFTS):
        async with recorder.recording({}) as recording:
            try:
                reflection = await drafter.reflect(context)
            except WorldFailed as error:
                raise UserBug(
                    "the reflection model", error.message, remedy="Run it again when the model can be reached"
                ) from error
        usage += replace(recording.trace.usage, reflections=1)
        if isinstance(reflection.result, Proposal):
            return reflection.result.edits, usage
        said = f"{reflection.result.reason}: {reflection.result.detail}"
    raise UserBug("the reflection model", f"it wrote no first text ({said})", remedy="Give a seed, or another model")


def _candidates(events: Sequence[Event]) -> Mapping[str, Candidate]:
    """Return the candidates of a run by their ids."""
    found: dict[str, Candidate] = {}
    for event in events:
        if isinstance(event, RunStarted):
            found[event.seed.id] = event.seed
        elif isinstance(event, Judged):
            found[event.child.id] = event.child
    return found
