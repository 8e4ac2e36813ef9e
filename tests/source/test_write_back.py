"""What is written, what is refused and why; files keep their mode, and nothing is written unasked."""

import sys

import pytest
from source_examples import here

from spanwright.errors import UsageError
from spanwright.subject import Champion, write_champion
from spanwright.subject.rewriting import Question, ask, write_back


def one(package, module, name, component, text, **options):
    return package.write_back(module, name, {component: text}, **options)


def reasons(found) -> dict[str, str]:
    return {each.component: each.reason for each in found.unwritable}


def test_without_write_nothing_is_written(package):
    before = package.path("desk_google").read_bytes()

    found = one(package, "desk_google", "desk", "desk/tool:refund/cents", "In cents.", write=False)

    assert before == package.path("desk_google").read_bytes()
    assert not found.written
    assert "+        cents: In cents." in found.diff.splitlines()
    assert ("desk/tool:refund/cents",) == found.components


def test_a_written_file_keeps_its_mode_and_leaves_nothing_beside_it(package):
    path = package.path("desk_google")
    path.chmod(0o640)
    beside = sorted(path.parent.iterdir())

    assert one(package, "desk_google", "desk", "desk/tool:refund/cents", "In cents.").written
    assert 0o640 == path.stat().st_mode & 0o777
    assert beside == [each for each in sorted(path.parent.iterdir()) if each.name != "__pycache__"]


def test_a_symbolic_link_stays_one(package, tmp_path):
    path = package.path("desk_google")
    path.rename(tmp_path / "real.py")
    path.symlink_to(tmp_path / "real.py")

    one(package, "desk_google", "desk", "desk/tool:refund/cents", "In cents.")

    assert path.is_symlink()
    assert "cents: In cents." in (tmp_path / "real.py").read_text()


def test_a_source_that_changed_since_the_run_is_refused(package):
    with pytest.raises(UsageError, match="the source changed since the run began: desk/tool:refund"):
        write_back(
            package.reach("desk_google", "desk"),
            {"desk/tool:refund": "Refund it.", "desk/tool:refund/cents": "How much. It takes\ntwo lines to say so."},
            {"desk/tool:refund": "Refund it.", "desk/tool:refund/cents": "In cents."},
            asking=here,
        )


def test_a_renamed_tool_is_named_with_what_it_may_be_called_now(package):
    with pytest.raises(
        UsageError, match=r"the source has no 'desk/tool:look_it_up' any more \(is it 'desk/tool:look_up'"
    ):
        write_back(package.reach("desk_google", "desk"), {"desk/tool:look_it_up": "L"}, {}, asking=here)


def test_a_file_that_changes_while_the_patch_is_made_is_left_alone(package):
    path = package.path("desk_google")

    def meddling(question: Question):
        answered = here(question)
        if question.files is not None:
            path.write_text(path.read_text() + "# mine\n")
        return answered

    seed = {"desk/tool:close": "Close the ticket."}
    with pytest.raises(UsageError, match="changed while the patch was made"):
        write_back(package.reach("desk_google", "desk"), seed, {"desk/tool:close": "C"}, write=True, asking=meddling)
    assert path.read_text().endswith("# mine\n")
    assert "Close the ticket." in path.read_text()


def test_applied_twice_the_second_time_changes_nothing(package):
    seed, winner = {"desk/tool:close": "Close the ticket."}, {"desk/tool:close": "Close it."}
    write_back(package.reach("desk_google", "desk"), seed, winner, write=True, asking=here)
    package.forget()

    again = write_back(package.reach("desk_google", "desk"), seed, winner, write=True, asking=here)

    assert ((), ("desk/tool:close",)) == (again.patches, again.already)


def test_what_cannot_be_written_is_listed_with_its_reason(package):
    texts = package.texts("unwritable", "scales")
    found = package.write_back("unwritable", "scales", {id: f"{text} New." for id, text in texts.items()})
    renamed = "a tool's name is not changed in the source: other code may call it"

    assert {
        **{id: renamed for id in texts if id.startswith("scales/tool_name:")},
        "scales/instructions": "code makes instructions of scales at unwritable.py:36",
        "scales/tool:weigh": "code changes it at run time: a prepare function or a toolset",
        "scales/tool:to_grams": "code makes the docstring of convert",
        "scales/tool:to_grams/value": "code makes the docstring of convert",
        "scales/tool:ran": "the function ran was made at run time: <string> is no file",
        "scales/tool:ran/x": "the function ran was made at run time: <string> is no file",
        "scales/tool:echo/x": "the tool is a lambda, which has no docstring",
    } == reasons(found)
    assert ("scales/tool:echo", "scales/tool:weigh/grams") == found.components


def test_a_constant_that_two_agents_read_is_ambiguous(package):
    found = one(package, "unwritable", "twin", "twin/instructions", "Answer in German.")

    assert "ambiguous: the constant at unwritable.py:10 is read at" in reasons(found)["twin/instructions"]


def test_a_function_that_another_agent_has_for_a_tool_is_not_changed_behind_its_back(package):
    path = package.path("desk_google")
    path.write_text(path.read_text() + '\n\nsecond = Agent(TestModel(), name="second", tools=[look_up, refund])\n')

    found = one(package, "desk_google", "desk", "desk/tool:refund", "Refund it.")

    assert {
        "desk/tool:refund": f"the agent {package.folder.name}.desk_google:second has its text from the same place"
    } == (reasons(found))
    assert () == found.patches


def test_a_class_that_two_tools_share_has_one_text_for_both(package):
    ids = [id for id in package.texts("desk_numpy", "archive") if id.endswith("$Address/city")]

    apart = package.write_back("desk_numpy", "archive", {ids[0]: "One.", ids[1]: "Two."})
    together = package.write_back("desk_numpy", "archive", dict.fromkeys(ids, "Same."))

    assert {id: f"ambiguous: {other} has its text from the same place" for id, other in (ids, ids[::-1])} == reasons(
        apart
    )
    assert (tuple(sorted(ids)), ()) == (together.components, together.unwritable)
    assert '    """Same."""' in package.path("desk_numpy").read_text()


def test_a_text_that_a_docstring_cannot_hold_stands_where_the_function_is_made_a_tool(package):
    text = "Refund.\n\nArgs:\n    order: not this one"

    one(package, "desk_google", "desk", "desk/tool:refund", text)

    assert text == package.texts("desk_google", "desk")["desk/tool:refund"]
    assert '@desk.tool(description="Refund.\\n\\nArgs:' in package.path("desk_google").read_text()


def test_what_a_function_returns_stays_a_section_of_its_docstring(package):
    before = package.texts("desk_numpy", "archive")["archive/tool:search"]
    after = before.replace(r"the \d archive", r"all of the \w+ archive").replace("The hits.", "The hits,\nbest first.")

    one(package, "desk_numpy", "archive", "archive/tool:search", after)

    source = package.path("desk_numpy").read_text()
    assert '    r"""Search all of the \\w+ archive.\n' in source
    assert "    list of str\n        The hits,\n        best first.\n" in source


def test_instructions_from_several_literals_go_back_to_those_that_changed(package):
    texts = package.texts("desk_sphinx", "painter")
    new = texts["painter/instructions"].replace("Say goodbye.", "Wish a good day.\n\nAnd wave.")

    found = one(package, "desk_sphinx", "painter", "painter/instructions", new)

    assert [package.path("prompts")] == [patch.path for patch in found.patches]
    assert new == package.texts("desk_sphinx", "painter")["painter/instructions"]


def test_an_agent_without_instructions_gets_some(package):
    one(package, "desk_numpy", "archive", "archive/instructions", "Be exact.")

    assert '    instructions="Be exact.",\n' in package.path("desk_numpy").read_text()


def test_in_a_process_of_its_own_modules_are_as_they_are_on_the_disk(package, monkeypatch):
    package.texts("desk_google", "desk")
    path = package.path("desk_google")
    monkeypatch.setattr(sys, "path", [*sys.path])
    path.write_text(path.read_text().replace("Close the ticket.", "Close this ticket."))

    assert "Close this ticket." == ask(Question(reach=package.reach("desk_google", "desk"))).texts["desk/tool:close"]


def test_a_module_that_cannot_be_imported_says_why(package):
    package.path("desk_google").write_text("raise RuntimeError('not today')\n")

    with pytest.raises(UsageError, match=r"(?s)could not be imported in a process of its own.*not today"):
        ask(Question(reach=package.reach("desk_google", "desk")))


def test_of_literals_alike_the_one_in_what_is_assigned_to_the_agent_is_meant(package):
    package.path("built").write_text(
        "from pydantic_ai import Agent\nfrom pydantic_ai.models.test import TestModel\n\n\n"
        "def build(name, prompt):\n    return Agent(TestModel(), name=name, instructions=prompt)\n\n\n"
        'first = build("first", "Be kind.")\nsecond = build("second", "Be kind.")\n'
    )

    found = one(package, "built", "second", "second/instructions", "Be brief.")

    assert ("second/instructions",) == found.components
    assert package.path("built").read_text().endswith('"Be kind.")\nsecond = build("second", "Be brief.")\n')


def test_the_agents_of_a_factory_and_of_a_program_are_written_back(package):
    package.path("made").write_text(
        "from pydantic_ai import Agent\nfrom pydantic_ai.models.test import TestModel\n\n"
        "from spanwright import optimizable\n\n"
        'one = Agent(TestModel(), name="one", instructions="One.")\n'
        'two = Agent(TestModel(), name="two", instructions="Two.")\n\n\n'
        "@optimizable(agents=[one, two])\nasync def program(question: str) -> str:\n    return question\n\n\n"
        "@optimizable\ndef factory() -> Agent[None, str]:\n"
        '    return Agent(TestModel(), name="made", instructions="Made.")\n'
    )

    program = package.write_back("made", "program", {"one/instructions": "1", "two/instructions": "2"})
    factory = package.write_back("made", "factory", {"made/instructions": "3"})

    assert [("one/instructions", "two/instructions"), ("made/instructions",)] == [
        program.components,
        factory.components,
    ]


def test_a_champion_that_is_worn_is_what_the_run_began_with(package):
    path = package.path("worn")
    write_champion(package.folder / "c.json", Champion(texts={"worn/instructions": "Crowned."}, seed={}))
    path.write_text(
        "from pathlib import Path\n\nfrom pydantic_ai import Agent\nfrom pydantic_ai.models.test import TestModel\n\n"
        "from spanwright import optimizable\n\n"
        'CHAMPION = Path(__file__).with_name("c.json")\n'
        'worn = optimizable(Agent(TestModel(), name="worn", instructions="Be kind."), champion=CHAMPION)\n'
    )

    found = write_back(
        package.reach("worn", "worn"), {"worn/instructions": "Crowned."}, {"worn/instructions": "Better."}, asking=here
    )

    assert (
        '+worn = optimizable(Agent(TestModel(), name="worn", instructions="Better."), champion=CHAMPION)' in found.diff
    )
    assert ("worn: a champion's texts are worn over those in the source; drop champion= when the patch is in",) == (
        found.remarks
    )


def test_what_is_installed_is_not_rewritten(package, tmp_path, monkeypatch):
    installed = tmp_path / "site-packages" / f"{package.folder.name}_tools.py"
    installed.parent.mkdir()
    installed.write_text('def weigh(grams: float) -> str:\n    """Weigh."""\n    return str(grams)\n')
    monkeypatch.syspath_prepend(installed.parent)
    package.path("user").write_text(
        "from pydantic_ai import Agent\nfrom pydantic_ai.models.test import TestModel\n"
        f"from {installed.stem} import weigh\n\n"
        'user = Agent(TestModel(), name="user", tools=[weigh])\n'
    )

    found = one(package, "user", "user", "user/tool:weigh", "Weigh it.")

    assert {"user/tool:weigh": f"weigh is in {installed.name}, which is no file of yours"} == reasons(found)
