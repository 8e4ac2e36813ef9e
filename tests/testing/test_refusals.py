import openai
import pytest

from spanwright.testing.simulated import refusals
from spanwright.testing.simulated.canned import Dice
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.transport import in_process

USER = {"role": "user", "content": "hi, in json"}
SYSTEM = {"role": "system", "content": "Be brief."}
TOOLS = [{"type": "function", "function": {"name": "look", "description": "d" * 1025}}]
SCHEMA = {"type": "json_schema", "json_schema": {"name": "out", "schema": {"type": "object"}}}


@pytest.mark.parametrize(
    ("rule", "refused", "accepted", "words"),
    [
        (refusals.without_tools, {"tools": TOOLS}, {}, "registry.ollama.ai/library/sim does not support tools"),
        (refusals.without_tool_parser, {"tools": TOOLS}, {"tools": TOOLS, "tool_choice": "none"}, "--tool-call-parser"),
        (
            refusals.without_json_schema,
            {"response_format": SCHEMA},
            {"response_format": {"type": "json_object"}},
            "'response_format' of type 'json_schema' is not supported",
        ),
        (
            refusals.without_response_format,
            {"response_format": {"type": "json_object"}},
            {},
            "This response_format type is unavailable now",
        ),
        (refusals.fixed_temperature, {"temperature": 0.2}, {"temperature": 1}, "'temperature' does not support 0.2"),
        (refusals.system_first, {"messages": [SYSTEM, SYSTEM, USER]}, {"messages": [SYSTEM, USER]}, "at the beginning"),
        (refusals.without_system_role, {"messages": [SYSTEM, USER]}, {}, "System role not supported"),
        (refusals.unsupported_system_role, {"messages": [SYSTEM, USER]}, {}, "'messages[0].role' does not support"),
        (refusals.long_descriptions, {"tools": TOOLS}, {}, "'tools[0].function.description': string too long"),
        (refusals.context_window(5), {"messages": [USER, USER]}, {}, "maximum context length is 5 tokens"),
    ],
)
async def test_a_server_refuses_what_it_cannot_do_in_its_own_words(rule, refused, accepted, words):
    app = simulated_app({"sim": Dice(), "able": Dice()}, refusals={"s*": [rule]})
    client = in_process(app).client
    with pytest.raises(openai.BadRequestError) as caught:
        await client.chat.completions.create(**{"model": "sim", "messages": [USER]} | refused)

    assert words in caught.value.message
    assert (await client.chat.completions.create(**{"model": "sim", "messages": [USER]} | accepted)).choices
    assert (await client.chat.completions.create(**{"model": "able", "messages": [USER]} | refused)).choices


def test_every_refusal_without_an_argument_can_be_named():
    defined = {name for name, thing in vars(refusals).items() if getattr(thing, "__module__", "") == refusals.__name__}
    rules = {name for name in defined if not name.startswith("_")} - {"context_window", "short_descriptions"}

    assert rules == {rule.__name__ for rule in refusals.REFUSALS}
