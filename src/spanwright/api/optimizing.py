"""`optimize`, the one door to a run."""

import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from secrets import token_hex
from typing import TYPE_CHECKING, Unpack, cast, overload

from pydantic_ai.agent import AbstractAgent
from pydantic_ai.models import Model

from spanwright.api.learning import taught
from spanwright.api.options import (
    DEFAULT_STORE,
    Deps,
    DepsFrom,
    EvalsOf,
    EvidenceFrom,
    In,
    Meta,
    Options,
    Out,
    Prompt,
    Run,
)
from spanwright.api.preparing import Prepared, Wishes, check_same, prepare
from spanwright.api.watching import watched
from spanwright.baselines import Baseline
from spanwright.core.known_secrets import KnownSecrets
from spanwright.core.protocols import Reflector, RemoteSubject, Subject
from spanwright.core.usage import Budget
from spanwright.engine import Conduct, Engine, Means, Stop
from spanwright.errors import UsageError
from spanwright.models import Counts, Terms, Traffic, model_id
from spanwright.report import Preflight, Result, announcement
from spanwright.search import Policy
from spanwright.store import MemoryStore, SqliteStore, Store
from spanwright.subject import Choice, Objective
from spanwright.telemetry import Exporter, SpanRecorder
from spanwright.telemetry.sink import Sink

if TYPE_CHECKING:
    from spanwright.telemetry.redaction import RunRedaction


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
    how = Run(name=run) if run is None or isinstance(run, str) else run
    if how.concurrency < 1:
        raise UsageError(f"concurrency={how.concurrency} lets no rollout run", "Give at least 1")
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
        problem, where = prepared.problem, store_of(store)
        observers = [*how.observers, *exporter.observers]
        named = {purpose: model_id(model) for purpose, model in prepared.models.items()}
        room = Preflight.of(prepared.budget, problem.splits, prepared.policy)
        told = announcement(prepared.budget, problem.splits, named, (*room.lines, *prepared.remarks))
        progress = stack.enter_context(watched(how, told))
        if progress is not None:
            observers.append(progress)
        conduct = Conduct(
            run=how.name or _new_name(),
            budget=prepared.budget,
            concurrency=how.concurrency,
            stop=stop or Stop(),
            deadlines=how.deadlines,
            prices=how.prices,
        )
        traffic = Traffic(Terms(limits=how.limits, deadlines=how.deadlines))
        async with where.run(conduct.run) as journal:
            changes = check_same(conduct.run, journal, problem)
            if how.lessons_from is not None and next(iter(journal.events()), None) is None:
                problem, remark = taught(problem, how.lessons_from, where, prepared.policy)
                changes = (*changes, remark)
            if progress is not None:
                progress.replay(journal.events())
            kept = exporter.overheard(journal, problem.splits)
            veil = redaction or KnownSecrets.of(os.environ)
            means = Means(journal=kept, recorder=recorder, observers=observers, redaction=veil, traffic=traffic)
            async with exporter.following(journal.events()):
                ended = await Engine(problem, prepared.policy, means, conduct).run()
            events = tuple(journal.events())
    remarks = (
        *prepared.remarks,
        *changes,
        *recorder.diagnoses,
        *exporter.lines,
        *((f"the world: {ended.remark}",) if ended.remark else ()),
        *_went(traffic.counts),
    )
    paused_by = None if ended.complete else ended.reason
    return Result.from_events(events, paused_by=paused_by, remarks=remarks).worn_by(prepared.wearables)


def remote_of(subject: object) -> RemoteSubject[Sink] | None:
    """Return a subject whose spans come from elsewhere as what it is; None for any other."""
    return cast("RemoteSubject[Sink]", subject) if isinstance(subject, RemoteSubject) else None


def redaction_of(how: Run) -> "RunRedaction | None":
    """Return what takes out of evidence what should not be kept. Raises UsageError for an unknown wish."""
    if how.redact is None:
        return None
    # Only who asks for it waits for the detectors, which bring `requests` along.
    from spanwright.telemetry.redaction import Redactor, RunRedaction  # noqa: PLC0415

    if isinstance(how.redact, Redactor):
        return RunRedaction(how.redact)
    if how.redact not in {"secrets", "personal"}:
        raise UsageError(f"redact={how.redact!r} is unknown", 'Say "secrets", "personal", or give a Redactor')
    return RunRedaction(Redactor(personal=how.redact == "personal"))


def check_recordings(prepared: Prepared, redaction: "RunRedaction | None") -> None:
    """Raise UsageError where tools would be recorded in clear though the run is to be redacted."""
    for wearable in prepared.wearables:
        if redaction is not None and wearable.rules is not None and wearable.rules.records_in_clear:
            raise UsageError(
                f"the run is redacted, but calls of the tools of {wearable.agent!r} are recorded as they are",
                'Say Tools(..., redact="secrets") or "personal", too',
            )


def store_of(store: Store | str | os.PathLike[str] | None) -> Store:
    """Return the store that a caller names: a file by default."""
    if store is None:
        return SqliteStore(DEFAULT_STORE)
    if isinstance(store, str | os.PathLike):
        return MemoryStore() if store == ":memory:" else SqliteStore(cast("str", store))
    return store


def _went(lanes: Mapping[str, Counts]) -> Sequence[str]:
    """Return what a user should know of how requests went, a line for each model that was not always well."""
    return tuple(
        f"{name}: {each.answered} answers, {each.refused} refused (429), {each.failed} failed, {each.cut} of these cut"
        f" for taking too long, {each.outages} outages; {each.limit} at once in the end"
        for name, each in lanes.items()
        if each.refused or each.failed or each.outages
    )


def _new_name() -> str:
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{token_hex(2)}"
