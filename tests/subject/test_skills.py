"""Skills: packs on the disk, and any other deferred capability, are found, worn and kept apart for each candidate."""

import asyncio
from pathlib import Path

import pytest
from pydantic_ai import Agent, RunContext
from pydantic_ai.capabilities import Capability
from pydantic_ai.messages import ModelRequest, ToolCallPart, UserPromptPart
from pydantic_ai.toolsets import FunctionToolset

from spanwright import Components, Guard, UsageError, optimizable, rehearsing, skills, wearing
from spanwright.core.breaches import breach
from spanwright.core.candidate import Candidate, Kind
from spanwright.subject import Champion, chosen, discover, misfits, write_champion
from spanwright.telemetry import SpanRecorder

REFUNDS = """---
name: refunds
description: >-
  Pay money back.
license: MIT
---

# Refunds

Ask for the order first.
"""
SHIPPING = "---\nname: shipping\ndescription: Where parcels are.\nmetadata: {owner: Ada}\n---\nLook it up.\n"
LOAD = ToolCallPart("load_capability", {"id": "refunds"}, "1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in (("refunds", REFUNDS), ("shipping", SHIPPING)):
        (tmp_path / "skills" / name).mkdir(parents=True)
        (tmp_path / "skills" / name / "SKILL.md").write_text(content)
    (tmp_path / "skills" / "refunds" / "scripts").mkdir()
    (tmp_path / "skills" / "README.md").write_text("No skill.")
    return tmp_path / "skills"


def desk(mirror, *capabilities, **options) -> Agent[None, str]:
    return optimizable(
        Agent(mirror.model, name="desk", instructions="Help.", capabilities=list(capabilities)), **options
    )


def catalog(mirror, request: int = 0) -> list[str]:
    (found,) = (
        part.content
        for part in mirror.requests[request].instruction_parts or ()
        if str(part.id) == "capability:deferred_capabilities"
    )
    return [line for line in found.splitlines() if line.startswith("- ")]


def loaded(mirror) -> list[str]:
    return [
        str(part.content)
        for message in mirror.messages[-1]
        if isinstance(message, ModelRequest)
        for part in message.parts
        if isinstance(part, UserPromptPart) and "<system>" in str(part.content)
    ]


async def test_the_packs_of_a_folder_are_components(mirror, folder):
    found = [each for each in await discover(desk(mirror, skills(folder))) if ":" in each.id and "tool" not in each.id]

    assert [
        ("desk/skill:refunds", Kind.SKILL, "Pay money back.", 1_024),
        ("desk/skill:refunds/body", Kind.SKILL_BODY, "# Refunds\n\nAsk for the order first.", 20_000),
        ("desk/skill:shipping", Kind.SKILL, "Where parcels are.", 1_024),
        ("desk/skill:shipping/body", Kind.SKILL_BODY, "Look it up.", 20_000),
    ] == [(each.id, each.kind, each.text, each.limit) for each in found]
    assert all(each in chosen(found, None) for each in found)


async def test_only_some_of_a_folders_packs(mirror, folder):
    found = {each.id for each in await discover(desk(mirror, skills(folder, only=["shipping"])))}

    assert "desk/skill:shipping" in found
    assert "desk/skill:refunds" not in found


async def test_a_candidates_descriptions_are_listed_and_its_body_is_loaded(mirror, folder):
    mirror.calls = (LOAD,)
    agent = desk(mirror, skills(folder))
    texts = {"desk/skill:refunds": "Refunds.\nOf all kinds.", "desk/skill:refunds/body": "Never ask.\n\nPay."}

    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as recording:
            with wearing(Candidate(texts=texts)):
                await agent.run("x")

    assert ["- refunds: Refunds.", "- shipping: Where parcels are."] == catalog(mirror) == catalog(mirror, 1)
    (body,) = loaded(mirror)
    assert "\nNever ask.\n\nPay.\n" in body
    assert "Ask for the order" not in str(mirror.messages)
    assert set(texts) == recording.trace.components


async def test_a_body_that_was_not_loaded_is_not_accounted_for(mirror, folder):
    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as recording:
            with wearing(Candidate(texts={"desk/skill:shipping": "S", "desk/skill:shipping/body": "B"})):
                await desk(mirror, skills(folder)).run("x")

    assert {"desk/skill:shipping"} == recording.trace.components


async def test_a_run_that_wears_nothing_is_as_the_files_are(mirror, folder):
    mirror.calls = (LOAD,)

    await desk(mirror, skills(folder)).run("x")

    assert ["- refunds: Pay money back.", "- shipping: Where parcels are."] == catalog(mirror)
    assert "Ask for the order first." in loaded(mirror)[0]


async def test_one_skill_for_many_candidates_at_once(mirror, folder):
    mirror.calls = (LOAD,)
    agent = desk(mirror, skills(folder))

    async def run(number: int) -> None:
        texts = {"desk/skill:refunds": f"description {number}", "desk/skill:refunds/body": f"body {number}"}
        with wearing(Candidate(texts=texts)):
            said = str((await agent.run(f"{number}")).all_messages())
        assert f"description {number}\n" in said.replace("\\n", "\n")
        assert f"body {number}" in said

    async with asyncio.TaskGroup() as group:
        for number in range(40):
            group.create_task(run(number))


async def test_an_empty_body_can_be_written_and_a_written_one_can_be_emptied(mirror, folder):
    (folder / "refunds" / "SKILL.md").write_text("---\nname: refunds\ndescription: R\n---\n")
    mirror.calls = (LOAD,)
    agent = desk(mirror, skills(folder))

    with wearing(Candidate(texts={"desk/skill:refunds/body": "New."})):
        await agent.run("x")
    added = mirror.instructions
    (folder / "refunds" / "SKILL.md").write_text(REFUNDS)
    with wearing(Candidate(texts={"desk/skill:refunds/body": ""})):
        await desk(mirror, skills(folder)).run("x")

    assert "New." in added
    assert [] == loaded(mirror)
    assert "Ask for the order" not in str(mirror.messages[-1])


async def test_any_deferred_capability_is_a_skill_and_what_code_makes_of_it_stays(mirror):
    tools = FunctionToolset[None](id="crm", instructions="Use the CRM.")
    mirror.calls = (ToolCallPart("load_capability", {"id": "crm"}, "1"),)

    def computed(ctx: RunContext[None]) -> str:
        return "It is Friday."

    agent = desk(
        mirror,
        Capability(
            id="crm",
            description="Customers.",
            instructions=["Be exact.", "Be kind."],
            toolsets=[tools],
            defer_loading=True,
        ),
        Capability(id="day", description=computed, instructions=computed, defer_loading=True),
        Capability(id="bare", instructions="Nothing.", defer_loading=True),
    )
    found = {each.id: each for each in await discover(agent)}

    with wearing(
        Candidate(texts={"desk/skill:crm/body": "Hurry.", "desk/skill:crm": "All.", "desk/skill:bare": "Said."})
    ):
        await agent.run("x")

    assert "Be exact.\n\nBe kind." == found["desk/skill:crm/body"].text
    assert found["desk/skill:day"].dynamic
    assert found["desk/skill:day/body"].dynamic
    assert ["- crm: All.", "- day: It is Friday.", "- bare: Said."] == catalog(mirror)
    assert "\nHurry.\n\nUse the CRM.\n" in loaded(mirror)[0]


async def test_a_skill_is_loaded_where_tools_are_replayed(mirror, folder, tmp_path):
    mirror.calls = (LOAD,)

    with rehearsing("a case"):
        await desk(mirror, skills(folder), tools="sandbox").run("x")

    assert "Ask for the order first." in loaded(mirror)[0]


async def test_a_champion_has_skills_and_says_which_are_gone(mirror, folder, tmp_path, caplog):
    champion = Champion(
        texts={"desk/skill:refunds": "Worn.", "desk/skill:return": "R", "desk/tool:load_capability": "Load one."},
        seed={"desk/skill:refunds": "Pay money back."},
    )
    write_champion(tmp_path / "champion.json", champion)

    agent = desk(mirror, skills(folder), champion=tmp_path / "champion.json")
    await agent.run("x")

    assert "- refunds: Worn." in catalog(mirror)
    assert "Load one." == mirror.tools["load_capability"]
    assert ["desk/skill:return", "desk/skill:shipping"] == [
        record.getMessage().split(": ")[1] for record in caplog.records
    ]
    assert ["desk/skill:return", "desk/skill:shipping"] == [
        each.component for each in misfits(champion, await discover(agent))
    ]


async def test_bounds_of_the_format_hold_for_new_texts(mirror, folder):
    found = await discover(desk(mirror, skills(folder)))
    (described,) = chosen(found, Components("desk/skill:refunds", guards={"desk/skill:*": Guard(keep=("money",))}))

    assert "has 1025 characters, 1024 are allowed" in breach(described, "money" + "y" * 1_020).detail
    assert "is empty, and nobody would load the skill" in breach(described, " ").detail
    assert "lacks `money`" in breach(described, "Refunds.").detail
    assert breach(described, "All about money.") is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("# No front matter", "has no front matter"),
        ("---\nname: refunds\n", "has no front matter"),
        ("---\nname: [\n---\n", "is no YAML"),
        ("---\nname: refunds\n---\n", "has the keys name"),
        ("---\n- one\n---\n", "has the keys of nothing"),
        ("---\ndescription: a\ndescription: b\n---\n", "has the keys description, description"),
        ("---\nname: Refunds\ndescription: R\n---\n", "is the skill 'Refunds'"),
        ("---\nname: other\ndescription: R\n---\n", "is the skill 'other'"),
        ("---\nname: refunds\ndescription: ' '\n---\n", "has 0 characters"),
        ("---\nname: refunds\ndescription: [a]\n---\n", "the description in .* is no text"),
        (f"---\nname: refunds\ndescription: {'x' * 1_025}\n---\n", "has 1025 characters"),
        ("---\nname: refunds\ndescription: \udcff\n---\n", "is not UTF-8"),
    ],
)
def test_a_file_that_is_no_skill_is_refused(folder, content, said):
    (folder / "refunds" / "SKILL.md").write_bytes(content.encode("utf-8", "surrogateescape"))

    with pytest.raises(UsageError, match=said):
        skills(folder)


def test_a_folder_without_skills_and_unknown_names_are_refused(folder, tmp_path):
    with pytest.raises(UsageError, match="there is no skill in"):
        skills(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="has no skill 'credits'"):
        skills(folder, only=["credits"])
    with pytest.raises(UsageError, match="only='refunds' is one text"):
        skills(folder, only="refunds")
