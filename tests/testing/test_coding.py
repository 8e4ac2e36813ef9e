"""The simulated coder minds what a text states in its own words, and the reflector writes what builds have shown."""

import json
from dataclasses import replace

import pytest
from prompts import Asked, Tried, edits

from spanwright.testing.simulated.coding import CodingSkill
from spanwright.testing.simulated.coding.rules import RULES, broken, stated
from spanwright.testing.simulated.reading import Habits, Reader
from spanwright.testing.simulated.reflection_model import STRONG, ReflectionModel
from spanwright.testing.simulated.wire import ChatMessage, ChatRequest, Draws, OfferedTool

SLOTS = {
    "tests": {"command": "python -m checks"},
    "registry": {"file": "shop/parts/__init__.py", "table": "PARTS"},
    "generated": {"file": "shop/prices.py", "source": "data/prices.csv", "command": "python -m tools.make"},
    "errors": {"file": "shop/errors.py"},
    "naming": {"file": "shop/charges.py", "suffix": "_fee"},
}
SURE = ReflectionModel(replace(STRONG, insight=1.0, malformed=0.0, forgets=0.0))
TOOLS = tuple(OfferedTool(name=name) for name in ("list_files", "read_file", "search", "edit_file", "run"))
ISSUE = "We send to Portugal now. The country code is PT, and its zone is 3."
ZONES = "`wharf/zones_table.py` is generated from `data/zones.csv`: edit that, then run `python -m tools.make_zones`."


def first_moves(instructions, tries=40, skill=CodingSkill()):  # noqa: B008 - it holds nothing
    """Return the files that the coder looks into first, over some servings of one request."""
    request = ChatRequest(
        model="m",
        tools=TOOLS,
        messages=(ChatMessage(role="system", content=instructions), ChatMessage(role="user", content=ISSUE)),
    )
    reading = Reader(habits=Habits()).read(request)
    replies = [skill.reply(request, reading, Draws(key=str(serving))) for serving in range(tries)]
    return [json.loads(reply.calls[0].arguments)["path"] for reply in replies]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (name, template.text)
        for name, kind in RULES.kinds.items()
        for template in kind.writes
        if all(slot in SLOTS.get(name, {}) for slot in template.needed)
    ],
)
def test_a_rule_is_read_as_it_is_written(kind, text):
    slots = SLOTS.get(kind, {})
    found = stated(text.format_map(slots))

    assert [each.kind for each in found] == [kind]
    assert all(found[0].slot(name) == value for name, value in slots.items() if value in text and name != "table")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("tests", "To check your work, use `python -m checks`."),
        ("tests", "`python -m checks` is what runs the whole suite."),
        ("generated", "Please don't edit shop/prices.py, it comes from data/prices.csv (python -m tools.make)."),
        ("registry", "Register new carriers in `shop/parts/__init__.py`."),
        ("money", "Prices are whole numbers of cents."),
        ("money", "Do not use floating point for prices."),
        ("errors", "Put exceptions into `shop/errors.py`."),
        ("naming", "The names of fees should end in `_fee`."),
        ("load", "Read this before you edit anything."),
    ],
)
def test_a_rule_is_understood_in_other_words_too(kind, text):
    assert kind in [each.kind for each in stated(text)]


def test_what_states_nothing_is_read_as_nothing():
    assert [stated(text) for text in (*RULES.junk, "This repository is wharf.")] == [()] * (len(RULES.junk) + 1)


def test_builds_show_which_rule_was_broken_and_what_it_is():
    said = "AssertionError: 'a' != 'b' : shop/prices.py is not what `python -m tools.make` makes of data/prices.csv"

    assert broken(said) == (("generated", tuple(sorted(SLOTS["generated"].items()))),)
    assert broken("AssertionError: 22.5 is not an instance of <class 'int'>") == (("money", ()),)
    assert broken("AssertionError: 2 != 3") == ()


def test_the_coder_edits_the_source_of_a_table_where_a_text_says_so():
    assert set(first_moves("Solve the issue.")) == {"wharf/zones_table.py"}
    told = first_moves(f"Solve the issue. {ZONES}")
    assert 30 <= told.count("data/zones.csv") < 40


def test_a_rule_that_leads_elsewhere_is_of_no_use():
    assert "data/zones.csv" not in first_moves(ZONES.replace("data/zones.csv", "data/prices.csv"))


def test_a_long_text_is_followed_less():
    short, long = (first_moves(f"{ZONES} {filler}", 100) for filler in ("", "Write good code, as we all do. " * 200))

    assert long.count("data/zones.csv") < 0.5 * short.count("data/zones.csv")


def test_other_requests_are_not_for_the_coder():
    request = ChatRequest(model="m", messages=(ChatMessage(role="user", content=ISSUE),))

    assert CodingSkill().reply(request, Reader(habits=Habits()).read(request), Draws(key="1")) is None


def test_a_skill_that_is_loaded_in_the_middle_is_instruction_and_no_task():
    request = ChatRequest(
        model="m",
        messages=(
            ChatMessage(role="user", content=ISSUE),
            ChatMessage(role="user", content='<system><context id="capability:wharf">Do it.</context></system>'),
        ),
    )
    reading = Reader(habits=Habits()).read(request)

    assert reading.task == ISSUE
    assert "Do it." in reading.instructions.text


def test_the_reflector_writes_what_the_build_has_shown_into_the_skill():
    seen = Tried(
        asked=ISSUE,
        feedback="2 of 3 tests fail (`python -m checks`, with tests for this task): - a: wharf/zones_table.py is not"
        " what `python -m tools.make_zones` makes of data/zones.csv",
        steps=(('run: {"command": "python -m unittest"}', "result: Ran 0 tests in 0.000s"),),
    )
    texts = {"coder/skill:wharf": "About wharf.", "coder/skill:wharf/body": "This repository is wharf."}
    new = [edits(SURE, Asked(texts=texts, records=(seen,)), serving) for serving in range(10)]

    written = [{directive.kind for directive in stated(each.get("coder/skill:wharf/body", ""))} for each in new]
    assert all({"tests", "generated"} & each for each in written)
    assert not any({"registry", "errors", "naming", "money"} & each for each in written)
    described = [each.get("coder/skill:wharf", "") for each in new]
    assert any("load" in {directive.kind for directive in stated(each)} for each in described)


def test_the_reflector_finds_nothing_where_everything_passes():
    fine = Tried(asked=ISSUE, feedback="all tests pass (`python -m checks`)", score=1.0)
    texts = {"coder/skill:wharf/body": "This repository is wharf."}

    assert not any(
        stated(text)
        for serving in range(10)
        for text in edits(SURE, Asked(texts=texts, records=(fine,)), serving).values()
    )
