"""Whatever a model answers and whatever its server refuses, over the real wire: a valid proposal or a named refusal."""

from functools import cache

import pytest
from pydantic_ai.models.openai import OpenAIChatModel
from reflection_fixtures import refused, tool_and_parameter
from reflection_wire import FORMS, GOOD, PROFILES, reflector

from spanwright.core.proposal import Proposal, Refusal, RefusalReason
from spanwright.reflection import ModelReflector, Rung
from spanwright.testing.simulated.bad_answers import BAD_ANSWERS
from spanwright.testing.simulated.refusals import (
    REFUSALS,
    fixed_temperature,
    without_json_schema,
    without_response_format,
    without_system_role,
    without_tool_parser,
    without_tools,
)
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.transport import in_process


@cache
def server(rung):
    """All bad models behind one server, which allows the forms from `rung` downwards."""
    refused = FORMS if rung is Rung.TAGGED else ()
    return in_process(simulated_app({bad.name: bad for bad in BAD_ANSWERS}, refusals={"*": refused}))


def is_valid(result, context):
    """Whether an answer is what the engine may rely on."""
    if isinstance(result, Refusal):
        return result.reason in RefusalReason and bool(result.detail)
    offered = {component.id: component for component in context.components}
    child = result.apply(context.parent)
    return child != context.parent and all(
        text.strip() and len(text) <= offered[id].limit and "\x00" not in text and "evidence-" not in text
        for id, text in result.edits.items()
    )


@pytest.mark.parametrize("rung", [Rung.TOOL, Rung.PROMPTED, Rung.TAGGED])
@pytest.mark.parametrize("bad", BAD_ANSWERS, ids=lambda bad: bad.name)
async def test_each_bad_answer_ends_in_a_valid_proposal_or_a_named_refusal(bad, rung):
    context = tool_and_parameter()
    model = OpenAIChatModel(bad.name, provider=server(rung), profile=PROFILES[rung])

    reflection = await ModelReflector(model).reflect(context)

    assert is_valid(reflection.result, context), reflection.result
    if bad.outcome != "either":
        expected = {"proposal": Proposal, "refusal": Refusal}[bad.outcome]
        assert expected is type(reflection.result), reflection.result


@pytest.mark.parametrize(
    ("name", "reason"),
    {
        "empty": RefusalReason.EMPTY,
        "not json at all": RefusalReason.MALFORMED,
        "cut off for its length": RefusalReason.TRUNCATED,
        "unknown component": RefusalReason.WRONG_COMPONENT,
        "current text unchanged": RefusalReason.UNCHANGED,
        "very long text": RefusalReason.TOO_LONG,
        "prompt echoed": RefusalReason.ECHO,
        "apology": RefusalReason.DECLINED,
        "content filter": RefusalReason.DECLINED,
    }.items(),
)
async def test_a_refusal_names_its_reason(name, reason):
    bad = next(bad for bad in BAD_ANSWERS if bad.name == name)
    reflecting, _ = reflector(bad)

    reflection = await reflecting.reflect(tool_and_parameter())

    assert reason == refused(reflection.result).reason


@pytest.mark.parametrize(
    "refusals", [*((each,) for each in REFUSALS), REFUSALS], ids=lambda each: "+".join(one.__name__ for one in each)
)
async def test_what_a_server_refuses_is_left_out_and_remembered(refusals):
    context = tool_and_parameter()
    reflecting, log = reflector(GOOD, refusals=refusals, temperature=0.7)

    first = await reflecting.reflect(context)
    asked = len(log.page(0).calls)
    second = await reflecting.reflect(context)

    assert isinstance(first.result, Proposal), first.result
    assert is_valid(first.result, context)
    assert first.result == second.result
    assert asked + 1 == len(log.page(0).calls)


@pytest.mark.parametrize(
    ("refusals", "rung"),
    [
        ((), Rung.TOOL),
        ((fixed_temperature,), Rung.TOOL),
        ((without_system_role,), Rung.TOOL),
        ((without_tools,), Rung.NATIVE),
        ((without_tool_parser,), Rung.NATIVE),
        ((without_tools, without_json_schema), Rung.PROMPTED),
        ((without_tools, without_response_format), Rung.TAGGED),
        ((without_tools, without_response_format, without_system_role, fixed_temperature), Rung.TAGGED),
    ],
    ids=lambda each: str(each) if isinstance(each, Rung) else " ".join(refusal.__name__ for refusal in each),
)
async def test_the_rung_is_the_strictest_that_the_server_allows(refusals, rung):
    reflecting, _ = reflector(GOOD, refusals=refusals, temperature=0.7)

    await reflecting.reflect(tool_and_parameter())

    assert rung == reflecting.rung
