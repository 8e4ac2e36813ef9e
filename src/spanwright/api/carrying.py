"""From what is prepared to a result: open the store, tell what may be spent, run the engine, read what came of it.

What is optimized makes no difference here: agents and texts of any kind go the same way.
"""

import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from secrets import token_hex
from typing import TYPE_CHECKING, TypeAlias, cast

from spanwright.api.calibrated import calibrated
from spanwright.api.elsewhere import RecipeOf
from spanwright.api.learning import taught
from spanwright.api.options import DEFAULT_STORE, Run
from spanwright.api.preparing import Prepared
from spanwright.api.sameness import check_same
from spanwright.api.watching import watched
from spanwright.core.events import RunEnded
from spanwright.core.known_secrets import KnownSecrets
from spanwright.core.protocols import Journal, RemoteSubject
from spanwright.engine import Conduct, Engine, Executor, InProcess, Means, Problem, Site, Stop
from spanwright.errors import UsageError
from spanwright.models import Counts, Terms, Traffic, model_id
from spanwright.report import Preflight, Result, announcement
from spanwright.report.tracking import Tracking, files_of
from spanwright.store import MemoryStore, SqliteStore, Store
from spanwright.telemetry import Exporter, SpanRecorder
from spanwright.telemetry.sink import Sink

if TYPE_CHECKING:
    from spanwright.telemetry.redaction import RunRedaction

Opening: TypeAlias = Callable[[Problem, Journal, SpanRecorder], Awaitable[Problem]]
"""Completes a problem by what the journal of its run knows, before anything else is done."""


async def as_it_is(problem: Problem, journal: Journal, recorder: SpanRecorder) -> Problem:
    """Return the problem of a run to which its journal has nothing to add."""
    return problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """How and where a run is carried out."""

    how: Run
    store: Store
    stop: Stop
    exporter: Exporter
    redaction: "RunRedaction | None"
    recipe: RecipeOf
    """How workers in other processes come by what the run is about."""
    opening: Opening = as_it_is
    traced: bool = True
    """Whether every rollout should leave spans, so that it is worth a remark where one leaves none."""


async def search(prepared: Prepared, under: Circumstances) -> Result:
    """Run the engine on a prepared problem, or go on with it, and return what came of it."""
    how, exporter, recorder, policy = under.how, under.exporter, under.exporter.recorder, prepared.policy
    tracking = Tracking(how.trackers)
    observers = [*how.observers, *exporter.observers, *tracking.observers]
    async with AsyncExitStack() as stack:
        named = {purpose: model_id(model) for purpose, model in prepared.models.items()}
        known = calibrated(under.store, prepared.problem)
        room = Preflight.of(prepared.budget, prepared.problem.splits, policy, known)
        remarks = (*room.lines, *prepared.remarks)
        progress = stack.enter_context(
            watched(how, announcement(prepared.budget, prepared.problem.splits, named, remarks))
        )
        if progress is not None:
            observers.append(progress)
        name = how.name or _new_name()
        conduct = Conduct(
            run=name,
            budget=prepared.budget,
            concurrency=how.concurrency,
            stop=under.stop,
            deadlines=how.deadlines,
            prices=how.prices,
        )
        traffic = Traffic(Terms(limits=how.limits, deadlines=how.deadlines))
        async with under.store.run(name) as journal:
            problem = await under.opening(prepared.problem, journal, recorder)
            changes = check_same(name, journal, problem)
            if how.lessons_from is not None and next(iter(journal.events()), None) is None:
                problem, remark = taught(problem, how.lessons_from, under.store, policy)
                changes = (*changes, remark)
            if progress is not None:
                progress.replay(journal.events())
            kept = exporter.overheard(journal, problem.splits)
            means = Means(
                journal=kept,
                recorder=recorder,
                observers=observers,
                redaction=under.redaction or KnownSecrets.of(os.environ),
                traffic=traffic,
            )
            files = partial(files_of, under.store.reader, name)
            where, site = place_of(how, journal), site_of(problem, means, conduct, under.recipe)
            site = replace(site, exported=exporter.take)
            async with (
                tracking.following(journal.events, files),
                exporter.following(journal.events()),
                where.open(site) as workplace,
            ):
                ended = await Engine(problem, policy, replace(means, workplace=workplace), conduct).run()
            events = tuple(journal.events())
            diagnoses = recorder.diagnoses if under.traced else ()
            remarks = (
                *prepared.remarks,
                *changes,
                *diagnoses,
                *exporter.lines,
                *tracking.lines,
                *workplace.remarks,
                *_worlds(ended.remark),
                *_went(traffic.counts),
            )
            paused_by = None if ended.complete else ended.reason
            result = Result.from_events(events, paused_by=paused_by, remarks=remarks)
            return result.worn_by(prepared.wearables).with_outputs(journal.observed)


def place_of(how: Run, journal: Journal) -> Executor:
    """Return where rollouts are done; nobody is called in for a run that has ended."""
    has_ended = any(isinstance(event, RunEnded) for event in journal.events())
    return InProcess() if has_ended else how.executor


def site_of(problem: Problem, means: Means, conduct: Conduct, recipe: RecipeOf) -> Site:
    """Return what an executor has to know of a run."""
    return Site(
        subject=problem.subject,
        evaluator=problem.evaluator,
        recorder=means.recorder,
        traffic=means.traffic or Traffic(),
        concurrency=conduct.concurrency,
        deadlines=conduct.deadlines,
        prices=conduct.prices,
        fingerprints=problem.fingerprints,
        recipe=recipe,
    )


def _worlds(remark: str) -> tuple[str, ...]:
    return (f"the world: {remark}",) if remark else ()


def _went(lanes: Mapping[str, Counts]) -> Sequence[str]:
    """Return what a user should know of how requests went, a line for each model that was not always well."""
    return tuple(
        f"{name}: {each.answered} answers, {each.refused} refused (429), {each.failed} failed, {each.cut} of these cut"
        f" for taking too long, {each.outages} outages; {each.limit} at once in the end{_hedged(each)}"
        for name, each in lanes.items()
        if each.refused or each.failed or each.outages or each.hedged
    )


def _hedged(counts: Counts) -> str:
    if not counts.hedged:
        return ""
    return (
        f"; {counts.hedged} slow requests got a second one beside them, which answered first {counts.hedges_won} times;"
        f" both answers came in and are counted {counts.hedges_both} times, else the slower one was cancelled, and may"
        " be billed"
    )


def run_of(run: str | Run | None) -> Run:
    """Return how a run is carried out. Raises UsageError for one that could do nothing."""
    how = Run(name=run) if run is None or isinstance(run, str) else run
    if not isinstance(how, Run):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UsageError(f"run={run!r} is {type(run).__name__}", "Give a name or a Run")
    if how.concurrency < 1:
        raise UsageError(f"concurrency={how.concurrency} lets no rollout run", "Give at least 1")
    return how


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


def _new_name() -> str:
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{token_hex(2)}"
