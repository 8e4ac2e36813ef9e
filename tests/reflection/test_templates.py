"""Components can be put before the model in one's own words, and a function can take the model's place."""

import pytest
from reflection_fixtures import proposed, refused, tool_and_parameter
from reflection_wire import GOOD, Series, reflector

from spanwright.core.candidate import Kind
from spanwright.core.proposal import RefusalReason
from spanwright.errors import UsageError, UserBug
from spanwright.reflection import FunctionReflector, ModelReflector, render_prompt
from spanwright.testing.simulated.answers import Question

INSTRUCTIONS = "support/instructions"


def good(request):
    asked = Question.of(request)
    return asked.said(asked.good)


def test_a_template_takes_the_place_of_how_a_component_is_shown():
    context = tool_and_parameter()
    plain = render_prompt(context, 24_000)
    shown = render_prompt(context, 24_000, prompts={INSTRUCTIONS: "Rhyme, always.\n{{limits}}\nNow:\n{{text}}"})

    assert "Rhyme, always." not in plain
    heading = next(line for line in plain.splitlines() if line.startswith("## ") and INSTRUCTIONS in line)
    assert heading in shown
    assert "Rhyme, always.\nAt most 8000 characters; it has 18 now.\nNow:\n```text-" in shown
    assert "Help the customer." in shown
    assert plain.split(heading)[0] == shown.split(heading)[0]


def test_the_closest_template_counts():
    prompts = {Kind.TOOL: "BY KIND {{text}}", "support/tool:*": "BY PATTERN {{text}}"}
    context = tool_and_parameter()

    assert "BY PATTERN" in render_prompt(context, 24_000, prompts=prompts)
    assert "BY KIND" not in render_prompt(context, 24_000, prompts=prompts)

    exact = render_prompt(context, 24_000, prompts={**prompts, "support/tool:refund": "BY ID {{text}}"})

    assert 1 == exact.count("BY ID")
    assert 1 == exact.count("BY PATTERN"), "the parameter of the tool fits the pattern, too"
    assert "BY KIND" in render_prompt(context, 24_000, prompts={Kind.TOOL: "BY KIND {{text}}"})


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("Write better.", "has no {{text}}"),
        ("{{text}} {{task}}", "a place {{task}} that nothing is known for"),
    ],
)
def test_a_template_that_cannot_work_is_refused_before_anything_is_asked(template, complaint):
    with pytest.raises(UsageError) as refusal:
        render_prompt(tool_and_parameter(), 24_000, prompts={INSTRUCTIONS: template})

    assert complaint in str(refusal.value)
    assert repr(INSTRUCTIONS) in str(refusal.value)


def test_a_text_that_looks_like_a_place_is_left_as_it_is():
    context = tool_and_parameter()
    shown = render_prompt(context, 24_000, prompts={Kind.INSTRUCTIONS: "{{governs}} {{text}}", Kind.TOOL: "{{text}}"})

    assert "{{" not in shown


async def test_the_model_reads_the_template():
    model = Series(good)
    reflecting, _ = reflector(model, prompts={Kind.INSTRUCTIONS: "Be brief. {{text}}"})
    await reflecting.reflect(tool_and_parameter())

    assert "Be brief." in str(model.requests[0])


async def test_a_template_for_what_is_not_there_is_the_users_bug():
    reflecting, _ = reflector(GOOD, prompts={"suport/*": "{{text}}"})

    with pytest.raises(UserBug, match="'suport/\\*' fits no component"):
        await reflecting.reflect(tool_and_parameter())


async def test_a_function_is_a_reflector():
    async def shorter(context):
        return {INSTRUCTIONS: "Help.", "support/tool:refund": context.parent.texts["support/tool:refund"]}

    context = tool_and_parameter()
    proposal = proposed((await FunctionReflector(shorter).reflect(context)).result)

    assert {INSTRUCTIONS: "Help."} == proposal.edits
    assert (context.parent.id,) == proposal.parents


async def test_a_function_that_changes_nothing_is_refused():
    async def silent(context):
        return {}

    assert (
        RefusalReason.UNCHANGED
        is refused((await FunctionReflector(silent).reflect(tool_and_parameter())).result).reason
    )


def test_the_model_reflector_checks_its_templates_when_it_is_made():
    with pytest.raises(UsageError, match="the model would not see"):
        ModelReflector(None, prompts={INSTRUCTIONS: "Write."})
