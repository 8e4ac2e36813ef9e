"""What a run of a real pydantic-ai agent looks like as a trace, scenario by scenario."""

import asyncio
import json

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, ModelRetry, NativeOutput, RunContext, TextOutput
from pydantic_ai.exceptions import ModelHTTPError, ToolFailed, UsageLimitExceeded
from pydantic_ai.messages import TextPart, ThinkingPart, ToolCallPart
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.function import FunctionModel
from pydantic_ai.usage import UsageLimits

from spanwright.core.trace import Message, Part, Trace
from spanwright.core.usage import Usage
from spanwright.telemetry.recorder import SpanRecorder

VERSIONS = pytest.mark.parametrize("version", [5, 6])


class Total(BaseModel):
    total: int


def said(trace: Trace) -> list[tuple[str, str, str, str | None]]:
    return [(call.name, call.retry, call.error, call.result) for call in trace.tool_calls]


def call(name: str, number: int, /, **arguments) -> ToolCallPart:
    return ToolCallPart(name, arguments, tool_call_id=f"c{number}")


@VERSIONS
async def test_a_plain_run_has_its_agent_its_calls_and_its_result(record, scripted, version):
    agent = Agent(
        scripted([TextPart("Let me look."), ThinkingPart("hm"), call("look", 1, city="x")], "done"),
        name="desk",
        instructions="Be concise.",
        system_prompt="You are a desk.",
    )

    @agent.tool_plain
    def look(city: str) -> dict[str, str]:
        """Look up a city."""
        return {"city": city, "sky": "blue"}

    trace = await record(agent, "How is the sky?", version=version)
    first, second = trace.model_calls

    assert [("desk", "done", "")] == [(run.name, run.final, run.error) for run in trace.agents]
    assert ("gpt-5-mini", "function", "Be concise.") == (first.model, first.provider, first.instructions)
    assert ["tool_call", "stop"] == [first.finish_reason, second.finish_reason]
    assert "Look up a city." == first.tools[0].description
    assert {"city"} == set(json.loads(first.tools[0].parameters)["properties"])
    assert (
        Message(role="system", parts=(Part(kind="text", text="You are a desk."),)),
        Message(role="user", parts=(Part(kind="text", text="How is the sky?"),)),
        Message(
            role="assistant",
            parts=(
                Part(kind="text", text="Let me look."),
                Part(kind="thinking", text="hm"),
                Part(kind="tool_call", text='{"city":"x"}', tool="look", call_id="c1"),
            ),
        ),
        Message(
            role="tool",
            parts=(Part(kind="tool_result", text='{"city":"x","sky":"blue"}', tool="look", call_id="c1"),),
        ),
    ) == second.messages
    assert first.answer == second.messages[2]
    assert [("look", "", "", '{"city":"x","sky":"blue"}')] == said(trace)
    assert (True, False, False) == (trace.complete, trace.truncated, trace.without_content)


async def test_usage_counts_answers_once_and_says_what_has_no_price(record, scripted):
    priced = await record(Agent(scripted("done"), name="desk"))
    unpriced = await record(
        Agent(FunctionModel(lambda messages, info: scripted("x").function(messages, info)), name="desk")
    )

    assert 1 == priced.usage.requests
    assert 0 < priced.usage.usd < 1
    assert 0 == priced.usage.unpriced
    assert (1, 0.0, 1) == (unpriced.usage.requests, unpriced.usage.usd, unpriced.usage.unpriced)


@VERSIONS
async def test_a_tool_that_asks_for_a_retry(record, scripted, version):
    agent = Agent(scripted(call("look", 1, city="x"), call("look", 2, city="X"), "done"), name="desk")

    @agent.tool_plain
    def look(city: str) -> str:
        if city == "x":
            raise ModelRetry("capitalise the city")
        return "sunny"

    trace = await record(agent, version=version)

    assert [("look", "model_retry", "capitalise the city", None), ("look", "", "", "sunny")] == said(trace)
    assert ("capitalise the city",) == trace.errors


@VERSIONS
async def test_arguments_that_fail_validation(record, scripted, version):
    agent = Agent(scripted(call("look", 1, number="zz"), call("look", 2, number=3), "done"), name="desk")

    @agent.tool_plain
    def look(number: int) -> int:
        return number

    trace = await record(agent, version=version)
    (refused, worked) = trace.tool_calls

    assert ("validation", None, '{"number":"zz"}') == (refused.retry, refused.result, refused.arguments)
    assert '"loc":["number"]' in refused.error
    assert ("", "3") == (worked.error, worked.result)


async def test_a_tool_that_says_that_it_failed(record, scripted):
    agent = Agent(scripted(call("look", 1), "sorry"), name="desk")

    @agent.tool_plain
    def look() -> str:
        raise ToolFailed("the desk is closed")

    trace = await record(agent)

    assert [("look", "", "the desk is closed", None)] == said(trace)
    assert "sorry" == trace.agents[0].final


async def test_a_tool_that_raises_ends_the_run(record, scripted):
    agent = Agent(scripted(call("look", 1), "never"), name="desk")

    @agent.tool_plain
    def look() -> str:
        raise ValueError("db down")

    trace = await record(agent)

    assert [("look", "", "ValueError: db down", None)] == said(trace)
    assert (None, "ValueError: db down") == (trace.agents[0].final, trace.agents[0].error)


@VERSIONS
async def test_an_unknown_tool_leaves_no_span_and_is_found_all_the_same(record, scripted, version):
    agent = Agent(scripted(call("nope", 1, n=1), "done"), name="desk")

    @agent.tool_plain
    def look() -> str:
        return "nothing"

    trace = await record(agent, version=version)
    (unknown,) = trace.tool_calls

    assert ("nope", "unknown_tool", '{"n":1}', "desk") == (
        unknown.name,
        unknown.retry,
        unknown.arguments,
        unknown.agent,
    )
    assert "Unknown tool name: 'nope'" in unknown.error
    assert "execute_tool nope" not in {span.name for span in trace.spans}


@VERSIONS
async def test_an_output_that_does_not_validate_leaves_no_span_and_is_found_all_the_same(record, scripted, version):
    agent = Agent(
        scripted(call("final_result", 1, total="zz"), call("final_result", 2, total=3)), name="desk", output_type=Total
    )

    trace = await record(agent, version=version)
    (refused,) = trace.tool_calls

    assert ("final_result", "validation", '{"total":"zz"}') == (refused.name, refused.retry, refused.arguments)
    assert '"loc":["total"]' in refused.error
    assert '{"total":3}' == trace.agents[0].final


async def test_an_output_refused_for_the_last_time_bears_the_error_of_the_run(record, scripted):
    agent = Agent(
        scripted(call("final_result", 1, total="zz"), call("final_result", 2, total="yy")),
        name="desk",
        output_type=Total,
    )

    trace = await record(agent)
    first, last = trace.tool_calls

    assert ("validation", "") == (first.retry, last.retry)
    assert last.error == trace.agents[0].error
    assert "Exceeded maximum output retries (1). The last refusal: 1 validation error for Total" in last.error
    assert "input_value='yy'" in last.error


async def test_a_tool_that_is_refused_for_the_last_time_tells_why(record, scripted):
    agent = Agent(scripted(call("look", 1), call("look", 2)), name="desk")

    @agent.tool_plain
    def look() -> str:
        raise ModelRetry("not\nyet")

    trace = await record(agent)

    assert [("look", "model_retry", "not\nyet", None)] * 2 == said(trace)
    assert trace.agents[0].error.endswith("The last refusal: not\nyet")


@VERSIONS
async def test_an_output_validator_that_asks_for_a_retry_of_text(record, scripted, version):
    agent = Agent(scripted("short", "long enough"), name="desk")

    @agent.output_validator
    def check(text: str) -> str:
        if text == "short":
            raise ModelRetry("too short")
        return text

    trace = await record(agent, version=version)

    assert [("output", "model_retry", "too short", None)] == said(trace)
    assert "short" == trace.tool_calls[0].arguments


async def test_a_native_output_that_does_not_validate(record, scripted):
    agent = Agent(scripted('{"total": "x"}', '{"total": 4}'), name="desk", output_type=NativeOutput(Total))

    trace = await record(agent)

    assert [("output", "validation")] == [(call.name, call.retry) for call in trace.tool_calls]


@VERSIONS
async def test_an_answer_without_anything_in_it(record, scripted, version):
    agent = Agent(scripted([ThinkingPart("hm")], "done"), name="desk")

    trace = await record(agent, version=version)

    assert [("output", "validation", "Please return text.", None)] == said(trace)


async def test_an_output_function_that_asks_for_a_retry_counts_once(record, scripted):
    def doubled(total: int) -> int:
        if total == 3:
            raise ModelRetry("not three")
        return total * 2

    agent = Agent(
        scripted(call("final_result", 1, total=3), call("final_result", 2, total=4)), name="desk", output_type=doubled
    )
    trace = await record(agent)

    assert [("final_result", "model_retry", "not three", None), ("final_result", "", "", "8")] == said(trace)


async def test_an_output_function_over_text_that_asks_for_a_retry_counts_once(record, scripted):
    def louder(text: str) -> str:
        if text == "short":
            raise ModelRetry("too short")
        return text.upper()

    agent = Agent(scripted("short", "longer"), name="desk", output_type=TextOutput(louder))
    trace = await record(agent)

    assert [("louder", "model_retry", "too short", None), ("louder", "", "", "LONGER")] == said(trace)


async def test_a_sub_agent_knows_its_parent_and_its_usage_counts_once(record, scripted, instrumented):
    helper = Agent(scripted("helped"), name="helper", instructions="Help.")
    agent = Agent(scripted(call("ask", 1, question="how?"), "done"), name="desk")

    @agent.tool
    async def ask(ctx: RunContext, question: str) -> str:
        return (await helper.run(question, capabilities=instrumented(), usage=ctx.usage)).output

    trace = await record(agent)

    assert [("desk", ""), ("helper", "desk")] == [(run.name, run.parent_agent) for run in trace.agents]
    assert ["desk", "helper", "desk"] == [call.agent for call in trace.model_calls]
    assert 3 == trace.usage.requests
    assert trace.usage == sum((call.usage for call in trace.model_calls), Usage())


async def test_a_model_that_fails_is_shown_with_what_it_was_asked(record, scripted):
    agent = Agent(scripted(call("look", 1), ModelHTTPError(400, "gpt-5-mini", {"error": "bad"})), name="desk")

    @agent.tool_plain
    def look() -> str:
        return "nothing"

    trace = await record(agent, "Where?")
    _, failed = trace.model_calls

    assert (None, Usage()) == (failed.answer, failed.usage)
    assert failed.error.startswith("ModelHTTPError: status_code: 400")
    assert "Where?" == failed.messages[0].parts[0].text
    assert trace.agents[0].error == failed.error


async def test_a_model_that_was_stood_in_for_is_an_error_and_no_request(record, scripted):
    broken = scripted(ModelHTTPError(500, "gpt-5-mini"))
    trace = await record(Agent(FallbackModel(broken, scripted("done")), name="desk"))

    assert 1 == trace.usage.requests
    assert ["", "ModelHTTPError"] == sorted(call.error[:14] for call in trace.model_calls)


async def test_a_run_that_is_cancelled_has_neither_result_nor_error(instrumented):
    async def slow(messages, info):
        await asyncio.sleep(60)
        raise AssertionError

    agent = Agent(FunctionModel(slow, model_name="gpt-5-mini"), name="desk")
    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as recording:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(agent.run("go", capabilities=instrumented()), 0.01)
    (run,) = recording.trace.agents

    assert (None, "", True) == (run.final, run.error, recording.trace.complete)
    assert (None, Usage()) == (recording.trace.model_calls[0].answer, recording.trace.usage)


async def test_a_streamed_run(instrumented):
    async def stream(messages, info):
        yield "hello "
        yield "world"

    agent = Agent(FunctionModel(stream_function=stream, model_name="gpt-5-mini"), name="desk")
    with SpanRecorder.attach() as recorder:
        async with (
            recorder.recording({}) as recording,
            agent.run_stream("go", capabilities=instrumented()) as result,
        ):
            await result.get_output()

    assert ["hello world"] == [run.final for run in recording.trace.agents]
    assert 1 == recording.trace.usage.requests


async def test_parallel_calls_and_a_call_that_was_passed_over_are_no_errors(record, scripted):
    agent = Agent(
        scripted([call("look", 1), call("hear", 2)], [call("final_result", 3, total=1), call("look", 4)]),
        name="desk",
        output_type=Total,
        end_strategy="early",
    )

    @agent.tool_plain
    def look() -> str:
        return "seen"

    @agent.tool_plain
    def hear() -> str:
        return "heard"

    trace = await record(agent)

    assert {("look", "", "", "seen"), ("hear", "", "", "heard")} == set(said(trace))
    assert () == trace.errors


async def test_without_content_it_is_said(record, scripted):
    agent = Agent(scripted(call("look", 1), "done"), name="desk")

    @agent.tool_plain
    def look() -> str:
        raise ToolFailed("secret")

    trace = await record(agent, include_content=False)

    assert trace.without_content
    assert trace.tool_calls[0].error
    assert "secret" not in trace.tool_calls[0].error
    assert ["tool_call", "stop"] == [call.finish_reason for call in trace.model_calls]


async def test_a_limit_that_ends_a_run_is_no_failure_of_the_calls_that_it_left_unanswered(instrumented, scripted):
    agent = Agent(scripted(call("look", 1)), name="desk")

    @agent.tool_plain
    def look() -> str:
        return "seen"

    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as recording:
            with pytest.raises(UsageLimitExceeded):
                await agent.run("go", usage_limits=UsageLimits(tool_calls_limit=0), capabilities=instrumented())

    assert () == recording.trace.tool_calls
    assert recording.trace.agents[0].error.startswith("UsageLimitExceeded")
