"""Modules: what the model is asked, what is read from its answer, and one more try where a field is missing."""

import pytest
from pydantic_ai import ModelResponse, TextPart
from pydantic_ai.exceptions import UnexpectedModelBehavior
from pydantic_ai.models.function import FunctionModel

from spanwright_agents.paper.modules import chain_of_thought, fields_of

REQUEST = """\
`question`: what is asked

[[ ## question ## ]]
Who?

[[ ## passages ## ]]
[1] «Ann | She sings.»
[2] «Bob | He
dances.»

Respond with the corresponding output fields, starting with the field `[[ ## reasoning ## ]]`, then \
`[[ ## answer ## ]]`, and then ending with `[[ ## completed ## ]]`."""


def module(**how):
    return chain_of_thought("singer", ("question", "passages"), "answer", **how)


def saying(*texts):
    said = iter(texts)
    return FunctionModel(lambda messages, info: ModelResponse(parts=[TextPart(next(said))]))


def test_the_request_has_the_fields_between_dspys_markers():
    asked = {"question": "Who?", "passages": ["Ann | She sings.", "Bob | He\ndances."]}

    assert REQUEST == module(hints={"question": "what is asked"}).request(asked)
    assert "`[[ ## reasoning ## ]]`" not in module(reasons=False).request(asked)


async def test_the_answer_is_what_stands_in_its_field():
    singer = module()
    whole = "[[ ## reasoning ## ]]\nAnn sings.\n\n[[ ## answer ## ]]\nAnn\nSmith\n\n[[ ## completed ## ]]"

    with singer.agent.override(model=saying(whole)):
        assert "Ann\nSmith" == await singer(question="Who?", passages=[])


async def test_an_answer_without_its_field_is_asked_for_once_more():
    singer = module()

    with singer.agent.override(model=saying("Ann", "[[ ## answer ## ]]\nAnn")):
        assert "Ann" == await singer(question="Who?", passages=[])
    with singer.agent.override(model=saying("Ann", "Ann")), pytest.raises(UnexpectedModelBehavior):
        await singer(question="Who?", passages=[])


def test_a_text_without_fields_has_none():
    assert {} == fields_of("Ann")
    assert {"a": "2"} == fields_of("[[ ## a ## ]]\n1\n[[ ## a ## ]]\n2")
