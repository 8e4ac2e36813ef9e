"""A champion file holds a winner's texts, which agents wear from the next start on."""

import json
from pathlib import Path

import pytest
from pydantic_ai import Agent

from spanwright.errors import UsageError
from spanwright.subject import Champion, optimizable, read_champion, wearable_of, write_champion

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
