"""A reflector that carries on a conversation: earlier proposals are the model's own turns, within an allowance."""

import json
from dataclasses import replace

import pytest
from reflection_fixtures import one_component, proposed
from reflection_wire import Series, reflector

from spanwright.core.context import Turn
from spanwright.core.proposal import Proposal
from spanwright.core.tokens import tokens
from spanwright.errors import UsageError
from spanwright.reflection import Conversing, Rung
from spanwright.testing.simulated.answers import Question

TRIAGE = "triage/instructions"


def good(request):
    asked = Question.of(request)
    return asked.said(asked.good)


def turn(number, *, kept=True, words=1):
    text = f"Version {number}. {'word ' * words}"
    proposal = Proposal(parents=("p",), edits={TRIAGE: text}, diagnosis=f"Diagnosis {number}")
    return Turn(proposal=proposal, outcome=f"better: 0.{number}0 -> 0.{number}5 on 8 cases", kept=kept)


def talk(*turns):
    return replace(one_component(), turns=turns)


@pytest.mark.parametrize("rung", Rung)
async def test_earlier_proposals_are_the_models_own_turns_in_the_form_that_is_asked_for(rung):
    model = Series(good)
    reflecting, _ = reflector(model, rung=rung)
    reflection = await Conversing(reflector=reflecting).reflect(talk(turn(1), turn(2, kept=False)))
    messages = [each for each in model.requests[-1].messages if each.role != "system"]
    roles = [each.role for each in messages]
    own = [each for each in messages if each.role == "assistant"]
    said = ["".join(call.arguments for call in each.tool_calls) or each.content for each in own]

    assert proposed(reflection.result)
    assert roles[:2] == ["user", "assistant"]
    assert roles[-1] == "user"
    assert ["Diagnosis 1" in said[0], "Version 2." in said[1]] == [True, True]
    if rung is Rung.TAGGED:
        assert said[0].startswith("<diagnosis>")
    else:
        assert json.loads(said[0])["edits"][0]["component"] == TRIAGE
    told = "\n".join(each.content for each in messages)
    assert "0.10 -> 0.15 on 8 cases. These edits were kept" in told
    assert "0.20 -> 0.25 on 8 cases. The texts below are without these edits" in told
    assert "Version 2." in reflection.prompt


async def test_the_latest_turns_are_shown_as_far_as_they_fit_and_the_whole_keeps_its_allowance():
    model = Series(good)
    reflecting, _ = reflector(model, allowance=6_000)
    many = talk(*(turn(number, words=400) for number in range(1, 9)))
    reflection = await Conversing(reflector=reflecting, most_turns=5).reflect(many)

    assert "Version 8." in reflection.prompt
    assert "Version 3." not in reflection.prompt
    assert tokens(reflection.prompt) <= 6_000


async def test_without_conversing_or_at_the_first_attempt_nothing_is_said_before():
    model = Series(good)
    reflecting, _ = reflector(model)
    plain = await reflecting.reflect(talk(turn(1)))
    first = await Conversing(reflector=reflecting).reflect(one_component())

    assert plain.prompt == first.prompt
    assert all(len(request.messages) == 2 for request in model.requests)


def test_a_conversation_of_no_turns_is_refused():
    with pytest.raises(UsageError, match="most_turns=0"):
        Conversing(reflector=reflector(Series(good))[0], most_turns=0)
