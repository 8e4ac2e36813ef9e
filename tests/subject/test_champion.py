"""A champion file holds a winner's texts, which agents wear from the next start on."""

import json
import sys
from importlib import import_module
from pathlib import Path
from threading import Thread

import pytest
from pydantic_ai import Agent

from spanwright import Candidate, text, wearing
from spanwright.errors import UsageError
from spanwright.subject import (
    Champion,
    Measured,
    discover,
    misfits,
    optimizable,
    read_champion,
    wearable_of,
    write_champion,
)

ask = text
"""By another name, so that no other test finds these keys in the source: a key that is nobody's is every program's."""
TEXTS = {"a/instructions": "Sei freundlich – immer.", "a/tool:find": "F", "b/instructions": "B"}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "champion.json"
    write_champion(path, Champion(texts=TEXTS, seed={"a/instructions": "old"}, run="first", summary="better"))
    return path


def test_what_is_written_can_be_read(saved: Path) -> None:
    champion = read_champion(saved)

    assert Champion(texts=TEXTS, seed={"a/instructions": "old"}, run="first", summary="better") == champion
    assert TEXTS == champion.candidate.texts


def test_the_file_is_written_for_people_who_review_it(saved: Path) -> None:
    text = saved.read_text(encoding="utf-8")

    assert "Sei freundlich – immer." in text
    assert text.endswith("}\n")
    assert sorted(TEXTS) == list(json.loads(text)["texts"])


async def test_an_agent_wears_its_part_of_the_champion_from_the_start(mirror, saved: Path) -> None:
    agent = optimizable(Agent(mirror.model, name="a", instructions="Be kind."), champion=saved)

    @agent.tool_plain
    def find(query: str) -> str:
        """Find."""
        return query

    await agent.run("x")

    assert ["Sei freundlich – immer."] == mirror.instructions
    assert {"find": "F"} == mirror.tools
    base = wearable_of(agent).base
    assert {"a/instructions", "a/tool:find"} == set(base.texts)


async def test_the_agents_of_a_program_wear_their_parts_and_one_without_any_stays_bare(mirror, saved: Path) -> None:
    a, b, c = (Agent(mirror.model, name=name, instructions=name) for name in "abc")

    @optimizable(agents=[a, b, c], champion=str(saved))
    async def program(ticket: str) -> str:
        return ticket

    shown = []
    for agent in (a, b, c):
        await agent.run("x")
        shown += mirror.instructions

    assert ["Sei freundlich – immer.", "B", "c"] == shown


async def test_the_agents_of_a_factory_wear_their_part(mirror, saved: Path) -> None:
    @optimizable(champion=saved)
    def make() -> Agent[object, str]:
        return Agent(mirror.model, name="b", instructions="Be kind.")

    for _ in range(2):
        await make().run("x")

        assert ["B"] == mirror.instructions


def test_a_champion_of_other_agents_is_refused(mirror, saved: Path) -> None:
    with pytest.raises(UsageError, match="the champion has no text for 'x', only for a, b"):
        optimizable(Agent(mirror.model, name="x"), champion=saved)
    with pytest.raises(UsageError, match="the champion has no text for 'x', only for a, b"):
        optimizable(lambda: Agent(mirror.model, name="x"), champion=saved)()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "cannot be read"),
        ("", "is not a champion file"),
        ("[]", "is not a champion file"),
        ('{"texts": {"a": 1}, "seed": {}}', "is not a champion file"),
        ('{"texts": {}, "seed": {}, "schema": "spanwright.champion/2"}', "has the schema 'spanwright.champion/2'"),
    ],
)
def test_a_file_that_is_no_champion_is_refused(mirror, tmp_path: Path, content: str | None, what: str) -> None:
    path = tmp_path / "champion.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")

    with pytest.raises(UsageError, match=what):
        optimizable(Agent(mirror.model, name="a"), champion=path)


MEASURED = Measured(on="test", cases=40, seed=0.5, winner=0.75, difference=0.25, low=0.1, high=None)


def desk(mirror, **options) -> Agent[None, str]:
    agent = Agent(mirror.model, name="a", instructions="Be kind.")

    @agent.tool_plain
    def find_order(query: str) -> str:
        """Find an order."""
        return query

    @agent.tool_plain
    def refund(order: str) -> str:
        """Refund."""
        return order

    return optimizable(agent, **options)


OUTDATED = Champion(
    texts={"a/instructions": "I", "a/tool:find": "F", "a/tool:gone_for_good": "G", "b/instructions": "B"},
    seed={"a/instructions": "Be nice.", "a/tool:find": "Find an order."},
    run="first",
)
GONE = "the agent has no such component any more, the text goes nowhere"
SAID = {
    "a/instructions": "its text in the code is another one than the champion was measured against",
    "a/tool:find": f"{GONE}: was it renamed to 'a/tool:find_order'?",
    "a/tool:gone_for_good": GONE,
}


def test_what_a_winner_was_measured_by_is_kept(tmp_path: Path) -> None:
    champion = Champion(texts=TEXTS, seed={}, run="first", measured=MEASURED)
    write_champion(tmp_path / "champion.json", champion)

    assert champion == read_champion(tmp_path / "champion.json")


def test_the_same_champion_is_the_same_file(tmp_path: Path) -> None:
    for name, texts in (("one", TEXTS), ("two", dict(reversed(TEXTS.items())))):
        write_champion(tmp_path / name, Champion(texts=texts, seed={}, measured=MEASURED))

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


async def test_a_champion_that_no_longer_fits_says_what_is_gone_changed_and_new(mirror) -> None:
    found = {misfit.component: misfit.said for misfit in misfits(OUTDATED, await discover(desk(mirror)))}

    assert SAID == found


async def test_a_new_tool_beside_those_of_the_champion_is_named(mirror) -> None:
    champion = Champion(texts={"a/tool:refund": "R"}, seed={"a/tool:refund": "Refund."})

    (found,) = misfits(champion, await discover(desk(mirror)))

    assert ("a/tool:find_order", "the champion has no text for it: it was not there, or not optimized") == (
        found.component,
        found.said,
    )


async def test_a_champion_whose_texts_are_in_the_source_by_now_fits(mirror) -> None:
    champion = Champion(texts={"a/instructions": "Be kind."}, seed={"a/instructions": "Be nice."})

    assert () == misfits(champion, await discover(desk(mirror)))


async def test_an_agent_warns_once_of_a_champion_that_no_longer_fits(mirror, tmp_path: Path, caplog) -> None:
    write_champion(tmp_path / "champion.json", OUTDATED)
    agent = desk(mirror, champion=tmp_path / "champion.json")

    for _ in range(2):
        await agent.run("x")

    said = [record.getMessage() for record in caplog.records if record.name == "spanwright"]
    assert [f"champion of first: {component}: {text}" for component, text in sorted(SAID.items())] == said
    assert ["I"] == mirror.instructions


async def test_an_agent_whose_champion_fits_warns_of_nothing(mirror, tmp_path: Path, caplog) -> None:
    texts = {"a/tool:refund": "R", "a/tool:find_order": "F"}
    seed = {"a/tool:refund": "Refund.", "a/tool:find_order": "Find an order."}
    write_champion(tmp_path / "champion.json", Champion(texts=texts, seed=seed))

    await desk(mirror, champion=tmp_path / "champion.json").run("x")

    assert [] == caplog.records
    assert {"refund": "R", "find_order": "F"} == mirror.tools


def of_code(tmp_path: Path, name: str, **texts: str) -> Path:
    path = tmp_path / f"{name}.json"
    keys = {key.replace("__", "/"): text for key, text in texts.items()}
    write_champion(path, Champion(texts=keys, seed=dict.fromkeys(keys, "Old."), run="first"))
    return path


def test_a_champion_reaches_texts_of_the_users_own_code(mirror, tmp_path: Path) -> None:
    seen: list[str] = []

    def read() -> None:
        seen.append(ask("reached-plainly", "Old.") + ask("reaching/named", "Old.") + ask("reached-by-none", "Old."))

    read()
    path = of_code(tmp_path, "c", **{"text__reached-plainly": "Plain.", "reaching__named": "Named."})
    optimizable(Agent(mirror.model, name="reaching"), champion=path)
    read()
    thread = Thread(target=read)  # one that has no context of ours
    thread.start()
    thread.join()
    with wearing(Candidate(texts={"text/reached-plainly": "Tried."})):
        read()

    assert ["Old.Old.Old.", "Plain.Named.Old.", "Plain.Named.Old.", "Tried.Named.Old."] == seen


def test_a_champion_that_has_texts_of_code_alone_is_one(mirror, tmp_path: Path) -> None:
    optimizable(Agent(mirror.model, name="lonely"), champion=of_code(tmp_path, "c", text__alone="New."))

    assert "New." == ask("alone", "Old.")


def test_a_champion_that_is_put_on_again_takes_the_place_of_the_first(mirror, tmp_path: Path) -> None:
    for number in (1, 2):
        path = of_code(tmp_path, str(number), text__replaced=f"New {number}.")
        optimizable(Agent(mirror.model, name="again"), champion=path)

    assert "New 2." == ask("replaced", "Old.")


def test_two_champions_that_disagree_on_a_text_are_refused(mirror, tmp_path: Path) -> None:
    one, two = (of_code(tmp_path, str(number), text__disputed=f"New {number}.") for number in (1, 2))
    optimizable(Agent(mirror.model, name="one-of-two"), champion=one)

    with pytest.raises(UsageError, match="the champion of 'two-of-two' has another text for 'text/disputed'"):
        optimizable(Agent(mirror.model, name="two-of-two"), champion=two)
    assert "New 1." == ask("disputed", "Old.")


async def test_a_champions_text_that_no_code_asks_for_any_more_is_told(
    mirror, tmp_path: Path, caplog, monkeypatch
) -> None:
    (tmp_path / "asking.py").write_text('from spanwright import text\n\nASKED = text("asked-for", "Old.")\n')
    monkeypatch.syspath_prepend(tmp_path)
    path = of_code(tmp_path, "c", **{"text__asked-for": "New.", "text__asked": "New.", "telling__gone": "New."})
    agent = optimizable(Agent(mirror.model, name="telling", instructions="Be kind."), champion=path)

    module = import_module("asking")
    await agent.run("x")
    del sys.modules["asking"]

    assert "New." == module.ASKED
    assert [
        f"champion of first: telling/gone: {GONE}",
        "champion of first: text/asked: no code asks for it any more, the text goes nowhere",
    ] == sorted(record.getMessage() for record in caplog.records)
