"""Exports one run: the spans of its recordings and of its story, through an outbox of ours or the user's exporters."""

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from typing import Protocol

from anyio import to_thread
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan

from spanwright.core.case import Case
from spanwright.core.events import Event
from spanwright.core.protocols import Journal, Observer, Redaction
from spanwright.core.trace import Span
from spanwright.errors import UsageError
from spanwright.telemetry.export import environment
from spanwright.telemetry.export.afar import readable
from spanwright.telemetry.export.outbox import Destination, Outbox
from spanwright.telemetry.export.spoken import Overheard, Spokens
from spanwright.telemetry.export.story import Story
from spanwright.telemetry.export.target import Export
from spanwright.telemetry.export.told import Told
from spanwright.telemetry.providers import Found, find
from spanwright.telemetry.recorder import SpanRecorder


class ExportRedaction(Redaction, Protocol):
    """Redacts what goes out, too."""

    def before(self, connect: Callable[[], Destination]) -> Destination:
        """Connect, and return a destination that gets redacted spans."""
        ...


class Exporter:
    """The export of one run. Make it with `recording`, follow the run with it, then ask what did not arrive."""

    def __init__(
        self, recorder: SpanRecorder, target: Export | None, outbox: Outbox | None, spokens: Spokens | None
    ) -> None:
        self.recorder = recorder
        """Records the rollouts of the run, and exports their spans."""
        self._target = target
        self._outbox = outbox
        self._spokens = spokens
        self._story = None if spokens is None else Story(self._tell, spokens)
        self._refused: Counter[str] = Counter()

    @classmethod
    @contextmanager
    def recording(
        cls, wish: "bool | Export", redaction: ExportRedaction | None = None
    ) -> Generator["Exporter", None, None]:
        """Attach a recorder whose spans are exported as `wish` says.

        True is the tracer provider that is in place, or where there is none what OTEL_EXPORTER_OTLP_* name. Raises
        UsageError where these ask for what we cannot do. With `redaction` all that goes out is redacted.
        """
        target = wish if isinstance(wish, Export) else _by_environment(asked=wish)
        if redaction is not None and target is not None:
            target = replace(target, connect=partial(redaction.before, target.connect))
        elif redaction is not None and wish and find(trace.get_tracer_provider())[0] is not Found.NOTHING:
            raise UsageError(
                "export=True hands spans to your own tracer provider, where they cannot be redacted any more",
                "Say where to, like export=Export.otlp(...), or leave redact= out",
            )
        outbox = None if target is None else Outbox(target.connect)
        try:
            with SpanRecorder.attach(
                export=bool(wish) and target is None, outlet=None if outbox is None else outbox.put
            ) as recorder:
                yield cls(recorder, target, outbox, Spokens(redaction) if wish else None)
        finally:
            if outbox is not None:
                outbox.close(0)  # has been closed with patience, unless the run was cancelled

    @property
    def observers(self) -> Sequence[Observer]:
        """Who has to be shown the events of the run."""
        return () if self._story is None else (self._story,)

    @property
    def lines(self) -> tuple[str, ...]:
        """One line about what did not arrive; none where all did, or where it is not ours to know."""
        if self._outbox is not None and self._target is not None:
            return self._outbox.lines(self._target.name)
        return tuple(
            f"export: your span processors took {count} of the run's spans with {fault}"
            for fault, count in self._refused.most_common(1)
        )

    def overheard(self, journal: Journal, cases: Iterable[Case]) -> Journal:
        """Return the journal to keep evidence in, such that inputs and outputs are exported, too."""
        if self._spokens is None:
            return journal
        self._spokens.know(cases)
        return Overheard(journal, self._spokens)

    @property
    def take(self) -> Callable[[Span], None] | None:
        """Takes a span that ended in another process and is to be exported; None where nothing is exported."""
        return None if self._story is None else self._take

    @asynccontextmanager
    async def following(self, earlier: Iterable[Event]) -> AsyncGenerator[None, None]:
        """Follow a run of which `earlier` is what other processes did. Leaving the block waits for the backend a bit.

        A block that is cancelled is left at once.
        """
        if self._story is not None:
            self._story.replay(earlier)
        try:
            yield
        except Exception:
            await self._finish()
            raise
        await self._finish()

    async def _finish(self) -> None:
        if self._story is not None:
            self._story.close()
        if self._outbox is not None and self._target is not None:
            await to_thread.run_sync(self._outbox.close, self._target.patience, abandon_on_cancel=True)

    def _tell(self, told: Told) -> None:
        self._send(told.as_span)

    def _take(self, span: Span) -> None:
        self._send(partial(readable, span))

    def _send(self, made: Callable[[Resource], ReadableSpan]) -> None:
        if self._outbox is not None:
            self._outbox.put(made(Resource({})))
            return
        try:
            self.recorder.publish(made(self.recorder.resource))
        except Exception as error:  # noqa: BLE001 - a span processor of the user's may raise anything, and the run goes on
            self._refused[f"{type(error).__name__}: {error}"] += 1


def _by_environment(*, asked: bool) -> Export | None:
    """Return the endpoint that the environment names, if it is asked for and no provider is there to export."""
    found, _ = find(trace.get_tracer_provider())
    return Export.otlp() if asked and found is Found.NOTHING and environment.is_given() else None
