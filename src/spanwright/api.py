"""`optimize`: fill in what was not said, check everything before money is spent, run the engine, return the result."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any, TypedDict, TypeVar, Unpack, cast, overload

import anyio
from pydantic_ai import Agent
from pydantic_ai.models import Model
from pydantic_evals import Case as TheirCase
from pydantic_evals import Dataset

from spanwright.core.candidate import Candidate, Component
from spanwright.core.events import Event, RunStarted
from spanwright.core.protocols import Journal, Observer, Reflector
from spanwright.core.usage import Budget
from spanwright.engine import Conduct, Engine, Means, Problem, Stop
from spanwright.errors import RunMismatch, UsageError
from spanwright.models import is_priced, model_id, resolve
from spanwright.reflection import ModelReflector
from spanwright.report import Progress, Result, announcement
from spanwright.search import Policy
from spanwright.store import MemoryStore, SqliteStore, Store, compare, of_cases, of_evaluators
from spanwright.subject import (
    Choice,
    Evals,
    EvalSet,
    Objective,
    PydanticSubject,
    Scoring,
    Wearable,
    chosen,
    eval_set,
    subject_of,
    wearable_of,
)
from spanwright.telemetry import SpanRecorder

DEFAULT_STORE = Path(".spanwright") / "store.sqlite"
ROLLOUTS_PER_VALIDATION_CASE = 20
"""The default budget: this many rollouts for each validation case, and the test split for seed and winner."""
ROLLOUTS_PER_REFLECTION = 4
"""The default limit of reflections: one for so many rollouts. A run needs about a third of it."""

In = TypeVar("In")
Out = TypeVar("Out")
Deps = TypeVar("Deps")
Meta = TypeVar("Meta")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a run is called, watched and exported."""

    name: str | None = None
    """A name that the store knows is resumed; None gives a new name."""
    observers: Sequence[Observer] = ()
    """Are shown every event. One that raises or lags is detached with a warning."""
    progress: bool | None = None
    """Whether progress is shown on stderr; None: where that is a terminal."""
    export: bool = False
    """Whether the rollouts' spans also go to the exporters of the tracer provider that is in place."""


class Options(TypedDict, total=False):
    """The options that `optimize` takes whatever is optimized; see there."""

    budget: Budget | None
    reflection_model: Model | str | Reflector | None
    components: Choice | None
    objective: Objective | None
    policy: Policy | None
    concurrency: int
    store: Store | str | os.PathLike[str] | None
    run: str | Run | None
    stop: Stop | None


@overload
async def optimize(
    subject: Agent[None, Out], evals: Dataset[In, Out, Meta] | Evals[In, Out, Meta], **options: Unpack[Options]
) -> Result: ...
@overload
async def optimize(
    subject: Agent[Deps, Out],
    evals: Dataset[In, Out, Meta] | Evals[In, Out, Meta],
    *,
    deps: Callable[[TheirCase[In, Out, Meta]], AbstractAsyncContextManager[Deps]],
    **options: Unpack[Options],
) -> Result: ...
@overload
async def optimize(
    subject: Callable[[In], Awaitable[Out]],
    evals: Dataset[In, Out, Meta] | Evals[In, Out, Meta],
    **options: Unpack[Options],
) -> Result: ...
@overload
async def optimize(
    subject: Callable[[], Agent[None, Out]],
    evals: Dataset[In, Out, Meta] | Evals[In, Out, Meta],
    **options: Unpack[Options],
) -> Result: ...
@overload
async def optimize(
    subject: Callable[[], Agent[Deps, Out]],
    evals: Dataset[In, Out, Meta] | Evals[In, Out, Meta],
    *,
    deps: Callable[[TheirCase[In, Out, Meta]], AbstractAsyncContextManager[Deps]],
    **options: Unpack[Options],
) -> Result: ...
async def optimize(  # noqa: PLR0913  (the one door: at most twelve)
    subject: object,
    evals: Dataset[Any, Any, Any] | Evals[Any, Any, Any],
    *,
    deps: Callable[[TheirCase[Any, Any, Any]], AbstractAsyncContextManager[Any]] | None = None,
    budget: Budget | None = None,
    reflection_model: Model | str | Reflector | None = None,
    components: Choice | None = None,
    objective: Objective | None = None,
    policy: Policy | None = None,
    concurrency: int = 32,
    store: Store | str | os.PathLike[str] | None = None,
    run: str | Run | None = None,
    stop: Stop | None = None,
) -> Result:
    """Search for texts with which `subject` does better on `evals`, and return what was found.

    `subject` is an agent, or a factory or a program decorated with `optimizable`. `deps(case)` gives each rollout of an
    agent with a `deps_type` its own dependencies. `budget` defaults to 20 rollouts for each validation case and what the
    test split takes, with one reflection for every four rollouts; it is printed with an estimate of its cost before the
    first call. `reflection_model` defaults to the agent's own model. `components` are instructions and tool descriptions;
    `"all"`, globs or a predicate say otherwise. `objective` names the evaluator to maximize where figures are not within
    0 to 1, or computes the score from all of them. `policy` is how to search (`Policy.default()`, `Policy.gepa()`).
    `concurrency` is the most rollouts in flight. `store` is a file (`.spanwright/store.sqlite`; ":memory:" for none) and
    `run` a name in it: a run that the store knows is resumed. `stop.request()` ends the run early, resumable.

    Raises UsageError before money is spent, UserBug for the user's failing tool, evaluator or settings, StoreError.
    Cancelling it cancels at once; the run can be resumed.
    """
    how = Run(name=run) if run is None or isinstance(run, str) else run
    prepared = await _prepare(
        subject, evals, deps, Wishes(components, objective, reflection_model, policy or Policy.default())
    )
    policy = prepared.policy
    problem = prepared.problem
    spending = _budget(budget, problem, policy)
    _check_priced(spending, prepared)
    if concurrency < 1:
        raise UsageError(f"concurrency={concurrency} lets no rollout run", "Give at least 1")
    conduct = Conduct(run=how.name or _new_name(), budget=spending, concurrency=concurrency, stop=stop or Stop())
    with ExitStack() as stack:
        observers = list(how.observers)
        if how.progress is not False:
            named = {purpose: model_id(model) for purpose, model in prepared.models.items()}
            print(announcement(spending, problem.splits, named, prepared.evals.remarks), file=sys.stderr)  # noqa: T201
            observers.append(stack.enter_context(Progress(shown=how.progress)))
        recorder = stack.enter_context(SpanRecorder.attach(export=how.export))
        async with _store(store).run(conduct.run) as journal:
            _check_same(conduct.run, journal, problem)
            means = Means(journal=journal, recorder=recorder, observers=observers)
            ended = await Engine(problem, policy, means, conduct).run()
            events = tuple(journal.events())
    remarks = (*prepared.evals.remarks, *recorder.diagnoses, *_said(ended.remark))
    paused_by = None if ended.complete else ended.reason
    return Result.from_events(events, paused_by=paused_by, remarks=remarks).worn_by(prepared.wearables)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the caller asks for beyond the defaults."""

    components: Choice | None
    objective: Objective | None
    reflection: Model | str | Reflector | None
    policy: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """Everything that is known before the first call."""

    problem: Problem
    evals: EvalSet
    policy: Policy
    models: Mapping[str, Model]
    """The models that will be asked, by what they are for."""
    wearables: tuple[Wearable, ...]


async def _prepare(
    subject: object,
    evals: Dataset[Any, Any, Any] | Evals[Any, Any, Any],
    deps: Callable[[Any], AbstractAsyncContextManager[Any]] | None,
    wishes: Wishes,
) -> _Prepared:
    """Turn the caller's objects into a Problem. Raises UsageError for what cannot work."""
    cases = eval_set(evals)
    meeting = subject_of(subject, deps, cases.theirs)
    agents = meeting.agents
    models = {f"agent {agent.name}": resolve(agent.model) for agent in agents if agent.model is not None}
    reflector, reflecting = _reflector(wishes.reflection, models)
    found = chosen(_from_champion(await meeting.components(), meeting), wishes.components)
    scoring = Scoring(cases, wishes.objective)
    seed = Candidate(texts={component.id: component.text for component in found})
    fingerprints = {
        **of_cases(tuple(cases.splits)),
        **of_evaluators(scoring.evaluators),
        **meeting.fingerprints(),
        "components": ", ".join(seed.texts),
        "policy": wishes.policy.fingerprint,
    }
    problem = Problem(
        subject=meeting,
        evaluator=scoring,
        reflector=reflector,
        splits=cases.splits,
        seed=seed,
        components=found,
        objective=scoring.description,
        fingerprints=fingerprints,
    )
    wearables = tuple(wearable for agent in agents if (wearable := wearable_of(agent)) is not None)
    return _Prepared(
        problem=problem, evals=cases, policy=wishes.policy, models={**models, **reflecting}, wearables=wearables
    )


def _reflector(
    wish: Model | str | Reflector | None, models: Mapping[str, Model]
) -> tuple[Reflector, Mapping[str, Model]]:
    """Return who reflects, and the model to be asked for it, if we know it."""
    if wish is not None and not isinstance(wish, str | Model):
        return wish, {}
    if wish is None:
        if not models:
            raise UsageError("no agent has a model, so there is none to reflect with", "Pass reflection_model=")
        wish = next(iter(models.values()))
    model = resolve(wish)
    return ModelReflector(model), {"reflection": model}


def _from_champion(found: Sequence[Component], subject: PydanticSubject) -> list[Component]:
    """Return the components with the texts of the champions that the agents wear: a search starts from there."""
    base: dict[str, str] = {}
    for agent in subject.agents:
        wearable = wearable_of(agent)
        if wearable is not None and wearable.base is not None:
            base.update(wearable.base.texts)
    return [replace(component, text=base.get(component.id, component.text)) for component in found]


def _budget(budget: Budget | None, problem: Problem, policy: Policy) -> Budget:
    """Return the budget with its defaults. Raises UsageError for one that is too small for a single attempt."""
    splits = problem.splits
    test = 2 * len(splits.test)
    given = budget or Budget(rollouts=ROLLOUTS_PER_VALIDATION_CASE * len(splits.validation) + test)
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


def _check_priced(budget: Budget, prepared: _Prepared) -> None:
    if budget.usd is None:
        return
    for purpose, model in prepared.models.items():
        if not is_priced(model):
            raise UsageError(
                f"budget usd={budget.usd} cannot be kept: the price of {model.model_name!r} ({purpose}) is unknown",
                "Limit rollouts, requests or tokens instead",
            )


def _check_same(run: str, journal: Journal, problem: Problem) -> None:
    """Refuse to resume a run that was made with something else. Raises RunMismatch."""
    first: Event | None = next(iter(journal.events()), None)
    if isinstance(first, RunStarted):
        differences = list(compare(first.fingerprints, problem.fingerprints))
        if first.seed != problem.seed:
            changed = ", ".join(problem.seed.changes_from(first.seed)) or "the set of components"
            differences.append(f"the agent's own texts changed ({changed})")
        if differences:
            raise RunMismatch(run, differences)


def _store(store: Store | str | os.PathLike[str] | None) -> Store:
    if store is None:
        return SqliteStore(DEFAULT_STORE)
    if isinstance(store, str | os.PathLike):
        return MemoryStore() if store == ":memory:" else SqliteStore(cast("str", store))
    return store


def _new_name() -> str:
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{token_hex(2)}"


def _said(remark: str) -> tuple[str, ...]:
    return (remark,) if remark else ()


def optimize_sync(
    subject: object,
    evals: Dataset[In, Out, Meta] | Evals[In, Out, Meta],
    *,
    deps: Callable[[TheirCase[In, Out, Meta]], AbstractAsyncContextManager[object]] | None = None,
    **options: Unpack[Options],
) -> Result:
    """Do what `optimize` does, from code that is not async. Ctrl-C once drains, twice cancels; both are resumable.

    Raises UsageError under a running event loop: await `optimize` there.
    """
    if sniffed() is not None:
        raise UsageError("optimize_sync was called under a running event loop", "Write: await optimize(...)")
    stop = options.get("stop") or Stop()
    work = partial(optimize, subject, evals, deps=deps, **{**options, "stop": stop})  # pyright: ignore[reportCallIssue, reportArgumentType]
    return anyio.run(interruptible, work, stop)


async def interruptible(work: Callable[[], Awaitable[Out]], stop: Stop) -> Out:
    """Await `work` such that Ctrl-C once asks `stop` to drain the run, and twice cancels it.

    Raises KeyboardInterrupt after the second. Where the platform has no signal handlers, Ctrl-C cancels at once.
    """
    loop = asyncio.get_running_loop()
    with anyio.CancelScope() as scope:

        def interrupted() -> None:
            if stop.requested:
                scope.cancel()
            else:
                stop.request()

        try:
            loop.add_signal_handler(signal.SIGINT, interrupted)
        except NotImplementedError:
            return await work()
        try:
            return await work()
        finally:
            loop.remove_signal_handler(signal.SIGINT)
    raise KeyboardInterrupt


def sniffed() -> asyncio.AbstractEventLoop | None:
    """Return the running event loop, or None."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
