"""Whatever a model answers and whatever its server refuses, over the real wire: a valid proposal or a named refusal."""

import pytest
from pydantic_ai.models.openai import OpenAIChatModel
from reflection_fixtures import tool_and_parameter

from spanwright.core.proposal import Proposal, Refusal, RefusalReason
from spanwright.errors import UserBug
from spanwright.reflection import ModelReflector, Rung
from spanwright.testing.simulated.answers import Question
from spanwright.testing.simulated.bad_answers import BAD_ANSWERS
from spanwright.testing.simulated.canned import Scripted
from spanwright.testing.simulated.log import CallLog
from spanwright.testing.simulated.refusals import (
    REFUSALS,
    context_window,
    fixed_temperature,
    without_json_schema,
    without_response_format,
    without_system_role,
    without_tools,
)
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.transport import in_process

PROFILES = {
    Rung.TOOL: {},
    Rung.NATIVE: {"supports_tools": False, "supports_json_schema_output": True},
    Rung.PROMPTED: {"supports_tools": False, "supports_json_schema_output": False},
    Rung.TAGGED: {"default_structured_output_mode": "prompted"},
}
FORMS = (without_tools, without_json_schema, without_response_format)
GOOD = Scripted(lambda request: (asked := Question.of(request)).said(asked.good))


def reflector(model, *, rung=Rung.TOOL, refusals=(), **options):
    log = CallLog()
    refused = (*refusals, *(FORMS if rung is Rung.TAGGED else ()))
    app = simulated_app({"reflect": model}, refusals={"reflect": refused}, log=log)
    return ModelReflector(
        OpenAIChatModel("reflect", provider=in_process(app), profile=PROFILES[rung]), **options
    ), log


def is_valid(result, context):
    """Whether an answer is what the engine may rely on."""
    if isinstance(result, Refusal):
        return result.reason in RefusalReason and bool(result.detail)
    child = result.apply(context.parent)
    offered = {component.id: component for component in context.components}
    return all(
        text.strip() and len(text) <= offered[id].limit and "\x00" not in text and "evidence-" not in text
        for id, text in result.edits.items()
    ) and child != context.parent


@pytest.mark.parametrize("rung", Rung)
@pytest.mark.parametrize("bad", BAD_ANSWERS, ids=lambda bad: bad.name)
async def test_each_bad_answer_ends_in_a_valid_proposal_or_a_named_refusal(bad, rung):
    context = tool_and_parameter()
    reflecting, _ = reflector(bad, rung=rung)

    reflection = await reflecting.reflect(context)

    assert is_valid(reflection.result, context), reflection.result
    wanted = {"proposal": Proposal, "refusal": Refusal, "either": Proposal | Refusal}[bad.outcome]
    assert isinstance(reflection.result, wanted), (reflection.result, reflection.answer[:500])


@pytest.mark.parametrize("refusals", [*((one,) for one in REFUSALS), REFUSALS], ids=lambda rs: "+".join(r.__name__ for r in rs))
async def test_what_a_server_refuses_is_left_out_and_the_answer_is_a_proposal(refusals):
    context = tool_and_parameter()
    reflecting, _ = reflector(GOOD, refusals=refusals, temperature=0.7)

    reflection = await reflecting.reflect(context)

    assert isinstance(reflection.result, Proposal), reflection.result
    assert is_valid(reflection.result, context)
