"""The tool desk: many tools that are easily confused, requests that can be served, and docs that decide how well."""

import asyncio

import pytest
from tool_desk_driver import measured

from spanwright_agents.tool_desk import make_cases, reference
from spanwright_agents.tool_desk.agent import Ended, build
from spanwright_agents.tool_desk.evals import requests
from spanwright_agents.tool_desk.seeds import LEVELS, OPAQUE, WILD, degraded, named, texts_at, tools_at
from spanwright_agents.tool_desk.tools import TOOLS
from spanwright_evaluators.end_state import served


def test_the_committed_files_are_what_the_script_writes():
    rows, cases = make_cases.make()

    assert rows == (make_cases.HERE / "rows.json").read_text(encoding="utf-8")
    assert cases == (make_cases.HERE / "cases.jsonl").read_text(encoding="utf-8")


def test_there_are_thirty_tools_in_five_domains_and_every_one_is_asked_for():
    cases = requests().cases

    assert len(TOOLS) == 30
    assert len({tool.__name__.partition("_")[0] for tool in TOOLS}) == 5
    assert len(cases) == len({case.inputs for case in cases}) == 264
    assert {tool for case in cases for tool in case.metadata.expected_tools} == {tool.__name__ for tool in TOOLS}


def test_nothing_is_won_by_idleness_and_all_by_the_right_calls():
    assert asyncio.run(reference.scores()) == {"empty": 0.0, "gold": 1.0}


@pytest.mark.parametrize("level", [WILD, *LEVELS])
def test_every_level_is_an_agent_with_the_same_tools_and_other_docs(level):
    agent = build(level)

    assert [each.__name__ for each in tools_at(level)] == list(named(level).values())
    assert agent.name == "desk"
    if level != WILD:
        assert len(texts_at(level)) == 78


def test_a_swap_is_of_descriptions_alone_and_opaque_names_reach_the_cases():
    good, swapped = degraded("D0"), degraded("D4")
    changed = {name for name in good if good[name] != swapped[name]}

    assert len(changed) == 10
    assert swapped["order_stop"].description == good["order_close"].description
    assert swapped["order_stop"].parameters == good["order_stop"].parameters
    assert requests(OPAQUE).cases[0].metadata.expected_tools == ("op_33",)


def test_too_little_and_too_much_done_and_what_was_not_read_all_count():
    wanted = Ended(reply="", books={"recalls": ["P-1 recalled"]}, reads={"parcels": ["P-1"]})

    assert served(wanted, wanted).value
    more_read = Ended(reply="", books=wanted.books, reads={"parcels": ["P-1", "P-2"], "stock": ["S-1"]})
    assert served(more_read, wanted).value
    assert "parcels should have been read: [P-1]" in str(served(Ended(reply="", books={}, reads={}), wanted).reason)
    more_done = Ended(reply="", books={**wanted.books, "searches": ["P-1 search"]}, reads=wanted.reads)
    assert "searches were [P-1 search], should be []" in str(served(more_done, wanted).reason)


@pytest.mark.slow
def test_each_level_of_docs_is_worth_less_to_the_simulated_model():
    d0, d1, d2, d3, d4 = (measured(level)[0] for level in LEVELS)

    assert d0 > 0.8
    assert d0 > d4 > d1 > d2 >= d3
