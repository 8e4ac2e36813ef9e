"""How single spans make a trace: in any order, twice, without their parents, with odd attributes."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_ai import Agent
from pydantic_ai.messages import ToolCallPart

from spanwright.core.trace import Attribute, Span, ToolDefinition
from spanwright.core.usage import Usage
from spanwright.telemetry.fold import fold


def chat(span_id: str = "b", attributes: Mapping[str, Attribute] = MappingProxyType({})) -> Span:
    return Span(
        trace_id="t", span_id=span_id, parent_id="a", name="chat m", scope="pydantic-ai", started=1.0, ended=2.0,
        attributes={
            "gen_ai.operation.name": "chat",
            "gen_ai.agent.name": "desk",
            "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"hi"}]}]',
            "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"ho"}]}]',
            **attributes,
        },
    )  # fmt: skip


def test_a_span_that_is_delivered_twice_counts_once():
    once = fold([chat()])
    twice = fold([chat(), chat()])

    assert once == twice
    assert 1 == twice.usage.requests


def test_an_agent_whose_span_never_arrived_is_known_from_its_children():
    (run,) = fold([chat()]).agents

    assert ("a", "desk", "ho") == (run.span_id, run.name, run.final)


def test_the_order_of_arrival_does_not_matter(record, scripted):
    parent = Span(
        trace_id="t", span_id="a", name="invoke_agent desk", scope="pydantic-ai", started=0.5, ended=3.0,
        attributes={"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "desk", "final_result": "ho"},
    )  # fmt: skip
    later = replace(chat("c"), started=2.1, ended=2.9)

    assert fold([chat(), later, parent]) == fold([parent, later, chat()])


def test_dropped_attributes_and_cut_texts_make_a_trace_truncated():
    cut = '[{"role":"user","parts":[{"type":"text","content":"what is th'
    trace = fold([chat(attributes={"gen_ai.input.messages": cut})])

    assert fold([replace(chat(), dropped=3)]).truncated
    assert trace.truncated
    assert "what is th" == trace.model_calls[0].messages[0].parts[0].text


def test_a_model_call_of_another_library_counts_if_it_follows_the_convention():
    trace = fold([replace(chat(), scope="my.openai.wrapper")])

    assert ("desk", 1) == (trace.model_calls[0].agent, trace.usage.requests)


def test_a_model_call_that_a_wrapper_tells_once_more_counts_once():
    wrapper = replace(chat("w"), scope="my.openai.wrapper", started=0.9, ended=2.1)
    trace = fold([wrapper, replace(chat(), parent_id="w")])

    assert (1, 1, 1) == (len(trace.model_calls), trace.usage.requests, trace.doubled)


def test_a_user_span_without_an_operation_is_nobodys_step():
    trace = fold([replace(chat(), scope="my.database", attributes={"db.system": "sqlite", "name": "desk"})])

    assert ((), Usage()) == (trace.model_calls, trace.usage)
    assert 1 == len(trace.spans)


def test_the_components_that_a_call_carries_are_read_from_its_span():
    trace = fold([chat(attributes={"spanwright.components": ("desk/instructions", "desk/tool:look")})])

    assert frozenset({"desk/instructions", "desk/tool:look"}) == trace.components


ODD = st.one_of(
    st.text(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.tuples(st.text()),
    st.just("[{"),
    st.just('[{"role":"user","parts":[{}, 3, {"type":"text","content":{"a":[1]}}]}, null, 7]'),
    st.just('[{"role":{},"parts":{}},{"role":"tool","parts":[{"type":"tool_call_response","result":null}]}]'),
    st.just('{"name": ["x"]}'),
)
KEYS = st.sampled_from(
    (
        "anything",
        "final_result",
        "gen_ai.agent.name",
        "gen_ai.input.messages",
        "gen_ai.operation.name",
        "gen_ai.output.messages",
        "gen_ai.response.finish_reasons",
        "gen_ai.system_instructions",
        "gen_ai.tool.call.id",
        "gen_ai.tool.call.result",
        "gen_ai.tool.definitions",
        "gen_ai.tool.name",
        "gen_ai.usage.input_tokens",
        "operation.cost",
        "pydantic_ai.all_messages",
        "pydantic_ai.tool.retry.cause",
        "spanwright.components",
    )
)
SPANS = st.lists(
    st.builds(
        Span,
        trace_id=st.just("t"),
        span_id=st.sampled_from("abcdef"),
        parent_id=st.sampled_from(("", *"abcdefg")),
        name=st.text(max_size=5),
        scope=st.sampled_from(("pydantic-ai", "other")),
        started=st.floats(0, 9),
        ended=st.floats(0, 9),
        status=st.sampled_from(("unset", "ok", "error")),
        attributes=st.builds(
            lambda odd, operation: {**odd, "gen_ai.operation.name": operation},
            st.dictionaries(KEYS, ODD, max_size=6),
            st.sampled_from(("chat", "invoke_agent", "execute_tool", "?")),
        ),
    ),
    max_size=8,
)


@settings(deadline=None)
@given(SPANS)
def test_no_attribute_is_so_odd_that_a_trace_cannot_be_made(spans):
    trace = fold(spans, trace_id="t")

    assert {span.span_id for span in spans} == {span.span_id for span in trace.spans}
    assert isinstance(trace.errors, tuple)


def test_definitions_without_parameters_are_read():
    trace = fold([chat(attributes={"gen_ai.tool.definitions": '[{"type":"function","name":"look"}]'})])

    assert (ToolDefinition(name="look"),) == trace.model_calls[0].tools


async def test_spans_go_without_what_the_steps_hold_but_suffice_for_span_evaluators(record, scripted):
    agent = Agent(scripted(ToolCallPart("look", {"city": "x"}), "done"), name="desk", instructions="Be concise.")

    @agent.tool_plain
    def look(city: str) -> str:
        return "long " * 5_000

    trace = await record(agent)
    spans = {span.name: span for span in trace.spans}
    tool = spans["execute_tool look"]

    assert {"invoke_agent desk", "chat gpt-5-mini", "execute_tool look"} == set(spans)
    assert all("messages" not in key and "schema" not in key for span in trace.spans for key in span.attributes)
    assert '{"city":"x"}' == tool.attributes["gen_ai.tool.call.arguments"]
    assert ("look", "execute_tool") == (tool.attributes["gen_ai.tool.name"], tool.attributes["gen_ai.operation.name"])
    assert 25_000 == len(trace.tool_calls[0].result or "")
    assert 2_000 >= len(str(tool.attributes["gen_ai.tool.call.result"]))
    assert spans["invoke_agent desk"].span_id == tool.parent_id


async def test_equal_messages_and_definitions_are_one_object(record, scripted):
    agent = Agent(scripted(ToolCallPart("look", {}), ToolCallPart("look", {}), "done"), name="desk")

    @agent.tool_plain
    def look() -> str:
        return "nothing"

    trace = await record(agent)
    first, second, third = trace.model_calls

    assert all(a is b for a, b in zip(first.messages, third.messages, strict=False))
    assert all(a is b for a, b in zip(second.messages, third.messages, strict=False))
    assert first.tools is third.tools
