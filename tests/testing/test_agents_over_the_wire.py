import json
from typing import Literal

import anyio
import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, ModelHTTPError, ModelSettings, NativeOutput, PromptedOutput, RunContext, ToolOutput
from pydantic_ai.messages import ModelRequest, ModelResponse, ToolReturnPart

from spanwright.testing.simulated.canned import Canned, Scripted
from spanwright.testing.simulated.faults import Fault, FaultKind
from spanwright.testing.simulated.host import read_log, serve
from spanwright.testing.simulated.latency import Latency, LatencyLaw
from spanwright.testing.simulated.log import CallLog
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.transport import in_process, over_socket, simulated_model
from spanwright.testing.simulated.wire import ChatReply, ChatRequest, Draws, ToolRequest
from spanwright.testing.virtual import run_virtual


class Verdict(BaseModel):
    outcome: Literal["refund", "deny"]
    amount: float


ANSWER = json.dumps({"outcome": "refund", "amount": 12.5})


class Clerk:
    """Looks up what the user names, several at once, and adds up what the tools say, now and then a cent too much."""

    def reply(self, request: ChatRequest, draws: Draws) -> ChatReply:
        results = [message.content for message in request.messages if message.role == "tool"]
        if not results:
            asked = request.messages[-1].content.split()
            return ChatReply(
                calls=tuple(
                    ToolRequest(id="", name=request.tools[0].name, arguments=json.dumps({"ref": ref})) for ref in asked
                )
            )
        total = sum(float(result) for result in results) + (0.01 if draws.chance(0.3, "slip") else 0.0)
        return ChatReply(text=f"{total:.2f} in all, as far as I can see from the {len(results)} results.")


def clerk_agent(provider):
    agent = Agent(
        simulated_model("sim", provider), name="clerk", instructions="Look it up.", deps_type=dict[str, float]
    )

    @agent.tool
    async def price(ctx: RunContext[dict[str, float]], ref: str) -> float:
        """Look up a price."""
        return ctx.deps[ref]

    return agent


PRICES = {f"A{number}": number + 0.25 for number in range(40)}


async def test_an_agent_calls_tools_in_parallel_and_answers():
    agent = clerk_agent(in_process(simulated_app({"sim": Clerk()})))
    result = await agent.run("A1 A2 A3", deps=PRICES)
    returned = [
        part.content for message in result.all_messages() for part in message.parts if part.part_kind == "tool-return"
    ]

    assert [1.25, 2.25, 3.25] == returned
    assert result.output.startswith("6.7")
    assert (2, 3) == (result.usage.requests, result.usage.tool_calls)


async def test_an_agent_streams_its_answer_after_a_streamed_tool_call():
    agent = clerk_agent(in_process(simulated_app({"sim": Clerk()})))
    async with agent.run_stream("A1 A2", deps=PRICES) as stream:
        pieces = [piece async for piece in stream.stream_text(delta=True, debounce_by=None)]
        usage = stream.usage

    assert len(pieces) > 1
    assert "".join(pieces).startswith("3.5")
    assert usage.output_tokens > 0


@pytest.mark.parametrize(
    ("output", "replies"),
    [
        (ToolOutput(Verdict), lambda request: _call(request.tools[0].name, ANSWER)),
        (NativeOutput(Verdict), lambda request: ChatReply(text=ANSWER)),
        (PromptedOutput(Verdict), lambda request: ChatReply(text=ANSWER)),
    ],
)
async def test_an_agent_gets_structured_output_in_every_mode(output, replies):
    seen: list[ChatRequest] = []
    app = simulated_app({"sim": Scripted(lambda request: seen.append(request) or replies(request))})
    result = await Agent(simulated_model("sim", in_process(app)), output_type=output).run("Refund?")

    assert Verdict(outcome="refund", amount=12.5) == result.output
    assert {ToolOutput: "text", NativeOutput: "json_schema", PromptedOutput: "json_object"}[type(output)] == seen[
        0
    ].response_format


async def test_invalid_output_is_retried_with_the_complaint():
    app = simulated_app({"sim": Canned([_call("final_result", '{"outcome": "maybe"}'), _call("final_result", ANSWER)])})
    result = await Agent(simulated_model("sim", in_process(app)), output_type=Verdict).run("Refund?")
    said = [part for message in result.all_messages() for part in message.parts if part.part_kind == "tool-return"]

    assert "refund" == result.output.outcome
    assert "'refund' or 'deny'" in str(said[0].content)


async def test_thirty_two_requests_are_in_flight_over_a_socket():
    law = LatencyLaw(median=0.6, sigma=0.0, stragglers=0.0)  # long beside what this machine itself needs
    app = simulated_app({"sim": Clerk()}, latency=Latency(scale=1.0, laws=(law,)))
    outputs: dict[int, str] = {}
    with serve(app) as url:
        agent = clerk_agent(over_socket(url))

        async def run(number):
            outputs[number] = (await agent.run(f"A{number}", deps=PRICES)).output

        async with agent, anyio.create_task_group() as group:
            for number in range(32):
                group.start_soon(run, number)
        page = read_log(url)
    begin, end = page.calls[0].started, max(call.ended or 0.0 for call in page.calls)

    assert {"sim": 64} == page.served
    assert 32 == page.max_in_flight
    assert page.busy(begin, end) / (end - begin) > 16
    assert all(outputs[number].startswith(f"{number}.2") for number in range(32))


def test_runs_with_faults_end_like_runs_without():
    faults = [
        Fault(kind=FaultKind.RATE_LIMIT, probability=0.15, retry_after=1.0),
        Fault(kind=FaultKind.RESET, probability=0.1),
        Fault(kind=FaultKind.SERVER_ERROR, probability=0.05),
    ]

    async def runs(log, **laws):
        agent = clerk_agent(in_process(simulated_app({"sim": Clerk()}, salt="s", log=log, **laws)))
        outputs: dict[str, list[str]] = {}

        async def run(refs):
            patient = ModelSettings(max_retries=20)
            outputs[refs] = sorted(
                [(await agent.run(refs, deps=PRICES, model_settings=patient)).output for _ in range(2)]
            )

        async with anyio.create_task_group() as group:
            for number in range(15):
                group.start_soon(run, f"A{number} A{number + 1}")
        return outputs

    calm, stormy = CallLog(), CallLog()
    expected = run_virtual(runs(calm))
    actual = run_virtual(runs(stormy, faults=faults, latency=Latency(scale=1.0)))

    assert expected == actual
    assert calm.page(0.0).served == stormy.page(0.0).served
    assert stormy.page(0.0).failed > 10


async def test_an_error_of_the_server_reaches_the_agent_as_its_status():
    app = simulated_app({"sim": Clerk()}, faults=[Fault(kind=FaultKind.RATE_LIMIT, probability=1.0, retry_after=7.0)])
    with pytest.raises(ModelHTTPError) as caught:
        await clerk_agent(in_process(app)).run("A1", deps=PRICES, model_settings=ModelSettings(max_retries=0))

    assert 429 == caught.value.status_code


async def test_a_conversation_goes_on_over_several_runs():
    agent = clerk_agent(in_process(simulated_app({"sim": Clerk()})))
    first = await agent.run("A1", deps=PRICES)
    second = await agent.run("And again?", deps=PRICES, message_history=first.all_messages())
    kinds = [type(message) for message in second.all_messages()]

    assert [ModelRequest, ModelResponse] * 3 == kinds
    assert any(isinstance(part, ToolReturnPart) for message in second.all_messages() for part in message.parts)


def _call(name, arguments):
    return ChatReply(calls=(ToolRequest(id="", name=name, arguments=arguments),))
