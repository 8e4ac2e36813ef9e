"""A winner's texts go into the files of skill packs; front matter stays as it is but for the description."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from source_examples import AWKWARD, TEXTS

from spanwright.errors import UsageError
from spanwright.subject.skills import SkillFile

FRONTS = {
    "plain": "name: refunds\ndescription: Pay money back.  # for now\nlicense: MIT # mine\n",
    "single": "description: 'Don''t pay.'\nname: refunds\nmetadata:\n  owner: \"Ada\"\n  tags: [a, b]\n",
    "double": 'name:   "refunds"\ndescription: "Pay \\"now\\"."\n\n# a comment\nallowed-tools: Bash(git:*) Read\n',
    "folded": "name: refunds\ndescription: >-\n   Pay money\n   back.\nlicense: |\n   MIT\n",
    "literal": "name: refunds\ndescription: |\n  Pay money back.\n\n  When asked.\nversion: 1.10\n",
    "wrapped": "name: refunds\ndescription: Pay\n  money back.\nx: 1\n",
    "last": "name: refunds\ndescription: >\n  Pay.\n",
    "nameless": "description: Pay.\n",
    "escaped": 'name: refunds\ndescription: "\\u0050ay\\\n  now"\n',
}
BODY = "\n# Refunds\n\n- Ask.  \n\tTabbed.\n---\nA rule.\n\n"


def skill(front: str, body: str = BODY, newline: str = "\n", bom: str = "") -> SkillFile:
    content = f"{bom}---\n{front}---\n{body}".replace("\n", newline).encode()
    return SkillFile.read(Path("skills/refunds/SKILL.md"), content)


def rest(content: bytes) -> dict[str, object]:
    front = content.decode("utf-8-sig").replace("\r\n", "\n").removeprefix("---").partition("\n---\n")[0]
    return {key: value for key, value in yaml.safe_load(front).items() if key != "description"}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("front", FRONTS.values(), ids=FRONTS)
def test_a_description_is_written_and_all_else_stays_byte_for_byte(front, newline):
    file = skill(front, newline=newline, bom="\ufeff")

    for text in ("Pay at once: 'yes', \"no\" # really", "Two\n\nparts.", "x" * 300, "many words " * 30 + "end"):
        content = file.rewritten(text, file.body)
        again = SkillFile.read(file.path, content)

        assert (text, file.body) == (again.description, again.body)
        assert content.split(b"---" + newline.encode(), 2)[2] == file.content.split(b"---" + newline.encode(), 2)[2]
        kept = [line for line in file.content.splitlines() if b"pay" not in line.lower() and b"  " not in line]
        kept = [line for line in kept if b"description" not in line]
        assert set(kept) <= set(content.splitlines())
        assert rest(file.content) == rest(content)


@pytest.mark.parametrize("style", ["folded", "literal", "single", "double", "plain"])
def test_a_description_is_written_in_the_manner_of_the_old_one(style):
    file = skill(FRONTS[style])

    (line,) = (
        line for line in file.rewritten("Pay them back.", file.body).decode().splitlines() if "description" in line
    )

    assert {
        "folded": "description: >-",
        "literal": "description: |",
        "single": "description: 'Pay them back.'",
        "double": 'description: "Pay them back."',
        "plain": "description: Pay them back.  # for now",
    }[style] == line


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_body_is_written_and_the_front_matter_stays_byte_for_byte(newline):
    file = skill(FRONTS["folded"], newline=newline)
    head = file.content.index(b"# Refunds")

    content = file.rewritten(file.description, "# New\n\nBody.")

    assert file.content[:head] + "# New\n\nBody.\n\n".replace("\n", newline).encode() == content


def test_a_skill_without_a_body_gets_one():
    file = skill(FRONTS["plain"], body="")

    assert file.content + b"\nNew.\n" == file.rewritten(file.description, "New.")


@given(description=TEXTS, body=TEXTS, front=st.sampled_from(list(FRONTS.values())))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_texts_come_back_exactly_or_not_at_all(description, body, front):
    file = skill(front)

    content = file.rewritten(description, body)

    if content is None:
        assert description != description.strip() or body != body.strip() or not description or "\r" in body
    else:
        again = SkillFile.read(file.path, content)
        assert (description, body) == (again.description, again.body)
        assert rest(file.content) == rest(content)


@pytest.fixture
def packs(package):
    for name in ("refunds", "shipping"):
        folder = package.folder / "skills" / name
        folder.mkdir(parents=True)
        (folder / "SKILL.md").write_text(f"---\nname: {name}\ndescription: >-\n  What of {name}.\n---\n\nHow to.\n")
    package.path("skilled").write_text(
        "from pathlib import Path\n\nfrom pydantic_ai import Agent\nfrom pydantic_ai.capabilities import Capability\n"
        "from pydantic_ai.models.test import TestModel\n\nfrom spanwright import skills\n\n"
        'SKILLS = Path(__file__).with_name("skills")\n'
        'LATER = Capability(id="later", description="For later.", instructions="Wait.", defer_loading=True)\n'
        'desk = Agent(TestModel(), name="desk", capabilities=[skills(SKILLS), LATER])\n'
        'other = Agent(TestModel(), name="other", capabilities=[skills(SKILLS, only=["shipping"])])\n'
    )
    return package


def test_packs_and_skills_in_the_code_are_written_back(packs):
    winner = {
        "desk/skill:refunds": "Money back: when asked.",
        "desk/skill:refunds/body": "First.\n\nThen.",
        "desk/skill:later": "Much later.",
        "desk/skill:later/body": "Wait long.",
    }

    found = packs.write_back("skilled", "desk", winner)

    path = packs.folder / "skills" / "refunds" / "SKILL.md"
    new = "---\nname: refunds\ndescription: >-\n  Money back: when asked.\n---\n\nFirst.\n\nThen.\n"
    assert (tuple(sorted(winner)), ()) == (found.components, found.unwritable)
    assert new == path.read_text()
    assert winner.items() <= packs.texts("skilled", "desk").items()
    assert "refunds/SKILL.md\n" in found.diff
    assert "-  What of refunds.\n+  Money back: when asked.\n" in found.diff


def test_without_write_a_pack_stays_as_it_is(packs):
    found = packs.write_back("skilled", "desk", {"desk/skill:refunds/body": "New."}, write=False)

    assert not found.written
    assert "How to." in (packs.folder / "skills" / "refunds" / "SKILL.md").read_text()


def test_a_pack_that_changed_since_the_run_is_refused(packs):
    seed = {"desk/skill:refunds": "What of refunds.", "desk/skill:refunds/body": "How to, then."}

    with pytest.raises(UsageError, match="the source changed since the run began: desk/skill:refunds/body"):
        packs.write_back("skilled", "desk", dict.fromkeys(seed, "New."), before=seed)


def test_a_pack_that_another_agent_has_is_not_changed_behind_its_back(packs):
    found = packs.write_back("skilled", "desk", {"desk/skill:shipping": "New."})

    (refused,) = found.unwritable
    assert f"the agent {packs.folder.name}.skilled:other has its text from the same place" == refused.reason


def test_awkward_texts_go_into_packs_exactly_or_are_listed(packs):
    for place, text in enumerate(AWKWARD[1:4]):
        winner = {"desk/skill:refunds": text, "desk/skill:refunds/body": AWKWARD[-place - 2]}
        before = packs.texts("skilled", "desk")

        found = packs.write_back("skilled", "desk", winner, before=before)

        refused = {each.component for each in found.unwritable}
        wanted = {id: before[id] if id in refused else new for id, new in winner.items()}
        assert wanted.items() <= packs.texts("skilled", "desk").items()
