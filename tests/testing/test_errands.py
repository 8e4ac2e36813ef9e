"""With many tools the simulated model goes by words: of names, descriptions, parameter docs and instructions."""

import json

import pytest

from spanwright.testing.simulated.skills.errands import MANY, errands
from spanwright.testing.simulated.task_model import TaskModel
from spanwright.testing.simulated.wire import ChatMessage, ChatRequest, Draws, OfferedTool, ToolRequest

TIMES = 40


def tool(name, description="", **docs):
    properties = {each: {"type": "string", **({"description": doc} if doc else {})} for each, doc in docs.items()}
    return OfferedTool(
        name=name,
        description=description,
        parameters={"type": "object", "properties": properties, "required": list(docs)},
    )


OTHERS = tuple(tool(f"op_{number}", id="") for number in range(MANY))


def asked(task, *tools, instructions="Do it.", told=()):
    messages = [ChatMessage(role="system", content=instructions), ChatMessage(role="user", content=task), *told]
    request = ChatRequest(model="sim-task", messages=tuple(messages), tools=(*OTHERS, *tools))
    return [TaskModel().reply(request, Draws(key=str(number))) for number in range(TIMES)]


def share(replies, name):
    return sum(bool(each.calls) and each.calls[0].name == name for each in replies) / TIMES


STOP = "Cancels an order, so that it is never shipped."


def test_a_description_decides_which_of_many_tools_is_called():
    described = share(asked("Please cancel order O-1042.", tool("run_it", STOP, id="")), "run_it")
    bare = share(asked("Please cancel order O-1042.", tool("run_it", id="")), "run_it")

    assert described > 0.9
    assert bare < 0.3


def test_what_the_instructions_say_of_a_tool_helps_less_the_longer_they_are():
    said = "Use `run_it` for cancel order."
    short = share(asked("Please cancel order O-1042.", tool("run_it", id=""), instructions=said), "run_it")
    long = share(
        asked("Please cancel order O-1042.", tool("run_it", id=""), instructions=said + " Be very kind." * 200),
        "run_it",
    )

    assert short > 0.7
    assert long < short - 0.3


def test_a_wrong_description_leads_astray():
    wrong, right = tool("op_a", STOP, id=""), tool("op_b", "Archives a finished order as complete.", id="")

    assert share(asked("Order O-1042 is finished, please archive it.", wrong, right), "op_b") > 0.9


@pytest.mark.parametrize(("doc", "taken"), [("Order ids look like O-1000.", "O-1042"), ("", "C-7001")])
def test_which_of_two_ids_is_meant_is_told_by_the_doc_of_the_parameter(doc, taken):
    replies = asked("This is about customer C-7001. Cancel order O-1042.", tool("run_it", STOP, id=doc))
    given = [json.loads(each.calls[0].arguments)["id"] for each in replies if each.calls[0].name == "run_it"]

    assert given.count(taken) > 0.8 * len(given)


def test_one_errand_comes_after_the_other_and_then_the_answer():
    assert [goal.refs for goal in errands("Cancel O-1042. It is late. Also, show P-3001. Thanks.")] == [
        ("O-1042",),
        ("P-3001",),
    ]
    tools = (tool("run_it", STOP, id=""), tool("see_it", "Shows where a parcel is.", id=""))
    first = ChatMessage(role="assistant", tool_calls=(ToolRequest(id="1", name="run_it", arguments="{}"),))
    done = ChatMessage(role="tool", content="Done.", tool_call_id="1")
    task = "Cancel order O-1042. Also, where is parcel P-3001?"

    assert share(asked(task, *tools, told=(first, done)), "see_it") > 0.8
    twice = (first, done, first, done)
    assert all(not each.calls and "Done." in each.text for each in asked(task, *tools, told=twice))
