"""Patches from a model at the end of the real wire: one form for all, whatever form the model answers in else."""

import json
from dataclasses import replace

import pytest
from reflection_wire import Series, reflector

from spanwright import Candidate, Component, Kind, Refusal
from spanwright.core.context import ReflectionContext, Turn
from spanwright.core.proposal import Proposal, RefusalReason
from spanwright.reflection import Conversing, Rung, composer_of
from spanwright.testing.simulated.refusals import fixed_temperature, unsupported_system_role, without_system_role
from spanwright.testing.simulated.wire import ChatReply

FILES = {"a.py": "x = 1\ny = 2\n", "b.py": "from a import x\n"}
BLOCK = "<<<<<<< SEARCH\nx = 1\n=======\nx = 3\n>>>>>>> REPLACE"
EDITED = {"a.py": "x = 3\ny = 2\n"}
PATCHES = composer_of(patches=True)


def context() -> ReflectionContext:
    components = tuple(Component(id=id, kind=Kind.ARTIFACT, agent="", text=text) for id, text in FILES.items())
    return ReflectionContext(attempt=1, parent=Candidate(texts=FILES), components=components, examples=())


def saying(text: str, *, cut: bool = False):
    return lambda request: ChatReply(text=text, finish_reason="length" if cut else "stop")


@pytest.mark.parametrize("rung", Rung)
async def test_blocks_are_asked_for_in_text_and_the_model_s_own_form_is_kept_for_other_prompts(rung):
    model = Series(saying(f'<edit component="a.py">\n{BLOCK}\n</edit>'))
    reflecting, _ = reflector(model, rung=rung, composer=PATCHES)
    before = reflecting.rung

    reflection = await reflecting.reflect(context())

    assert isinstance(reflection.result, Proposal)
    assert EDITED == reflection.result.edits
    assert not model.requests[0].tools
    assert "<<<<<<< SEARCH" in reflection.prompt
    assert "propose" not in reflection.prompt
    if rung is not Rung.TAGGED:
        assert before is reflecting.rung


async def test_answers_that_cannot_be_read_do_not_cost_the_model_its_form():
    reflecting, _ = reflector(Series(saying("Hm.")), composer=PATCHES)

    for _ in range(4):
        assert isinstance((await reflecting.reflect(context())).result, Refusal)

    assert Rung.TOOL is reflecting.rung


@pytest.mark.parametrize("refusal", [without_system_role, unsupported_system_role, fixed_temperature])
async def test_what_a_server_refuses_is_left_out_of_a_request_for_blocks_too(refusal):
    model = Series(saying(f"a.py\n{BLOCK}"))
    reflecting, _ = reflector(model, refusals=(refusal,), composer=PATCHES, temperature=0.5)

    result = (await reflecting.reflect(context())).result

    assert isinstance(result, Proposal)
    assert EDITED == result.edits


async def test_an_answer_that_was_cut_is_asked_for_again_though_a_block_of_it_was_whole():
    cut, whole = saying(f"a.py\n{BLOCK}\nb.py\n<<<<<<< SEA", cut=True), saying(f"a.py\n{BLOCK}")
    closed = saying(f'<edit component="a.py">\n{BLOCK}\n</edit>\n<edit component="b.py">\n<<<', cut=True)
    for first in (cut, closed):
        model = Series(first, whole)
        reflecting, _ = reflector(model, composer=PATCHES)

        reflection = await reflecting.reflect(context())

        assert isinstance(reflection.result, Proposal)
        assert 2 == len(model.requests)
        assert RefusalReason.TRUNCATED in reflection.answer


async def test_a_conversation_goes_on_in_the_form_of_the_blocks():
    model = Series(saying(f"a.py\n{BLOCK}"))
    reflecting, _ = reflector(model, composer=PATCHES)
    earlier = Proposal(parents=("p",), edits={"a.py": "x = 0\ny = 2\n"}, diagnosis="Too large")
    turns = (Turn(proposal=earlier, outcome="worse: 1 -> 0 on 1 case", kept=False),)

    result = (await Conversing(reflector=reflecting).reflect(replace(context(), turns=turns))).result

    own = [each for each in model.requests[0].messages if each.role == "assistant"]
    assert isinstance(result, Proposal)
    assert not own[0].tool_calls
    assert own[0].content.startswith("<diagnosis>Too large")


async def test_a_tool_call_with_blocks_in_its_texts_is_read_where_whole_texts_were_asked_for():
    edit = {"component": "a.py", "why": "", "text": BLOCK}
    model = Series(lambda request: ChatReply(text=f'{{"diagnosis": "", "edits": [{json.dumps(edit)}], "lessons": []}}'))
    reflecting, _ = reflector(model, composer=composer_of(patches=False), rung=Rung.PROMPTED)

    result = (await reflecting.reflect(context())).result

    assert isinstance(result, Proposal)
    assert EDITED == result.edits
