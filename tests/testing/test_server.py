import json

import anyio
import httpx2
import openai
import pytest

from spanwright.testing.simulated.canned import Canned, Dice, Scripted
from spanwright.testing.simulated.latency import Latency
from spanwright.testing.simulated.log import CallLog, Page
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.transport import in_process
from spanwright.testing.simulated.wire import ChatReply, ChatRequest, ToolRequest
from spanwright.testing.virtual import run_virtual

USER = {"role": "user", "content": "What is in JSON?"}
TOOL = {"type": "function", "function": {"name": "look", "description": "Looks.", "parameters": {"type": "object"}}}
ASKING = {
    "role": "assistant",
    "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}],
}
TWO_CALLS = ChatReply(
    text="Looking.",
    calls=(
        ToolRequest(id="", name="look", arguments='{"at": "the first of two things, quite long"}'),
        ToolRequest(id="", name="look", arguments='{"at": 2}'),
    ),
)


def client_of(model, *, salt="salt", **laws):
    app = simulated_app({"sim": model}, salt=salt, **laws)
    return in_process(app).client.with_options(max_retries=0)


async def ask(client, **changes):
    return await client.chat.completions.create(**{"model": "sim", "messages": [USER]} | changes)


async def texts(client, count, **changes):
    return [(await ask(client, **changes)).choices[0].message.content for _ in range(count)]


async def test_an_answer_has_text_usage_and_a_reason_for_its_end():
    answer = await ask(client_of(Canned([ChatReply(text="x" * 40)])))

    assert "x" * 40 == answer.choices[0].message.content
    assert "stop" == answer.choices[0].finish_reason
    assert (4, 10, 14) == (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens)


async def test_parallel_tool_calls_have_ids_of_their_own():
    answer = await ask(client_of(Canned([TWO_CALLS])), tools=[TOOL])
    first, second = answer.choices[0].message.tool_calls

    assert "tool_calls" == answer.choices[0].finish_reason
    assert '{"at": 2}' == second.function.arguments
    assert first.id != second.id


async def test_a_client_that_wants_one_call_at_a_time_gets_one():
    answer = await ask(client_of(Canned([TWO_CALLS])), tools=[TOOL], parallel_tool_calls=False)

    assert 1 == len(answer.choices[0].message.tool_calls)


async def test_an_answer_longer_than_the_limit_ends_there():
    cut = await ask(client_of(Canned([ChatReply(text="x" * 40)])), max_completion_tokens=3)
    in_the_call = await ask(client_of(Canned([TWO_CALLS])), tools=[TOOL], max_tokens=5)

    assert ("x" * 12, "length") == (cut.choices[0].message.content, cut.choices[0].finish_reason)
    assert ['{"at": "'] == [call.function.arguments for call in in_the_call.choices[0].message.tool_calls]
    assert "length" == in_the_call.choices[0].finish_reason


async def test_a_stream_carries_the_same_answer_in_pieces():
    client = client_of(Canned([TWO_CALLS]))
    whole = await ask(client, tools=[TOOL], seed=1)
    text, arguments, finish, usage, ids = "", ["", ""], None, None, set()
    stream = await ask(client, tools=[TOOL], seed=1, stream=True, stream_options={"include_usage": True})
    async for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            finish = choice.finish_reason or finish
            for call in choice.delta.tool_calls or ():
                arguments[call.index] += call.function.arguments or ""
                ids |= {call.id} - {None}

    assert whole.choices[0].message.content == text
    assert [call.function.arguments for call in whole.choices[0].message.tool_calls] == arguments
    assert {call.id for call in whole.choices[0].message.tool_calls} == ids
    assert (whole.choices[0].finish_reason, whole.usage) == (finish, usage)


async def test_a_stream_tells_its_usage_only_when_asked():
    stream = await ask(client_of(Dice()), stream=True)

    assert [None] == list({chunk.usage async for chunk in stream})


async def test_the_model_sees_what_the_client_sent():
    seen: list[ChatRequest] = []
    client = client_of(Scripted(lambda request: seen.append(request) or ChatReply()))
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    await ask(
        client,
        messages=[
            {"role": "system", "content": [{"type": "text", "text": "Be"}, {"type": "text", "text": "brief."}]},
            USER,
            ASKING,
            {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
        ],
        tools=[TOOL],
        tool_choice={"type": "function", "function": {"name": "look"}},
        response_format={"type": "json_schema", "json_schema": {"name": "out", "schema": schema}},
        temperature=0.5,
        seed=7,
    )
    [request] = seen

    assert ["Be\nbrief.", "What is in JSON?", "", "a cat"] == [message.content for message in request.messages]
    assert (ToolRequest(id="c1", name="look", arguments="{}"),) == request.messages[2].tool_calls
    assert "c1" == request.messages[3].tool_call_id
    assert ("look", "Looks.") == (request.tools[0].name, request.tools[0].description)
    assert ("look", "json_schema", schema) == (request.tool_choice, request.response_format, request.response_schema)
    assert (0.5, 7) == (request.temperature, request.seed)


async def test_allowed_tools_narrow_what_the_model_sees():
    seen: list[ChatRequest] = []
    client = client_of(Scripted(lambda request: seen.append(request) or ChatReply()))
    other = {"type": "function", "function": {"name": "wait"}}
    allowed = {"mode": "required", "tools": [{"type": "function", "function": {"name": "wait"}}]}
    await ask(client, tools=[TOOL, other], tool_choice={"type": "allowed_tools", "allowed_tools": allowed})

    assert (["wait"], "required") == ([tool.name for tool in seen[0].tools], seen[0].tool_choice)


async def test_servings_of_one_request_differ_and_two_servers_of_one_salt_agree():
    one, other = await texts(client_of(Dice()), 5), await texts(client_of(Dice()), 5)

    assert 5 == len(set(one))
    assert one == other
    assert one != await texts(client_of(Dice(), salt="another"), 5)


async def test_a_seed_gives_the_same_answer_each_time():
    client = client_of(Dice())

    assert 1 == len(set(await texts(client, 3, seed=1)))
    assert await texts(client, 1, seed=1) != await texts(client, 1, seed=2)


async def test_answers_do_not_depend_on_order_or_company():
    def messages(number):
        return [{"role": "user", "content": f"{number}"}]

    async def roll(client, number, into):
        into[number] = (await ask(client, messages=messages(number))).choices[0].message.content

    alone, together = {}, {}
    for number in range(20):
        await roll(client_of(Dice()), number, alone)
    client = client_of(Dice())
    async with anyio.create_task_group() as group:
        for number in reversed(range(20)):
            group.start_soon(roll, client, number, together)

    assert alone == together


def test_a_client_that_gives_up_does_not_use_up_a_serving():
    log = CallLog()

    async def main():
        client = client_of(Dice(), latency=Latency(scale=1.0), log=log)
        with anyio.move_on_after(0.01) as scope:
            await ask(client)
        return scope.cancelled_caught, await texts(client, 2)

    given_up, said = run_virtual(main())

    assert given_up
    assert ["abandoned", "served", "served"] == [call.outcome for call in log.page(0.0).calls]
    assert run_virtual(texts(client_of(Dice()), 2)) == said


async def test_an_unknown_model_is_named():
    with pytest.raises(openai.NotFoundError) as caught:
        await ask(client_of(Dice()), model="gpt-99")

    assert "model_not_found" == caught.value.code
    assert "`gpt-99`" in caught.value.message


async def test_models_are_found_by_glob_and_listed():
    app = simulated_app({"sim-*": Canned([ChatReply(text="any")]), "sim-one": Canned([ChatReply(text="one")])})
    client = in_process(app).client

    assert ["any"] == await texts(client, 1, model="sim-two")
    assert ["one"] == await texts(client, 1, model="sim-one")
    assert ["sim-*", "sim-one"] == [model.id async for model in client.models.list()]
    assert "sim-two" == (await client.models.retrieve("sim-two")).id
    with pytest.raises(openai.NotFoundError):
        await client.models.retrieve("other")


async def test_a_page_that_is_not_there_is_an_error_in_the_usual_shape():
    with pytest.raises(openai.NotFoundError, match="Invalid URL"):
        await client_of(Dice()).embeddings.create(model="sim", input="x")


async def test_a_broken_model_is_a_bug_and_not_an_answer():
    log = CallLog()
    client = client_of(Scripted(lambda _: {}["missing"]), log=log)

    with pytest.raises(KeyError, match="missing"):
        await ask(client)
    assert ["abandoned"] == [call.outcome for call in log.page(anyio.current_time()).calls]


async def test_the_log_counts_at_the_server():
    app = simulated_app({"sim": Dice(), "other": Dice()})
    client = in_process(app).client.with_options(max_retries=0)
    await texts(client, 3)
    await texts(client, 1, model="other")
    with pytest.raises(openai.NotFoundError):
        await ask(client, model="gpt-99")
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://simulated") as plain:
        answered = (await plain.get("/log")).content
    report, page = json.loads(answered), Page.from_json(answered)

    assert {"sim": 3, "other": 1} == report["served"] == page.served
    assert 1 == report["failed"] == page.failed
    assert ["served"] * 4 + ["refused"] == [call.outcome for call in page.calls]
    assert all(call.ended is not None and call.ended >= call.started for call in page.calls)
    assert "does not exist" in page.calls[-1].detail
    assert 4 == page.calls[0].input_tokens


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"{", "could not parse"),
        (b'{"model": "sim"}', "Missing required parameter: 'messages'."),
        (b'{"model": "sim", "messages": []}', "empty array"),
        (b'{"model": "sim", "messages": [{"role": "boss", "content": "x"}]}', "'messages[0].role'"),
        (b'{"model": "sim", "messages": [{"role": "user", "content": "x"}], "n": 2}', "'n'"),
        (
            b'{"model": "sim", "messages": [{"role": "user"}], "response_format": {"type": "json_object"}}',
            "must contain the word 'json'",
        ),
        (
            b'{"model": "sim", "messages": [{"role": "tool", "tool_call_id": "c1", "content": "x"}]}',
            "must be a response to a preceeding message",
        ),
        (
            json.dumps({"model": "sim", "messages": [ASKING, USER]}).encode(),
            "did not have response messages: c1",
        ),
    ],
)
async def test_a_malformed_request_is_refused_in_the_words_of_openai(body, complaint):
    app = simulated_app({"sim": Dice()})
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://simulated") as client:
        answer = await client.post("/v1/chat/completions", content=body)

    assert 400 == answer.status_code
    assert "invalid_request_error" == answer.json()["error"]["type"]
    assert complaint in answer.json()["error"]["message"]
