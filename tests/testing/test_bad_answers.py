import json
from collections import Counter

import pytest

from spanwright.testing.simulated.bad_answers import BAD_ANSWERS
from spanwright.testing.simulated.wire import ChatMessage, ChatRequest, Draws, OfferedTool

PROMPT = """# Texts that you may edit

## `support/tool:refund`: tool description of agent `support`
- Governs: when `support/tool:refund` is called.
Current text:
```text-1a2b
Refund {ref} for the customer.
```

## `support/instructions`: instructions of agent `support`
Current text:
```text-1a2b
Help.
```
"""
TAGS = '\nAnswer in tags: <edit component="the id" why="why">new text</edit>'
TOOL = OfferedTool(name="propose", parameters={"type": "object"})
REQUESTS = {
    "tool": ChatRequest(model="m", messages=(ChatMessage(role="user", content=PROMPT),), tools=(TOOL,)),
    "native": ChatRequest(
        model="m", messages=(ChatMessage(role="user", content=PROMPT),), response_format="json_schema"
    ),
    "json": ChatRequest(model="m", messages=(ChatMessage(role="user", content=PROMPT + '{"edits": []}'),)),
    "tags": ChatRequest(model="m", messages=(ChatMessage(role="user", content=PROMPT + TAGS),)),
}
BY_NAME = {bad.name: bad for bad in BAD_ANSWERS}


def said(name, shape):
    reply = BY_NAME[name].reply(REQUESTS[shape], Draws(key=""))
    return reply.calls[0].arguments if reply.calls else reply.text


def test_there_are_many_and_each_has_a_name_of_its_own():
    assert len(BAD_ANSWERS) >= 40
    assert [] == [name for name, count in Counter(bad.name for bad in BAD_ANSWERS).items() if count > 1]
    assert {"proposal", "refusal", "either"} == {bad.outcome for bad in BAD_ANSWERS}


@pytest.mark.parametrize("shape", REQUESTS)
def test_each_answers_whatever_was_asked_and_always_alike(shape):
    once = {bad.name: bad.reply(REQUESTS[shape], Draws(key="")) for bad in BAD_ANSWERS}
    again = {bad.name: bad.reply(REQUESTS[shape], Draws(key="another")) for bad in BAD_ANSWERS}

    assert once == again
    assert [] == [name for name, reply in once.items() if len(reply.text) > 300_000]


@pytest.mark.parametrize("shape", REQUESTS)
def test_they_are_different_answers(shape):
    replies = Counter(bad.reply(REQUESTS[shape], Draws(key="")) for bad in BAD_ANSWERS)

    assert max(replies.values()) <= 2  # in the shape of text, say, one tool name is as wrong as another


def test_they_edit_the_component_that_was_asked_for_and_know_its_text():
    answer = json.loads(said("unknown keys", "json"))
    [edit] = answer["edits"]

    assert "support/tool:refund" == edit["component"]
    assert edit["text"].startswith("Refund {ref} for the customer.\n\nCheck")
    assert "Refund {ref} for the customer." == json.loads(said("current text unchanged", "json"))["edits"][0]["text"]
    assert "Refund ref" in json.loads(said("placeholders dropped", "json"))["edits"][0]["text"]


def test_they_come_in_the_shape_that_was_asked_for():
    called = BY_NAME["component in backticks"].reply(REQUESTS["tool"], Draws(key=""))

    assert "propose" == called.calls[0].name
    assert "`support/tool:refund`" == json.loads(called.calls[0].arguments)["edits"][0]["component"]
    assert '<edit component="`support/tool:refund`"' in said("component in backticks", "tags")
    assert "`support/tool:refund`" == json.loads(said("component in backticks", "native"))["edits"][0]["component"]


@pytest.mark.parametrize(
    "name", ["single quotes", "python dict", "comments", "line breaks inside strings", "guillemets"]
)
def test_damaged_json_is_not_json(name):
    with pytest.raises(json.JSONDecodeError):
        json.loads(said(name, "json"))


def test_what_was_cut_off_says_so():
    for name in ("cut off for its length", "cut off at once"):
        assert "length" == BY_NAME[name].reply(REQUESTS["tool"], Draws(key="")).finish_reason
    assert "content_filter" == BY_NAME["content filter"].reply(REQUESTS["tags"], Draws(key="")).finish_reason
