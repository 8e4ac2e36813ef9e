"""How model requests are sent while Spanwright is at work: instrumented, and retried in one layer, ours.

The SDKs' own retries are switched off, so that a rate limit is waited for once and by one rule.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from random import Random
from typing import Any

import anyio
from pydantic_ai import InstrumentationSettings
from pydantic_ai.capabilities import AbstractCapability, Instrumentation
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.models.instrumented import InstrumentedModel
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import RunContext

from spanwright.models.boundary import error_retry_after, is_transient
from spanwright.models.clocks import waiting
from spanwright.models.hedging import Race
from spanwright.models.traffic import current_traffic
from spanwright.models.trip import Trip, innermost
from spanwright.telemetry import current_meters, current_provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """When a transient failure of a model request is tried again."""

    tries: int = 7
    first: float = 0.5
    """Seconds before the second try; doubled for each further one."""
    longest: float = 60.0

    def wait(self, tried: int, asked: float | None, jitter: Random) -> float:
        """Return the seconds to wait after `tried` failures; what the provider asked for is the least."""
        drawn = min(self.longest, self.first * 2 ** (tried - 1)) * jitter.uniform(0.5, 1.0)
        return drawn if asked is None else max(asked, 0.0) + drawn * 0.1


@dataclass(init=False)
class RetryingModel(WrapperModel):
    """Send each request until it succeeds, fails for good, or was tried often enough.

    While a run goes on, each try goes through the lane of its model. To wait there, or between two tries, is no work.
    """

    def __init__(self, wrapped: Model, backoff: Backoff, jitter: Random) -> None:
        super().__init__(wrapped)
        self._backoff = backoff
        self._jitter = jitter

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Send the request, retried."""
        settings = self._once(model_settings)
        tried = 0
        while True:
            try:
                return await self._sent(
                    partial(self.wrapped.request, messages, settings, model_request_parameters), again=tried > 0
                )
            except Exception as error:  # noqa: BLE001  (providers' errors have no common root; all but a passing one is raised again)
                tried += 1
                await self._wait_or_raise(error, tried)

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,
    ) -> AsyncGenerator[StreamedResponse]:
        """Open the stream, retried; once it is open, a failure is the caller's."""
        settings = self._once(model_settings)
        tried = 0
        while True:
            opening = super().request_stream(messages, settings, model_request_parameters, run_context)
            try:
                async with AsyncExitStack() as stack:
                    trip = await stack.enter_async_context(Trip(innermost(self), again=tried > 0))
                    stream = await stack.enter_async_context(opening)
                    trip.opened()
                    opened = stack.pop_all()
                break
            except Exception as error:  # noqa: BLE001  (as in `request`)
                tried += 1
                await self._wait_or_raise(error, tried)
        async with opened:
            yield stream
            trip.answered(stream.usage.total_tokens)

    async def _sent(self, send: Callable[[], Awaitable[ModelResponse]], *, again: bool) -> ModelResponse:
        """Send the request once; where the run says so, with a second one beside it that is sent if it is slow."""
        model, traffic = innermost(self), current_traffic()
        async with Trip(model, again=again) as trip:
            if traffic is None or traffic.group is None or trip.hedge is None:
                response, own = await send(), True
            else:
                response, own = await Race(model, send, traffic).run(trip.hedge, traffic.group)
            if own:
                trip.answered(response.usage.total_tokens)
        return response

    def _once(self, settings: ModelSettings | None) -> ModelSettings | None:
        """Switch the SDK's retries off, where it has any: a model that knows no such setting would warn of it."""
        if "max_retries" in innermost(self).unsupported_settings:
            return settings
        return ModelSettings(max_retries=0) if settings is None else {**settings, "max_retries": 0}

    async def _wait_or_raise(self, error: Exception, tried: int) -> None:
        if tried >= self._backoff.tries or not is_transient(error):
            raise error
        with waiting():
            await anyio.sleep(self._backoff.wait(tried, error_retry_after(error), self._jitter))


@dataclass(init=False)
class JudgeModel(RetryingModel):
    """A judge's model: retried like any other, and instrumented, so that its cost is counted.

    It stands inside agents that are not ours, which unwrap an InstrumentedModel but not this.
    """

    def __init__(self, wrapped: Model, backoff: Backoff | None = None) -> None:
        super().__init__(wrapped, backoff or Backoff(), Random(0))
        self._instruments = Instruments()

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Send the request in a span of the current recording."""
        settings = self._instruments.settings
        if settings is None:
            return await super().request(messages, model_settings, model_request_parameters)
        instrumented = RetryingModel(InstrumentedModel(self.wrapped, settings), self._backoff, self._jitter)
        return await instrumented.request(messages, model_settings, model_request_parameters)


@dataclass
class Retries(AbstractCapability[Any]):
    """Give every model request of a run our retries in place of the SDK's."""

    _: KW_ONLY
    id: str | None = "spanwright-retries"
    backoff: Backoff = field(default_factory=Backoff)
    jitter: Random = field(default_factory=lambda: Random(0))
    _latest: RetryingModel | None = field(default=None, init=False, repr=False, compare=False)

    def get_wrapper_model(self, model: Model) -> Model:
        """Wrap the model that serves the request: mostly that of the request before."""
        if self._latest is None or self._latest.wrapped is not model:
            self._latest = RetryingModel(model, self.backoff, self.jitter)
        return self._latest


class Instruments:
    """What to instrument a run with inside a recording; made once, because it takes as long as a tenth of a run.

    Content is always recorded: a reflector learns nothing from spans without it.
    """

    def __init__(self) -> None:
        self._provider: object = None
        self._instrumentation: Instrumentation | None = None

    @property
    def instrumentation(self) -> Instrumentation | None:
        """The capability that makes spans for the current recording; None outside of one."""
        provider = current_provider()
        if provider is None:
            return None
        if self._instrumentation is None or self._provider is not provider:
            meters = current_meters()
            settings = InstrumentationSettings(
                tracer_provider=provider,
                meter_provider=meters,
                include_content=True,
                # Traces drop them, so they are only written where the spans go to the user's backend, too.
                include_model_request_parameters=meters is None,
                version=5,
            )
            self._provider, self._instrumentation = provider, Instrumentation(settings=settings)
        return self._instrumentation

    @property
    def settings(self) -> InstrumentationSettings | None:
        """The settings that the capability has."""
        instrumentation = self.instrumentation
        return None if instrumentation is None else instrumentation.settings


def capabilities(retries: Retries) -> Sequence[AbstractCapability[Any]]:
    """Return what to pass as `capabilities=` to a run of ours: retries and, inside a recording, instrumentation."""
    instrumentation = Instruments().instrumentation
    return (retries,) if instrumentation is None else (retries, instrumentation)
