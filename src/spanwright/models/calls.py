"""How model requests are sent while Spanwright is at work: instrumented, and retried in one layer, ours.

The SDKs' own retries are switched off, so that a rate limit is waited for once and by one rule.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import KW_ONLY, dataclass, field
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
    """Send each request until it succeeds, fails for good, or was tried often enough."""

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
        tried = 0
        while True:
            try:
                return await super().request(messages, _once(model_settings), model_request_parameters)
            except (
                Exception
            ) as error:  # the provider's errors have no common root; what is not transient is raised again
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
        async with AsyncExitStack() as stack:
            tried = 0
            while True:
                opening = super().request_stream(messages, _once(model_settings), model_request_parameters, run_context)
                try:
                    stream = await stack.enter_async_context(opening)
                    break
                except Exception as error:  # as in `request`
                    tried += 1
                    await self._wait_or_raise(error, tried)
            yield stream

    async def _wait_or_raise(self, error: Exception, tried: int) -> None:
        if tried >= self._backoff.tries or not is_transient(error):
            raise error
        await anyio.sleep(self._backoff.wait(tried, error_retry_after(error), self._jitter))


@dataclass(init=False)
class JudgeModel(RetryingModel):
    """A judge's model: retried like any other, and instrumented, so that its cost is counted.

    It stands inside agents that are not ours, which unwrap an InstrumentedModel but not this.
    """

    def __init__(self, wrapped: Model) -> None:
        super().__init__(wrapped, Backoff(), Random(0))

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Send the request in a span of the current recording."""
        settings = _instrumentation()
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

    def get_wrapper_model(self, model: Model) -> Model:
        """Wrap the model that serves the request."""
        return RetryingModel(model, self.backoff, self.jitter)


def capabilities(retries: Retries) -> Sequence[AbstractCapability[Any]]:
    """Return what to pass as `capabilities=` to a run of ours: retries and, inside a recording, instrumentation.

    Content is always recorded: a reflector learns nothing from spans without it.
    """
    settings = _instrumentation()
    return (retries,) if settings is None else (retries, Instrumentation(settings=settings))


def _instrumentation() -> InstrumentationSettings | None:
    provider = current_provider()
    if provider is None:
        return None
    # Our meters, too: with the user's, a paid backend would count the rollouts' tokens.
    return InstrumentationSettings(
        tracer_provider=provider, meter_provider=current_meters(), include_content=True, version=5
    )


def _once(settings: ModelSettings | None) -> ModelSettings:
    once = ModelSettings() if settings is None else settings.copy()
    once["max_retries"] = 0
    return once
