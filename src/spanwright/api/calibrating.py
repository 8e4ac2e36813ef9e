"""`calibrate`: how noisy an eval set is, found out by the agent against itself, before anything is searched."""

import os
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from secrets import token_hex
from typing import Never

from spanwright.api.budgeting import default_budget
from spanwright.api.carrying import check_recordings, place_of, redaction_of, remote_of, site_of, store_of
from spanwright.api.elsewhere import recipe_of
from spanwright.api.options import DepsFrom, EvalsOf, Run
from spanwright.api.preparing import prepare
from spanwright.api.sameness import check_same
from spanwright.api.watching import watched
from spanwright.api.wishes import Wishes
from spanwright.core.context import ReflectionContext
from spanwright.core.usage import Budget
from spanwright.engine import Calibration, Conduct, Means, Stop
from spanwright.errors import UsageError
from spanwright.models import Terms, Traffic, model_id
from spanwright.report import NoiseFloor, Preflight, announcement
from spanwright.search import Policy
from spanwright.store import Store
from spanwright.subject import Objective
from spanwright.telemetry import Exporter, SpanRecorder


class _Nobody:
    """Stands where a run has its reflector: a calibration reflects on nothing."""

    async def reflect(self, context: ReflectionContext) -> Never:
        raise AssertionError("a calibration has nothing to reflect on")


async def calibrate(  # noqa: PLR0913  (a door, like `optimize`)
    subject: object,
    evals: EvalsOf[object, object, object],
    *,
    deps: DepsFrom[object, object, object, object] | None = None,
    repeats: int = 4,
    budget: Budget | None = None,
    objective: Objective | None = None,
    policy: Policy | None = None,
    store: Store | str | os.PathLike[str] | None = None,
    run: str | Run | None = None,
    stop: Stop | None = None,
) -> NoiseFloor:
    """Try the unchanged agent `repeats` times on each validation case, and return how far its scores are noise.

    It spends `repeats` rollouts a validation case, says so before the first, and is journaled and resumed as a run
    is. `budget` and `policy` are those of the optimization that is planned: what it could show is worked out from
    them, none of it is spent. The rest is as for `optimize`.

    Raises UsageError before money is spent, UserBug for the user's failing tool, evaluator or settings, StoreError.
    """
    if repeats < 2:
        raise UsageError(f"repeats={repeats} shows no noise: a case has to be tried again", "Give at least 2")
    how = Run(name=run) if run is None or isinstance(run, str) else run
    if how.concurrency < 1:
        raise UsageError(f"concurrency={how.concurrency} lets no rollout run", "Give at least 1")
    redaction = redaction_of(how)
    name = how.name or f"calibration-{time.strftime('%Y%m%d-%H%M%S')}-{token_hex(2)}"
    planned = policy or Policy.default()
    wishes = Wishes(
        components=None,
        objective=objective,
        reflection=_Nobody(),
        policy=planned,
        budget=Budget(reflections=0),
    )
    async with AsyncExitStack() as stack:
        exporter = stack.enter_context(Exporter.recording(how.export, redaction))
        recorder = exporter.recorder
        if (remote := remote_of(subject)) is not None:
            await stack.enter_async_context(remote.receiving(recorder.arrivals))
        with SpanRecorder.attach() as unseen:
            prepared = await prepare((subject, evals, deps), wishes, unseen)
        check_recordings(prepared, redaction)
        problem = prepared.problem
        spend = Budget(rollouts=repeats * len(problem.splits.validation), reflections=0)
        observers = [*how.observers, *exporter.observers]
        named = {purpose: model_id(model) for purpose, model in prepared.models.items()}
        told = announcement(spend, problem.splits, named, prepared.remarks)
        progress = stack.enter_context(watched(how, told))
        if progress is not None:
            observers.append(progress)
        conduct = Conduct(
            run=name,
            budget=spend,
            concurrency=how.concurrency,
            stop=stop or Stop(),
            deadlines=how.deadlines,
            prices=how.prices,
        )
        traffic = Traffic(Terms(limits=how.limits, deadlines=how.deadlines))
        async with store_of(store).run(name) as journal:
            check_same(name, journal, replace(problem, splits=replace(problem.splits, train=(), test=())))
            kept = exporter.overheard(journal, problem.splits)
            means = Means(journal=kept, recorder=recorder, observers=observers, redaction=redaction, traffic=traffic)
            recipe = recipe_of(subject, evals, deps, objective)
            where, site = place_of(how, journal), site_of(problem, means, conduct, recipe)
            site = replace(site, exported=exporter.take)
            async with exporter.following(journal.events()), where.open(site) as workplace:
                await Calibration(problem, replace(means, workplace=workplace), conduct, repeats=repeats).run()
            events = tuple(journal.events())
    room = Preflight.of(budget or default_budget(problem.splits), problem.splits, prepared.policy)
    return NoiseFloor.from_events(events, run=name, preflight=room)
