"""Requests are retried in one layer, with the SDK's own retries off."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from random import Random

import anyio
import pytest
from pydantic_ai import Agent
from pydantic_ai.exceptions import FallbackExceptionGroup, ModelHTTPError, UsageLimitExceeded
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models import Model
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.test import TestModel
from pydantic_ai.settings import ModelSettings

from spanwright.models import Backoff, Retries, capabilities
from spanwright.telemetry import SpanRecorder


@dataclass
class Flaky:
    """A server that answers with each of these statuses once, then well."""

    statuses: list[int]
    headers: dict[str, str] = field(default_factory=dict)
    settings: list[ModelSettings | None] = field(default_factory=list)

    @property
    def model(self) -> FunctionModel:
        return FunctionModel(self.reply, stream_function=self.stream)

    async def reply(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        self._fail(info)
        return ModelResponse(parts=[TextPart("well")])

    async def stream(self, messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
        self._fail(info)
        yield "well"

    def _fail(self, info: AgentInfo) -> None:
        self.settings.append(info.model_settings)
        if self.statuses:
            raise ModelHTTPError(self.statuses.pop(0), "gpt", None, headers=self.headers)


class Deaf(TestModel):
    """A model that knows no `max_retries`, and would warn of it."""

    unsupported_settings = frozenset({"max_retries"})


@pytest.fixture(autouse=True)
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []

    async def sleep(delay: float) -> None:
        seconds.append(delay)

    monkeypatch.setattr(anyio, "sleep", sleep)
    return seconds


def agent_of(model: Model) -> Agent[object, str]:
    return Agent(model, name="a", capabilities=[Retries(backoff=Backoff(tries=3))])


async def test_a_rate_limit_is_waited_for_as_long_as_the_provider_asks(waited: list[float]) -> None:
    flaky = Flaky([429], headers={"retry-after": "7"})

    result = await agent_of(flaky.model).run("x")

    assert "well" == result.output
    (seconds,) = waited
    assert 7.0 <= seconds < 7.1


async def test_an_outage_is_waited_for_longer_and_longer(waited: list[float]) -> None:
    await agent_of(Flaky([503, 500]).model).run("x")

    first, second = waited
    assert 0.25 <= first <= 0.5 <= second <= 1.0


async def test_after_enough_tries_the_error_is_raised(waited: list[float]) -> None:
    flaky = Flaky([503] * 9)

    with pytest.raises(ModelHTTPError):
        await agent_of(flaky.model).run("x")

    assert 3 == len(flaky.settings)
    assert 2 == len(waited)


@pytest.mark.parametrize("status", [400, 401, 404, 422])
async def test_what_will_not_pass_is_raised_at_once(waited: list[float], status: int) -> None:
    with pytest.raises(ModelHTTPError):
        await agent_of(Flaky([status]).model).run("x")

    assert [] == waited


async def test_the_sdks_own_retries_are_off_and_other_settings_stay() -> None:
    flaky = Flaky([])

    await agent_of(flaky.model).run("x")
    await agent_of(flaky.model).run("x", model_settings={"max_retries": 5, "temperature": 0.5})

    assert [{"max_retries": 0}, {"max_retries": 0, "temperature": 0.5}] == flaky.settings


async def test_a_model_without_such_retries_is_not_told_to_switch_them_off() -> None:
    await agent_of(Deaf()).run("x")  # a warning would be an error here


async def test_a_stream_is_opened_again(waited: list[float]) -> None:
    flaky = Flaky([503, 429])

    async with agent_of(flaky.model).run_stream("x") as streamed:
        output = await streamed.get_output()

    assert "well" == output
    assert 2 == len(waited)


async def test_a_stream_that_cannot_be_opened_is_given_up() -> None:
    with pytest.raises(ModelHTTPError):
        async with agent_of(Flaky([503] * 9).model).run_stream("x") as streamed:
            await streamed.get_output()


async def test_an_error_while_the_stream_is_read_is_the_callers() -> None:
    with pytest.raises(UsageLimitExceeded):
        async with agent_of(Flaky([]).model).run_stream("x") as streamed:
            raise UsageLimitExceeded(await streamed.get_output())


async def test_a_fallback_is_tried_as_a_whole_before_anybody_waits(waited: list[float]) -> None:
    first, second = Flaky([503, 503, 503]), Flaky([429, 429])

    result = await agent_of(FallbackModel(first.model, second.model)).run("x")
    with pytest.raises(FallbackExceptionGroup):
        await agent_of(FallbackModel(Flaky([401] * 9).model, Flaky([400] * 9).model)).run("x")

    assert "well" == result.output
    assert (3, 3) == (len(first.settings), len(second.settings))
    assert 2 == len(waited)


async def test_inside_a_recording_a_run_of_ours_is_instrumented_and_retried() -> None:
    flaky = Flaky([503])

    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as recording:
            await Agent(flaky.model, name="ours").run("x", capabilities=capabilities(Retries()))

    assert 2 == len(flaky.settings)
    assert ["ours"] == [run.name for run in recording.trace.agents]
    assert 1 == recording.trace.usage.requests
    assert 1 == len(capabilities(Retries())), "outside of one there is nothing to instrument for"


def test_waiting_grows_to_a_limit_and_never_below_what_was_asked() -> None:
    backoff, jitter = Backoff(first=1.0, longest=10.0), Random(0)

    waits = [backoff.wait(tried, None, jitter) for tried in range(1, 9)]

    assert all(0.5 * min(10.0, 2**n) <= wait <= min(10.0, 2**n) for n, wait in enumerate(waits))
    assert 30.0 <= backoff.wait(1, 30.0, jitter) <= 31.0
    assert backoff.wait(1, -5.0, jitter) >= 0.0


async def test_each_request_goes_to_the_model_that_was_chosen_for_it(waited: list[float]) -> None:
    first, second = Flaky([503]), Flaky([503])
    agent = agent_of(first.model)

    for flaky in (first, second, first):
        await agent.run("x", model=flaky.model)

    assert (3, 2) == (len(first.settings), len(second.settings))
    assert 2 == len(waited)
