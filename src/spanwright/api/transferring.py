"""`transfer`: whether what one model was taught helps others, too. Seed and winner of a run, on its test split."""

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Never

from pydantic_ai.models import Model

from spanwright.api.budgeting import check_priced
from spanwright.api.carrying import check_recordings, redaction_of, run_of, store_of
from spanwright.api.options import DepsFrom, EvalsOf, Run
from spanwright.api.pair import Pair, check_same_cases, is_kept, pair_of
from spanwright.api.preparing import Prepared, prepare
from spanwright.api.sameness import check_same
from spanwright.api.watching import watched
from spanwright.api.wishes import Wishes
from spanwright.core.case import Splits
from spanwright.core.context import ReflectionContext
from spanwright.core.events import RolloutEnded, StopReason
from spanwright.core.known_secrets import KnownSecrets
from spanwright.core.usage import Budget, Usage
from spanwright.engine import Conduct, Means, Problem, Stop
from spanwright.engine import Transfer as Measuring
from spanwright.errors import UsageError
from spanwright.models import Terms, Traffic, model_id, resolve
from spanwright.report import OnModel, Result, Transferred, announcement
from spanwright.search import Policy
from spanwright.store import Store
from spanwright.subject import Objective, recast
from spanwright.telemetry import Exporter, SpanRecorder


class _Nobody:
    """Stands where a run has its reflector: a transfer reflects on nothing."""

    async def reflect(self, context: ReflectionContext) -> Never:
        raise AssertionError("a transfer has nothing to reflect on")


async def transfer(  # noqa: PLR0913  (a door, like `optimize`)
    source: Result | str,
    subject: object,
    evals: EvalsOf[object, object, object],
    *,
    models: Sequence[Model | str],
    deps: DepsFrom[object, object, object, object] | None = None,
    objective: Objective | None = None,
    budget: Budget | None = None,
    store: Store | str | os.PathLike[str] | None = None,
    run: Run | None = None,
    stop: Stop | None = None,
) -> Transferred:
    """Measure seed and winner of a run on other models: every test case once with both, for each of `models`.

    `source` is a finished run, by its Result or its name in the store. Subject, evals, deps and objective are those
    of the run; every agent of the subject asks the other model, judges keep theirs. It takes two rollouts a test case
    and model. `budget` bounds all models together, what earlier calls have spent on them included. Each model's
    rollouts are a run of their own in the store, named "RUN on MODEL": a transfer that was interrupted goes on.

    Raises UsageError before money is spent: for an unknown or unfinished run, one whose winner is its seed or that
    has no test split, other evals or agents than it was made with, a model that does not resolve. Later UserBug and
    StoreError.
    """
    others = _resolved(models)
    where = store_of(store)
    pair = pair_of(source, where)
    wishes = Wishes(
        components=lambda component: component.id in pair.seed.texts,
        objective=objective,
        reflection=_Nobody(),
        policy=Policy.default(),
        budget=Budget(reflections=0),
    )
    course = _Course(pair=pair, how=run_of(run), store=where, budget=budget or Budget(), stop=stop or Stop())
    ready: dict[str, Prepared] = {}
    for name, model in others.items():
        with recast(subject, model) as playing, SpanRecorder.attach() as unseen:
            ready[name] = await prepare((playing, evals, deps), replace(wishes, model=model), unseen)
        course.check(ready[name], model, among=len(others))
    rows: list[OnModel] = []
    began = time.monotonic()
    for name, model in others.items():
        spent = sum((course.spent(other) for other in others if other != name), Usage())
        allowed = _left(course.budget, spent, time.monotonic() - began)
        halted = next((each.stopped_by for each in rows if each.stopped_by), "") or _used_up(allowed)
        with recast(subject, model):
            rows.append(await course.measure(ready[name], model, allowed, halted))
    return Transferred(run=pair.run, at_home=pair.at_home, models=tuple(rows))


def _resolved(models: Sequence[Model | str]) -> Mapping[str, Model]:
    """Return the models by their names. Raises UsageError for one that does not resolve."""
    if isinstance(models, str | Model) or not models:
        raise UsageError(f"models={models!r} names no models to try", "Give several, or one in a list")
    return {model_id(each): each for each in map(resolve, models)}


def _left(budget: Budget, spent: Usage, seconds: float) -> Budget:
    """Return what is left of a budget for one more model."""
    limit = budget.seconds.total_seconds() if isinstance(budget.seconds, timedelta) else budget.seconds
    return Budget(
        requests=None if budget.requests is None else budget.requests - spent.requests,
        tokens=None if budget.tokens is None else budget.tokens - spent.tokens,
        usd=None if budget.usd is None else budget.usd - spent.usd,
        seconds=None if limit is None else limit - seconds,
    )


def _used_up(budget: Budget) -> str:
    """Return what of a budget is used up, "" if nothing is."""
    if isinstance(budget.seconds, float | int) and budget.seconds <= 0:
        return StopReason.TIME
    limits = (budget.requests, budget.tokens, budget.usd)
    return StopReason.BUDGET if any(each is not None and each <= 0 for each in limits) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Course:
    """How one model after the other is measured."""

    pair: Pair
    how: Run
    store: Store
    budget: Budget
    stop: Stop

    def name_on(self, model: str) -> str:
        """Return the name under which the store has the rollouts on a model."""
        return f"{self.how.name or self.pair.run} on {model}"

    def check(self, prepared: Prepared, model: Model, *, among: int) -> None:
        """Raise UsageError for what cannot be measured, within the budget or at all."""
        check_same_cases(self.pair, prepared)
        check_recordings(prepared, redaction_of(self.how))
        check_priced(self.budget, _asked(prepared, model), self.how.prices)
        cases = len(prepared.problem.splits.test)
        needed = 2 * cases * among
        if self.budget.rollouts is not None and self.budget.rollouts < needed:
            raise UsageError(
                f"a budget of {self.budget.rollouts} rollouts is too small: seed and winner on {cases} test cases with"
                f" {among} models take {needed}",
                f"Give at least {needed}, or fewer models",
            )

    def spent(self, model: str) -> Usage:
        """Return what was spent on a model so far."""
        name = self.name_on(model)
        if not is_kept(self.store, name):
            return Usage()
        ended = (each.rollout.usage for each in self.store.reader.events(name) if isinstance(each, RolloutEnded))
        return sum(ended, Usage())

    async def measure(self, prepared: Prepared, model: Model, allowed: Budget, halted: str) -> OnModel:
        """Measure seed and winner on a model as far as the budget goes, and return what is known of it then.

        `halted` says why nothing may be measured any more, "" where it may.
        """
        name = self.name_on(model_id(model))
        reason = StopReason.STOPPED if self.stop.requested else halted
        if not reason:
            reason = await self._measured(name, prepared, model, allowed)
        if not is_kept(self.store, name):
            return OnModel.untouched(model_id(model), run=name, stopped_by=reason)
        return OnModel.from_events(self.store.reader.events(name), model=model_id(model), stopped_by=reason)

    async def _measured(self, name: str, prepared: Prepared, model: Model, allowed: Budget) -> str:
        """Go on with the run of one model, and return why it paused, "" if it did not."""
        how, problem = self.how, _problem(prepared.problem, self.pair, model)
        budget = replace(allowed, rollouts=2 * len(problem.splits.test), reflections=0)
        redaction = redaction_of(how)
        conduct = Conduct(
            run=name,
            budget=budget,
            concurrency=how.concurrency,
            stop=self.stop,
            deadlines=how.deadlines,
            prices=how.prices,
        )
        async with AsyncExitStack() as stack:
            exporter = stack.enter_context(Exporter.recording(how.export, redaction))
            named = {purpose: model_id(each) for purpose, each in _asked(prepared, model).items()}
            told = announcement(budget, problem.splits, named, prepared.remarks)
            progress = stack.enter_context(watched(how, f"Seed and winner of {self.pair.run}. {told}"))
            journal = await stack.enter_async_context(self.store.run(name))
            check_same(name, journal, problem)
            watching = [*how.observers, *exporter.observers, *([] if progress is None else [progress])]
            if progress is not None:
                progress.replay(journal.events())
            means = Means(
                journal=exporter.overheard(journal, problem.splits),
                recorder=exporter.recorder,
                observers=watching,
                redaction=redaction or KnownSecrets.of(os.environ),
                traffic=Traffic(Terms(limits=how.limits, deadlines=how.deadlines)),
            )
            measuring = Measuring(problem, means, conduct, winner=self.pair.winner)
            await stack.enter_async_context(exporter.following(journal.events()))
            return await measuring.run()


def _problem(problem: Problem, pair: Pair, model: Model) -> Problem:
    """Return what is measured on a model: texts of the run, its test cases, and nothing to learn from."""
    fingerprints = {
        key: model_id(model) if key.startswith("model of ") else each for key, each in problem.fingerprints.items()
    }
    return replace(
        problem,
        splits=Splits(train=(), validation=(), test=problem.splits.test),
        seed=pair.seed,
        components=pair.components,
        fingerprints={**fingerprints, "winner": pair.winner.id},
    )


def _asked(prepared: Prepared, model: Model) -> Mapping[str, Model]:
    """Return the models that will be asked by what they are for: the other one by the agents."""
    return {
        purpose: model if purpose.startswith("agent ") else each
        for purpose, each in prepared.models.items()
        if purpose != "reflection"
    }
