"""`optimize`, the one door to a run."""

import os
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Unpack, overload

from pydantic_ai.agent import AbstractAgent
from pydantic_ai.models import Model

from spanwright.api.carrying import Circumstances, check_recordings, redaction_of, remote_of, run_of, search, store_of
from spanwright.api.elsewhere import recipe_of
from spanwright.api.options import Deps, DepsFrom, EvalsOf, EvidenceFrom, In, Meta, Options, Out, Prompt, Run
from spanwright.api.preparing import prepare
from spanwright.api.wishes import Wishes
from spanwright.baselines import Baseline
from spanwright.core.protocols import Reflector, Subject
from spanwright.core.usage import Budget
from spanwright.engine import Stop
from spanwright.report import Result
from spanwright.search import Policy
from spanwright.store import Store
from spanwright.subject import Choice, Objective
from spanwright.telemetry import Exporter, SpanRecorder


@overload
async def optimize(
    subject: AbstractAgent[None, Out], evals: EvalsOf[Prompt, Out, Meta], **options: Unpack[Options]
) -> Result: ...
@overload
async def optimize(
    subject: AbstractAgent[Deps, Out],
    evals: EvalsOf[Prompt, Out, Meta],
    *,
    deps: DepsFrom[Prompt, Out, Meta, Deps],
    **options: Unpack[Options],
) -> Result: ...
@overload
async def optimize(
    subject: Callable[[In], Awaitable[Out]], evals: EvalsOf[In, Out, Meta], **options: Unpack[Options]
) -> Result: ...
@overload
async def optimize(subject: Subject, evals: EvalsOf[In, Out, Meta], **options: Unpack[Options]) -> Result: ...
@overload
async def optimize(
    subject: Callable[[], AbstractAgent[None, Out]], evals: EvalsOf[Prompt, Out, Meta], **options: Unpack[Options]
) -> Result: ...
@overload
async def optimize(
    subject: Callable[[], AbstractAgent[Deps, Out]],
    evals: EvalsOf[Prompt, Out, Meta],
    *,
    deps: DepsFrom[Prompt, Out, Meta, Deps],
    **options: Unpack[Options],
) -> Result: ...
async def optimize(  # noqa: PLR0913  (the one door: at most twelve)  # pyright: ignore[reportInconsistentOverload]
    subject: object,
    evals: EvalsOf[object, object, object],
    *,
    deps: DepsFrom[object, object, object, object] | None = None,
    budget: Budget | None = None,
    reflection_model: Model | str | Reflector | None = None,
    components: Choice | None = None,
    objective: Objective | None = None,
    policy: Policy | Baseline | None = None,
    evidence: EvidenceFrom | None = None,
    store: Store | str | os.PathLike[str] | None = None,
    run: str | Run | None = None,
    stop: Stop | None = None,
) -> Result:
    """Search for texts with which `subject` does better on `evals`, and return what was found.

    `subject` is an agent, a factory or a program decorated with `optimizable`, or a Subject. `deps(case)` gives each
    rollout of an agent with a `deps_type` its own dependencies. `budget` defaults to 20 rollouts for each validation
    case and what the test split takes, with one reflection for every four rollouts; it is printed with an estimate of
    its cost before the first call. `reflection_model` defaults to the agent's own model. `components` are
    instructions and tool descriptions; `"all"`, globs or a predicate say otherwise. `objective` names the evaluator
    to maximize where figures are not within 0 to 1, or computes the score from all of them. `policy` is how to search
    (`Policy.default()`, `Policy.gepa()`, one of `spanwright.baselines`). `evidence` are traces of the subject that were
    recorded before, or a file of spans: they are shown to the reflector, and score nothing. `store` is a file
    (`.spanwright/store.sqlite`; ":memory:" for none) and `run` a name in it: a run that the store knows is resumed.
    `stop.request()` ends the run early, resumable.

    Raises UsageError before money is spent, UserBug for the user's failing tool, evaluator or settings, StoreError.
    Cancelling it cancels at once; the run can be resumed.
    """
    how = run_of(run)
    chosen = policy if isinstance(policy, Baseline) else Baseline(policy=policy or Policy.default())
    wishes = Wishes(
        components=components,
        objective=objective,
        reflection=reflection_model,
        policy=chosen.policy,
        writer=chosen.writer,
        budget=budget,
        evidence=evidence,
        prices=how.prices,
    )
    redaction = redaction_of(how)
    async with AsyncExitStack() as stack:
        exporter = stack.enter_context(Exporter.recording(how.export, redaction))
        recorder = exporter.recorder
        if (remote := remote_of(subject)) is not None:
            await stack.enter_async_context(remote.receiving(recorder.arrivals))
        with SpanRecorder.attach() as unseen:  # a preview is no part of what is exported
            prepared = await prepare((subject, evals, deps), wishes, unseen)
        check_recordings(prepared, redaction)
        under = Circumstances(
            how=how,
            store=store_of(store),
            stop=stop or Stop(),
            exporter=exporter,
            redaction=redaction,
            recipe=recipe_of(subject, evals, deps, objective),
        )
        return await search(prepared, under)
