"""The task model does what texts say, right or wrong, and knows nothing that they do not say."""

import json
import time

import pytest
from conversations import NUMBER, Conversation, share, tool
from hypothesis import given, settings
from hypothesis import strategies as st

from spanwright.testing.simulated.reading import Habits
from spanwright.testing.simulated.task_model import TaskModel
from spanwright.testing.simulated.wire import ChatMessage, ChatReply, ChatRequest, Draws, OfferedTool

TICKET = "Please refund $12.50 for order 1042, the mug arrived broken."
REFUND = tool("refund", "Refund.", ref="", amount=NUMBER, reason="")
CREDIT = tool("credit", "Credit.", ref="", amount=NUMBER)


def refunds(conversation, servings=200):
    return [arguments for name, arguments in conversation.calls(servings) if name == "refund"]


def with_doc(parameter, doc, *, kind="string"):
    shapes = {"ref": "", "amount": NUMBER, "reason": ""} | {parameter: {"type": kind, "description": doc}}
    return tool("refund", "Refund.", **shapes)


def test_without_a_word_about_it_arguments_are_the_customers_own():
    made = refunds(Conversation(TICKET, REFUND))

    assert share(made, lambda args: args["amount"] == 12.5) > 0.9
    assert share(made, lambda args: args["ref"] == "1042") > 0.9
    assert share(made, lambda args: args["reason"] == "the mug arrived broken") == 1


@pytest.mark.parametrize(
    ("parameter", "doc", "expected"),
    [
        ("amount", "Amounts are in cents, e.g. $12.50 is 1250.", 1250),
        ("amount", "The sum in whole cents.", 1250),
        ("amount", "In dollars.", 12.5),
        ("ref", "Order refs look like A-1000.", "A-1042"),
        ("ref", "Written as ORD/1000.", "ORD/1042"),  # wrong, and obeyed all the same
        ("reason", "One of DAMAGED, LATE, WRONG_ITEM.", "DAMAGED"),
        ("reason", "Use BRK for broken items.", "BRK"),
    ],
)
def test_a_parameters_doc_is_obeyed_right_or_wrong(parameter, doc, expected):
    refund = with_doc(parameter, doc, kind="number" if parameter == "amount" else "string")
    made = refunds(Conversation(TICKET, refund))

    assert share(made, lambda args: args[parameter] == expected) > 0.9


def test_a_rule_in_the_instructions_is_obeyed_less_reliably_than_one_in_the_tool():
    everywhere = Conversation(TICKET, REFUND, instructions="Help the customer. Amounts are in cents.")
    at_home = Conversation(TICKET, tool("refund", "Refund. Amounts are in cents.", ref="", amount=NUMBER, reason=""))

    assert 0.75 < share(refunds(everywhere, 600), in_cents) < share(refunds(at_home, 600), in_cents)


def test_a_rule_said_of_everything_also_hits_tools_where_it_is_wrong():
    ticket = "Please give me $9 store credit for order 1042."
    rule = "Amounts are in cents."
    loose = Conversation(ticket, REFUND, CREDIT, instructions=f"Help the customer. {rule}")
    narrowed = Conversation(ticket, REFUND, CREDIT, instructions=f"Help the customer. When calling `refund`, {rule}")

    assert share(loose.calls(), lambda call: call[1]["amount"] == 900) > 0.75
    assert share(narrowed.calls(), lambda call: call[1]["amount"] == 900) == 0


def test_length_dilutes_what_the_instructions_say():
    padding = " ".join(f"Topic {number} has nothing to do with this." for number in range(60))
    long = Conversation(TICKET, REFUND, instructions=f"Help the customer. Amounts are in cents. {padding}")

    assert share(refunds(long), in_cents) < 0.5


def test_rules_that_contradict_each_other_leave_it_to_chance():
    torn = tool("refund", "Refund. Amounts are in cents. Amounts are in dollars.", ref="", amount=NUMBER, reason="")

    assert 0.3 < share(refunds(Conversation(TICKET, torn)), in_cents) < 0.7


def test_an_error_teaches_for_the_rest_of_the_conversation_only():
    conversation = Conversation(TICKET, REFUND)
    before = refunds(conversation)
    conversation.happened(
        "refund", before[0], "No order '1042': order refs look like A-1000.\n\nFix the errors and try again."
    )
    after = conversation.calls()

    assert share(before, lambda args: args["ref"].startswith("A-")) == 0
    assert 0.5 < share(after, lambda call: call[0] == "refund" and call[1]["ref"] == "A-1042") < 0.9


def test_it_gives_up_where_nothing_was_learned_and_says_so():
    conversation = Conversation(TICKET, REFUND)
    for _ in range(2):
        conversation.happened("refund", refunds(conversation)[0], "Failed.")

    assert share(conversation.calls(), lambda call: call[0] is None and "sorry" in call[1]) > 0.9


def test_a_rule_for_one_order_helps_with_that_order_only():
    rule = "For order 1042: amounts are in cents."
    same = Conversation(TICKET, tool("refund", rule, ref="", amount=NUMBER, reason=""))
    other = Conversation(TICKET.replace("1042", "1999"), tool("refund", rule, ref="", amount=NUMBER, reason=""))

    assert share(refunds(same), in_cents) > 0.9
    assert share(refunds(other), in_cents) == 0


def test_vague_tools_are_a_toss_up_and_a_description_decides():
    ticket = "Where is order 1042?"
    vague = Conversation(ticket, tool("lookup", "Look up.", ref=""), tool("check", "Check.", ref=""))
    told = Conversation(
        ticket, tool("lookup", "Look up.", ref=""), tool("check", "Use this to track a parcel.", ref="")
    )
    misled = Conversation(
        ticket, tool("lookup", "Use this to track a parcel.", ref=""), tool("check", "Check.", ref="")
    )

    assert 0.35 < share(vague.calls(), lambda call: call[0] == "check") < 0.65
    assert share(told.calls(), lambda call: call[0] == "check") > 0.95
    assert share(misled.calls(), lambda call: call[0] == "lookup") > 0.95


def test_a_tool_that_has_to_come_first_comes_first():
    lookup = tool("lookup", "Look up.", ref="")
    ruled = Conversation(TICKET, lookup, tool("refund", "Refund. Call lookup first.", ref="", amount=NUMBER, reason=""))
    answered = Conversation(TICKET, *ruled.tools).happened("lookup", {"ref": "1042"}, '{"ref": "1042", "total": 12.5}')

    assert share(ruled.calls(), lambda call: call[0] == "lookup") > 0.9
    assert share(answered.calls(), lambda call: call[0] == "refund") > 0.9


@pytest.mark.parametrize(
    ("rule", "shown", "expected"),
    [
        ("Refunds over $10 must be escalated to finance.", "", "finance"),
        ("Refunds over $100 must be escalated to finance.", "", None),
        ("Only within 30 days of delivery; otherwise escalate to tier2.", '{"days_since_delivery": 41}', "tier2"),
        ("Only within 30 days of delivery; otherwise escalate to tier2.", '{"days_since_delivery": 4}', None),
        ("If the order has already shipped, escalate to depot.", '{"status": "shipped"}', "depot"),
        ("If the order has already shipped, escalate to depot.", '{"status": "processing"}', None),
    ],
)
def test_conditions_decide_whether_something_is_done_or_passed_on(rule, shown, expected):
    tools = (
        tool("lookup", "Look up an order.", ref=""),
        tool("refund", f"Refund. {rule}", ref="", amount=NUMBER, reason=""),
        tool("escalate", "Pass on.", ref="", team="", note=""),
    )
    conversation = Conversation(TICKET, *tools)
    if shown:
        assert share(conversation.calls(), lambda call: call[0] == "lookup") > 0.9
        conversation.happened("lookup", {"ref": "1042"}, shown)
    made = [call for call in conversation.calls() if call[0] != "lookup"]

    assert share(made, lambda call: call[0] == ("escalate" if expected else "refund")) > 0.9
    if expected:
        assert {call[1]["team"] for call in made if call[0] == "escalate"} == {expected}


def test_a_value_is_taken_from_a_result_where_the_texts_say_so():
    ticket = "Please exchange the red t-shirt from order 1042 for size L."
    lookup = tool("lookup", "Look up an order.", ref="")
    exchange = tool("exchange", "Exchange.", ref="", item="Use the sku returned by lookup.", size="")
    result = '{"items": [{"sku": "MUG-1", "name": "blue mug"}, {"sku": "TSH-7", "name": "red t-shirt"}]}'
    conversation = Conversation(ticket, lookup, exchange)

    assert share(conversation.calls(), lambda call: call[0] == "lookup") > 0.9

    conversation.happened("lookup", {"ref": "1042"}, result)

    assert share(conversation.calls(), lambda call: call[1] and call[1].get("item") == "TSH-7") > 0.9


def test_the_reply_states_what_the_texts_want_stated():
    done = ("refund", {"ref": "A-1042", "amount": 1250, "reason": "DAMAGED"}, "Booked.")
    rule = "The reply must state the order ref and the amount."
    silent = Conversation(TICKET, REFUND, model=TaskModel(habits=Habits(chatty=0))).happened(*done)
    told = Conversation(TICKET, REFUND, instructions=f"Help. {rule}").happened(*done)

    assert share(silent.calls(), lambda call: "A-1042" in call[1] or "12.50" in call[1]) == 0
    assert share(told.calls(), lambda call: "A-1042" in call[1] and "$12.50" in call[1]) > 0.75


def test_a_structured_answer_is_given_by_its_tool():
    final = tool(
        "final_result",
        "The final response which ends this conversation",
        order_ref="",
        refunded={"type": "boolean"},
        message="",
    )
    conversation = Conversation(TICKET, REFUND, final).happened("refund", {"ref": "A-1042", "amount": 1250}, "Booked.")
    name, arguments = conversation.call()

    assert name == "final_result"
    assert arguments["refunded"] is True
    assert "refund" in arguments["message"]


def test_equal_servings_get_equal_answers_and_others_may_differ():
    conversation = Conversation(TICKET, tool("lookup", "", ref=""), tool("check", "", ref=""), REFUND)

    assert conversation.calls(20) == conversation.calls(20)
    assert len({json.dumps(call) for call in Conversation("Where is order 1042?", *conversation.tools).calls(20)}) > 1


def test_retry_prompts_are_no_new_task():
    conversation = Conversation(TICKET, REFUND)
    conversation.messages.append(
        ChatMessage(role="user", content="Validation feedback:\nfoo\n\nFix the errors and try again.")
    )

    assert conversation.call()[0] == "refund"


def test_a_skill_of_ones_own_is_asked_in_its_turn():
    class Greets:
        def reply(self, request, reading, draws):
            return ChatReply(text="Hello!") if reading.task == "Hi" else None

    model = TaskModel([Greets()])

    assert Conversation("Hi", model=model).call() == (None, "Hello!")
    assert "not sure" in Conversation("Bye", model=model).call()[1]


SCHEMAS = st.recursive(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["string", "number", "integer", "boolean", "array", "object", "null"])}
    )
    | st.fixed_dictionaries({"enum": st.lists(st.text(max_size=8), min_size=1, max_size=3)})
    | st.just({"$ref": "#/$defs/Nowhere"}),
    lambda inner: st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=2)}),
    max_leaves=3,
)
TOOLS = st.builds(
    lambda name, text, fields: OfferedTool(
        name=name, description=text, parameters={"properties": fields, "required": list(fields)}
    ),
    st.sampled_from(["refund", "lookup", "search", "final_result", "x", "op_17", "escalate"]),
    st.text(max_size=60),
    st.dictionaries(st.sampled_from(["ref", "amount", "when", "team", "item", "q", "é"]), SCHEMAS, max_size=3),
)


@settings(max_examples=150, deadline=None)
@given(
    task=st.sampled_from(
        [TICKET, "", "Where is order 1042?", "Exchange the mug for size L", "Deliver order 7 on 31 February 2026"]
    )
    | st.text(max_size=120),
    tools=st.lists(TOOLS, max_size=4, unique_by=lambda each: each.name),
    instructions=st.text(max_size=120),
    result=st.none() | st.text(max_size=60) | st.just('{"a": [1, {"b": null}]}'),
)
def test_any_agent_gets_an_answer(task, tools, instructions, result):
    conversation = Conversation(task, *tools, instructions=instructions)
    if result is not None and tools:
        conversation.happened(tools[0].name, {"ref": 1}, result)

    reply = conversation.ask()

    assert reply.calls or isinstance(reply.text, str)
    for call in reply.calls:
        assert call.name in {each.name for each in tools}
        json.loads(call.arguments)


def test_a_reply_takes_about_a_millisecond():
    model = TaskModel()
    conversation = Conversation(TICKET, REFUND, CREDIT, tool("lookup", "Look up.", ref=""), model=model)
    request = ChatRequest(model="sim-task", messages=tuple(conversation.messages), tools=conversation.tools)
    model.reply(request, Draws(key="warm"))
    started = time.process_time()
    for number in range(200):
        model.reply(request, Draws(key=str(number)))

    assert (time.process_time() - started) / 200 < 0.003  # a third of it on an idle machine


def in_cents(arguments):
    return arguments["amount"] in (1250, 2150)
