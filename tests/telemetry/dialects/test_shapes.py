"""Shapes that the recorded story does not have: streams, pieces, wrappings, handoffs, older and broken forms."""

import json
from collections.abc import Mapping

import pytest

from spanwright.core.trace import Attribute, Span, SpanEvent
from spanwright.telemetry.facts import AskedCall, facts_of, folded

T = "1" * 32


def span(span_id: str, name: str = "x", *, scope: str = "", at: float = 0.0, **more: object) -> Span:
    attributes: Mapping[str, Attribute] = more.pop("attributes", {})  # type: ignore[assignment]
    return Span(
        trace_id=T, span_id=span_id, name=name, scope=scope, started=at, ended=at + 1, attributes=attributes, **more
    )


def chat(span_id: str = "c", *, at: float = 0.0, **attributes: Attribute) -> Span:
    named = {key.replace("_0_", "."): value for key, value in attributes.items()}
    return span(span_id, at=at, scope="some.library", attributes={"gen_ai.operation.name": "chat", **named})


def spoken(*parts: dict, role: str = "assistant") -> str:
    return json.dumps([{"role": role, "parts": [*parts]}])


def test_an_answer_in_several_messages_is_one_answer():
    said = json.dumps(
        [
            {"role": "assistant", "parts": [{"type": "text", "content": "Let me look."}], "finish_reason": "stop"},
            {"role": "assistant", "parts": [{"type": "tool_call", "id": "1", "name": "look", "arguments": {"a": 1}}]},
        ]
    )
    call = chat(**{"gen_ai.output.messages": said, "gen_ai.response.finish_reasons": ("stop", "tool_calls")})
    (facts,) = facts_of([call]).agents[0].model_calls

    assert ("Let me look.", "tool_call") == (facts.output_text, facts.finish_reason)
    assert (AskedCall(id="1", name="look", arguments={"a": 1}),) == facts.tool_calls


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (("tool_calls",), "tool_call"),
        (("tool-calls",), "tool_call"),
        ('["length"]', "length"),
        ("max_tokens", "length"),
        (("FinishReason.MAX_TOKENS",), "length"),
        ("end_turn", "stop"),
        (("content_filter",), "content_filter"),
        ((), None),
        ("[1]", None),
    ],
)
def test_a_finish_reason_has_one_spelling(said, expected):
    call = chat(**{"gen_ai.response.finish_reasons": said, "gen_ai.request.model": "m"})

    assert expected == facts_of([call]).agents[0].model_calls[0].finish_reason


def test_pictures_and_thoughts_are_no_text():
    heard = spoken(
        {"type": "text", "content": "What is it?"},
        {"type": "blob", "mime_type": "image/png", "content": "A" * 9_000},
        role="user",
    )
    said = spoken({"type": "reasoning", "content": "hm"}, {"type": "text", "content": "A cat. 猫"})
    call = chat(**{"gen_ai.input.messages": heard, "gen_ai.output.messages": said})
    (trace,) = folded([call])
    picture = trace.model_calls[0].messages[0].parts[1]

    assert "A cat. 猫" == facts_of([call]).final_output
    assert ("other", True) == (picture.kind, len(picture.text) < 200)


def test_several_system_messages_are_one_prompt():
    heard = json.dumps(
        [
            {"role": "system", "parts": [{"type": "text", "content": "Be kind."}]},
            {"role": "developer", "parts": [{"type": "text", "content": "Be brief."}]},
        ]
    )
    call = chat(
        **{"gen_ai.input.messages": heard, "gen_ai.system_instructions": '[{"type":"text","content":"You are X."}]'}
    )

    assert "You are X.\n\nBe kind.\n\nBe brief." == facts_of([call]).agents[0].system_prompt


def test_tools_of_which_only_messages_tell_are_paired_by_order_where_ids_differ():
    asked = [{"type": "tool_call", "id": f"fc_{name}", "name": name, "arguments": {}} for name in "ab"]
    told = [{"type": "tool_call_response", "id": f"call_{name}", "response": name.upper()} for name in "ab"]
    history = json.dumps([{"role": "assistant", "parts": asked}, {"role": "tool", "parts": told}])
    calls = [chat(**{"gen_ai.output.messages": spoken(*asked)}), chat("d", at=2, **{"gen_ai.input.messages": history})]

    assert [("a", "A"), ("b", "B")] == [(tool.name, tool.result) for tool in facts_of(calls).tool_calls]


def test_a_call_that_the_model_never_got_an_answer_to_was_not_executed():
    asked = {"type": "tool_call", "id": "1", "name": "look", "arguments": {}}

    assert () == facts_of([chat(**{"gen_ai.output.messages": spoken(asked)})]).tool_calls


def test_a_model_call_that_failed_has_no_answer():
    failed = chat(**{"gen_ai.request.model": "m", "gen_ai.response.model": "m"})
    event = SpanEvent(name="exception", time=0, attributes={"exception.type": "RateLimit", "exception.message": "429"})
    (trace,) = folded([Span(**{**_fields(failed), "status": "error", "events": (event,)})])

    assert ("RateLimit: 429", "", 0) == (
        trace.model_calls[0].error,
        trace.model_calls[0].response_model,
        trace.usage.requests,
    )


def _fields(one: Span) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__slots__}


def event(name: str, **attributes: Attribute) -> SpanEvent:
    return SpanEvent(name=name, time=0.0, attributes=attributes)


def test_messages_in_events_are_read_in_both_older_forms():
    body = SpanEvent(name="gen_ai.user.message", time=0, attributes={"gen_ai.event.content": '{"content": "Hi"}'})
    choice = event("gen_ai.choice", message='{"content": "Ho"}', finish_reason="length", index=0)
    call = span("c", attributes={"gen_ai.operation.name": "chat"}, events=(body, choice))
    (facts,) = facts_of([call]).agents[0].model_calls

    assert ("Ho", "length") == (facts.output_text, facts.finish_reason)
    assert "Hi" == folded([call])[0].model_calls[0].messages[0].parts[0].text


def test_bedrock_blocks_in_events_are_read():
    said = '[{"text": "Wait."}, {"toolUse": {"toolUseId": "t1", "name": "look", "input": {"a": 1}}}]'
    call = span(
        "c",
        attributes={"gen_ai.operation.name": "chat"},
        events=(event("gen_ai.user.message", content='[{"text": "Hi"}]'), event("gen_ai.choice", message=said)),
    )
    (facts,) = facts_of([call]).agents[0].model_calls

    assert ("Wait.", (AskedCall(id="t1", name="look", arguments={"a": 1}),)) == (facts.output_text, facts.tool_calls)


def test_data_that_a_tool_returned_is_not_taken_for_content():
    rows = json.dumps([{"text": "a", "score": 1}, {"text": "b", "score": 2}])
    asked = {"type": "tool_call", "id": "1", "name": "look", "arguments": {}}
    told = json.dumps([{"role": "tool", "parts": [{"type": "tool_call_response", "id": "1", "response": rows}]}])
    calls = [chat(**{"gen_ai.output.messages": spoken(asked)}), chat("d", at=2, **{"gen_ai.input.messages": told})]

    assert json.loads(rows) == facts_of(calls).tool_calls[0].result


ADK = "gcp.vertex.agent"


def adk_tool(span_id: str, name: str, result: str, **more: object) -> Span:
    attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name, "gen_ai.tool.call.result": result}
    return span(span_id, f"execute_tool {name}", scope=ADK, attributes=attributes, **more)


def test_adk_wraps_what_is_no_object_and_merges_what_ran_side_by_side():
    tools = [
        adk_tool("a", "count", '{"result": 7}'),
        adk_tool("b", "name", '{"result": "Ü"}', at=1),
        adk_tool("c", "none", '{"result": null}', at=2),
        adk_tool("d", "both", '{"result": 1, "more": 2}', at=3),
        adk_tool("e", "(merged tools)", "{}", at=4),
    ]

    assert [7, "Ü", None, {"result": 1, "more": 2}] == [tool.result for tool in facts_of(tools).tool_calls]


def test_an_older_adk_writes_whole_requests():
    request = {
        "model": "gemini",
        "config": {"system_instruction": "You are X.", "tools": [{"function_declarations": [{"name": "look"}]}]},
        "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
    }
    response = {
        "content": {"role": "model", "parts": [{"function_call": {"id": "1", "name": "look", "args": {"a": 1}}}]},
        "usage_metadata": {"prompt_token_count": 3, "candidates_token_count": 4},
    }
    call = span(
        "c",
        "call_llm",
        scope=ADK,
        attributes={
            "gcp.vertex.agent.llm_request": json.dumps(request),
            "gcp.vertex.agent.llm_response": json.dumps(response),
        },
    )
    (agent,) = facts_of([call]).agents

    assert ("You are X.", "gemini", 3, 4) == (
        agent.system_prompt,
        agent.model_calls[0].model,
        agent.model_calls[0].input_tokens,
        agent.model_calls[0].output_tokens,
    )
    assert (AskedCall(id="1", name="look", arguments={"a": 1}),) == agent.model_calls[0].tool_calls


def test_langsmith_wraps_what_is_no_object():
    kinds = {"langsmith.span.kind": "tool", "gen_ai.prompt": "{}"}
    tools = [
        span("a", "count", scope="langsmith", attributes={**kinds, "gen_ai.completion": '{"output": [1]}'}),
        span("b", "none", scope="langsmith", at=1, attributes={**kinds, "gen_ai.completion": '{"output": null}'}),
        span("c", "more", scope="langsmith", at=2, attributes={**kinds, "gen_ai.completion": '{"a": 1}'}),
    ]

    assert [[1], None, {"a": 1}] == [tool.result for tool in facts_of(tools).tool_calls]


def test_a_chain_of_langsmith_that_only_calls_chains_is_no_agent():
    chain = {"langsmith.span.kind": "chain"}
    llm = {"langsmith.span.kind": "llm", "gen_ai.request.model": "m"}
    spans = [
        span("a", "pipeline", scope="langsmith", attributes=chain),
        span("b", "desk", scope="langsmith", parent_id="a", attributes=chain),
        span("c", "format", scope="langsmith", parent_id="b", attributes=chain),
        span("d", "ChatOpenAI", scope="langsmith", parent_id="b", attributes=llm),
    ]

    assert [("desk", None)] == [(agent.name, agent.parent_agent) for agent in facts_of(spans).agents]


def test_a_handoff_of_the_agents_sdk_is_no_tool_call():
    kind = {"openinference.span.kind": "TOOL", "input.value": "a", "output.value": "b"}
    handoff = span("a", "handoff to b", scope="openinference.instrumentation.openai_agents", attributes=kind)
    traceloop = span("b", "a → b.handoff", attributes={"traceloop.span.kind": "handoff", "gen_ai.agent.name": "a"})

    assert () == facts_of([handoff, traceloop]).tool_calls


def test_a_streamed_answer_of_logfire_is_that_of_its_request():
    asked = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}])
    request = {"gen_ai.request.model": "m", "gen_ai.input.messages": asked, "gen_ai.operation.name": "chat"}
    answer = {
        **request,
        "duration": 0.5,
        "gen_ai.output.messages": spoken({"type": "text", "content": "Ho"}),
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 4,
    }
    spans = [
        span("a", "Chat Completion with {request_data[model]!r}", scope="logfire.openai", attributes=request),
        span("b", "streaming response from {request_data[model]!r} took", scope="logfire.openai", attributes=answer),
    ]
    facts = facts_of(spans)

    assert ("Ho", 3, 4) == (
        facts.agents[0].model_calls[0].output_text,
        facts.agents[0].model_calls[0].input_tokens,
        facts.agents[0].model_calls[0].output_tokens,
    )
    assert (1, ()) == (len(facts.agents[0].model_calls), facts.hazards)


def test_positional_arguments_of_traceloop_get_their_names_from_the_model():
    asked = {"type": "tool_call", "id": "1", "name": "look", "arguments": {"city": "Bern", "deep": True}}
    entity = {
        "traceloop.span.kind": "tool",
        "traceloop.entity.name": "look",
        "traceloop.entity.input": '{"args": ["Bern", true], "kwargs": {}}',
        "traceloop.entity.output": '"sunny"',
    }
    spans = [chat(**{"gen_ai.output.messages": spoken(asked)}), span("t", "look.tool", at=2, attributes=entity)]
    (tool,) = facts_of(spans).tool_calls

    assert ({"city": "Bern", "deep": True}, "sunny") == (tool.arguments, tool.result)


def test_a_tool_of_langchain_that_answered_with_an_error_failed():
    message = {"type": "tool", "data": {"content": "no such city", "tool_call_id": "1", "status": "error"}}
    attributes = {"openinference.span.kind": "TOOL", "tool.name": "look", "output.value": json.dumps(message)}
    (tool,) = facts_of(
        [span("t", "look", scope="openinference.instrumentation.langchain", attributes=attributes)]
    ).tool_calls

    assert (None, "no such city") == (tool.result, tool.error)


def test_a_plain_function_of_azure_that_no_model_asked_for_is_no_tool():
    asked = {"type": "tool_call", "id": "1", "name": "look", "arguments": {"a": [1]}}
    scope = "azure.ai.agents.telemetry._trace_function"
    spans = [
        chat(**{"gen_ai.output.messages": spoken(asked)}),
        span("t", "look", scope=scope, at=2, attributes={"code.function.return.value": "{'a': None}"}),
        span("u", "log", scope=scope, at=2.5, attributes={"code.function.parameter.x": "1"}),
    ]
    (tool,) = facts_of(spans).tool_calls

    assert ("look", {"a": [1]}, {"a": None}) == (tool.name, tool.arguments, tool.result)


def test_flattened_messages_may_have_gaps_and_pieces():
    at = "llm.output_messages.0.message"
    call = span(
        "c",
        attributes={
            "openinference.span.kind": "LLM",
            f"{at}.role": "assistant",
            f"{at}.contents.0.message_content.type": "text",
            f"{at}.contents.0.message_content.text": "Two",
            f"{at}.contents.3.message_content.text": "pieces",
            f"{at}.tool_calls.7.tool_call.function.name": "look",
            "llm.input_messages.9.message.role": "system",
            "llm.input_messages.9.message.content": "You are X.",
        },
    )
    (agent,) = facts_of([call]).agents

    assert ("You are X.", "Two\npieces") == (agent.system_prompt, agent.model_calls[0].output_text)
    assert (AskedCall(id=None, name="look", arguments={}),) == agent.model_calls[0].tool_calls


def test_the_prompt_template_of_a_call_is_known():
    call = chat(**{"gen_ai.prompt.name": "desk/instructions", "gen_ai.prompt.version": "c7"})

    assert "desk/instructions@c7" == folded([call])[0].model_calls[0].prompt


def test_openinference_prints_what_is_neither_text_nor_object():
    kind = {"openinference.span.kind": "TOOL"}
    tools = [
        span("a", "nothing", attributes={**kind, "output.value": "None"}),
        span("b", "is_it", at=1, attributes={**kind, "output.value": "True"}),
        span("c", "say", at=2, attributes={**kind, "output.value": '"None"', "output.mime_type": "application/json"}),
    ]

    assert [None, True, "None"] == [tool.result for tool in facts_of(tools).tool_calls]
