import contextlib
from collections import Counter

import anyio
import openai
import pytest

from spanwright.testing.simulated.canned import Canned, Dice
from spanwright.testing.simulated.faults import Fault, FaultKind
from spanwright.testing.simulated.host import serve
from spanwright.testing.simulated.latency import Latency
from spanwright.testing.simulated.log import CallLog
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.transport import in_process, over_socket
from spanwright.testing.simulated.wire import ChatReply, ToolRequest
from spanwright.testing.virtual import run_virtual

CALL = Canned([ChatReply(calls=(ToolRequest(id="", name="look", arguments='{"at": 1}'),))])
RETRIED = (
    Fault(kind=FaultKind.RATE_LIMIT, probability=0.1),
    Fault(kind=FaultKind.RATE_LIMIT, probability=0.1, retry_after=2.0),
    Fault(kind=FaultKind.SERVER_ERROR, probability=0.1),
    Fault(kind=FaultKind.UNAVAILABLE, probability=0.05),
    Fault(kind=FaultKind.RESET, probability=0.1),
    Fault(kind=FaultKind.HANG, probability=0.05, seconds=60),
)


def failing(kind, *, model=None, log=None, **more):
    return simulated_app({"sim": model or Dice()}, faults=[Fault(kind=kind, probability=1.0, **more)], log=log)


async def ask(client, text="hi", **changes):
    return await client.chat.completions.create(model="sim", messages=[{"role": "user", "content": text}], **changes)


@pytest.mark.parametrize(
    ("kind", "error", "code"),
    [
        (FaultKind.RATE_LIMIT, openai.RateLimitError, "rate_limit_exceeded"),
        (FaultKind.SERVER_ERROR, openai.InternalServerError, None),
        (FaultKind.UNAVAILABLE, openai.InternalServerError, None),
    ],
)
async def test_a_status_fault_is_that_status_in_the_shape_of_openai(kind, error, code):
    with pytest.raises(error) as caught:
        await ask(in_process(failing(kind)).client.with_options(max_retries=0))

    assert int(kind) == caught.value.status_code
    assert code == caught.value.code


@pytest.mark.parametrize(("seconds", "header"), [(None, None), (1.5, "2")])
async def test_a_rate_limit_says_when_to_come_back_or_does_not(seconds, header):
    app = failing(FaultKind.RATE_LIMIT, retry_after=seconds)
    with pytest.raises(openai.RateLimitError) as caught:
        await ask(in_process(app).client.with_options(max_retries=0))

    assert header == caught.value.response.headers.get("retry-after")


@pytest.mark.parametrize(("seconds", "header"), [(1.5, "1.5s"), (362.0, "6m2s")])
async def test_a_rate_limit_may_tell_when_its_limit_is_whole_again_as_openai_does(seconds, header):
    with pytest.raises(openai.RateLimitError) as caught:
        await ask(in_process(failing(FaultKind.RATE_LIMIT, reset_after=seconds)).client.with_options(max_retries=0))

    assert header == caught.value.response.headers["x-ratelimit-reset-requests"]


async def test_a_wrong_key_is_a_401():
    with pytest.raises(openai.AuthenticationError):
        await ask(in_process(failing(FaultKind.UNAUTHORIZED)).client)


async def test_an_answer_may_be_json_of_another_shape():
    answer = await ask(in_process(failing(FaultKind.WRONG_SCHEMA)).client)

    assert "see data" == answer.choices


async def test_a_slow_or_a_huge_answer_is_served_and_is_what_it_would_have_been():
    log = CallLog()
    slow = failing(FaultKind.SLOW, model=Canned([ChatReply(text="ok")]), log=log, seconds=0.05)
    huge = failing(FaultKind.HUGE, model=Canned([ChatReply(text="ok")]))

    answers = [await ask(in_process(app).client) for app in (slow, huge)]
    [call] = log.page(0.0).calls

    assert ["ok", "ok"] == [answer.choices[0].message.content for answer in answers]
    assert "served" == call.outcome
    assert call.ended is not None
    assert call.ended - call.started >= 0.05


def test_a_storm_begins_and_passes():
    async def statuses():
        storm = Fault(kind=FaultKind.RATE_LIMIT, probability=1.0, between=(10.0, 20.0))
        client = in_process(simulated_app({"sim": Dice()}, faults=[storm])).client.with_options(max_retries=0)
        seen = []
        for _ in range(6):
            try:
                await ask(client)
                seen.append(200)
            except openai.RateLimitError:
                seen.append(429)
            await anyio.sleep(5)
        return seen

    assert [200, 200, 429, 429, 200, 200] == run_virtual(statuses())


def test_a_server_may_refuse_what_is_more_than_it_can_do_at_once():
    async def refused():
        log = CallLog()
        rule = Fault(kind=FaultKind.RATE_LIMIT, probability=1.0, above=3)
        app = simulated_app({"sim": Dice()}, faults=[rule], latency=Latency(scale=1.0), log=log)
        client = in_process(app).client.with_options(max_retries=0)

        async def one(number):
            with contextlib.suppress(openai.RateLimitError):
                await ask(client, f"{number}")

        async with anyio.create_task_group() as group:
            for number in range(5):
                group.start_soon(one, number)
        return Counter(call.outcome for call in log.page(0.0).calls)

    assert {"served": 3, "faulted": 2} == run_virtual(refused())


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_reset_is_a_connection_error_in_process_and_over_a_socket(streamed):
    async def read(client):
        answer = await ask(client, stream=streamed)
        if streamed:
            async for _ in answer:
                pass

    app = failing(FaultKind.RESET)
    with pytest.raises(openai.APIConnectionError):
        await read(in_process(app).client.with_options(max_retries=0))
    with serve(app) as url:
        async with over_socket(url) as provider:
            with pytest.raises(openai.APIConnectionError):
                await read(provider.client.with_options(max_retries=0))


async def test_a_hang_lasts_until_the_client_leaves():
    log = CallLog()
    with serve(failing(FaultKind.HANG, log=log)) as url:
        async with over_socket(url) as provider:
            with pytest.raises(openai.APITimeoutError):
                await ask(provider.client.with_options(max_retries=0, timeout=0.05))
    [call] = log.page(0.0).calls

    assert ("faulted", "hang") == (call.outcome, call.detail)
    assert call.ended is not None
    assert call.ended - call.started < 5


def test_a_hang_ends_in_a_gateway_time_out():
    async def main():
        with pytest.raises(openai.InternalServerError) as caught:
            await ask(in_process(failing(FaultKind.HANG, seconds=60)).client.with_options(max_retries=0))
        return caught.value.status_code, anyio.current_time()

    assert (504, 60.0) == run_virtual(main())


async def test_truncated_json_cannot_be_read():
    with pytest.raises((ValueError, openai.APIError)):
        await ask(in_process(failing(FaultKind.TRUNCATED)).client)


async def test_an_answer_may_come_without_choices():
    client = in_process(failing(FaultKind.EMPTY_CHOICES)).client

    assert [] == (await ask(client)).choices
    assert [[]] == [chunk.choices async for chunk in await ask(client, stream=True)]


async def test_an_answer_may_end_in_the_middle_for_its_length():
    client = in_process(failing(FaultKind.LENGTH, model=Canned([ChatReply(text="12345678")]))).client
    choice = (await ask(client)).choices[0]

    assert ("1234", "length") == (choice.message.content, choice.finish_reason)


async def test_arguments_may_be_invalid_and_an_answer_without_calls_is_left_alone():
    log = CallLog()
    call = await ask(in_process(failing(FaultKind.BAD_ARGUMENTS, model=CALL, log=log)).client)
    await ask(in_process(failing(FaultKind.BAD_ARGUMENTS, log=log)).client)

    assert '{"at": 1,' == call.choices[0].message.tool_calls[0].function.arguments
    assert ["faulted", "served"] == [each.outcome for each in log.page(anyio.current_time()).calls]


async def test_faults_keep_to_their_models_and_rates():
    log = CallLog()
    faults = [
        Fault(kind=FaultKind.SERVER_ERROR, probability=0.2, models="sim"),
        Fault(kind=FaultKind.LENGTH, probability=0.3),
        Fault(kind=FaultKind.UNAVAILABLE, probability=1.0, models="other"),
    ]
    client = in_process(simulated_app({"sim": Dice()}, faults=faults, log=log)).client.with_options(max_retries=0)
    for number in range(400):
        try:
            await ask(client, f"{number}")
        except openai.InternalServerError:
            continue
    seen = Counter(call.detail or "served" for call in log.page(anyio.current_time()).calls)

    assert {"served", "500", "length"} == set(seen)
    assert 0.14 < seen["500"] / 400 < 0.26
    assert 0.23 < seen["length"] / 400 < 0.37


def test_answers_after_retries_are_those_of_a_run_without_faults():
    async def rolls(faults, log):
        client = in_process(simulated_app({"sim": Dice()}, salt="s", faults=faults, log=log)).client
        rolled: dict[int, list[str]] = {}

        async def roll(number):
            patient = client.with_options(max_retries=20)
            rolled[number] = [(await ask(patient, f"{number}")).choices[0].message.content for _ in range(3)]

        async with anyio.create_task_group() as group:
            for number in range(40):
                group.start_soon(roll, number)
        return rolled

    calm, stormy = CallLog(), CallLog()
    expected, actual = run_virtual(rolls((), calm)), run_virtual(rolls(RETRIED, stormy))

    assert expected == actual
    assert calm.page(0).served == stormy.page(0).served
    assert 0 == calm.page(0).failed
    assert {"429", "500", "503", "reset", "hang"} <= {call.detail for call in stormy.page(0).calls}
