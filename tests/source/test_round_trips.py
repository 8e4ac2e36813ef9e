"""A winner's texts go into sources as people write them, and come out of the patched source exactly, or not at all."""

import ast
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from source_examples import AWKWARD, EXAMPLES, TEXTS, is_formatted

AGENTS = [
    ("desk_google", "desk"),
    ("desk_numpy", "archive"),
    ("desk_sphinx", "painter"),
    ("unwritable", "scales"),
    ("letters", "letters"),
]


class Blank(ast.NodeTransformer):
    """Takes texts out of a syntax tree."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant("") if isinstance(node.value, str) else node


def shape(path: Path) -> str:
    return ast.dump(Blank().visit(ast.parse(path.read_bytes())))


def check(package, module: str, name: str, winner: dict[str, str]) -> None:
    before = package.texts(module, name)

    found = package.write_back(module, name, winner, before=before)

    after = package.texts(module, name)
    refused = {each.component: each.reason for each in found.unwritable}
    assert {id: before[id] if id in refused else text for id, text in winner.items()} == after
    assert all(refused.values())
    assert {id for id, text in winner.items() if text != before[id]} == {*refused, *found.components}


@pytest.mark.parametrize(("module", "name"), AGENTS)
def test_texts_are_written_where_they_came_from_and_nothing_else_changes(package, module, name):
    texts = package.texts(module, name)
    winner = {
        id: f"{text} And more, 'quoted' \"twice\"." if text and "<" not in text else text for id, text in texts.items()
    }
    shapes = {path: shape(path) for path in package.folder.glob("*.py")}

    check(package, module, name, winner)

    assert shapes == {path: shape(path) for path in package.folder.glob("*.py")}
    assert is_formatted(package.path(module))


def test_templates_and_the_docstring_of_a_tools_only_model_are_written(package):
    texts = {"letters/instructions:template": "Write for {{owner}}, briefly.", "letters/tool:send/$": "One letter."}

    found = package.write_back("letters", "letters", texts)

    assert tuple(sorted(texts)) == found.components
    assert texts.items() <= package.texts("letters", "letters").items()


def test_what_a_search_adds_to_an_agent_is_left_to_the_champion_file(package):
    texts = {"letters/demonstrations": "Task: x", "letters/tool_name:send": "post"}
    seed = {"letters/demonstrations": "", "letters/tool_name:send": "send"}

    found = package.write_back("letters", "letters", texts, before=seed)

    assert texts.keys() == {each.component for each in found.unwritable}
    assert () == found.patches


@pytest.mark.parametrize(("module", "name"), AGENTS[:3])
def test_awkward_texts_come_back_exactly_or_are_listed(package, module, name):
    ids = list(package.texts(module, name))
    winner = {id: AWKWARD[(place * 7 + 1) % len(AWKWARD)] for place, id in enumerate(ids)}

    check(package, module, name, winner)

    assert is_formatted(package.path(module))


@given(data=st.data())
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
def test_any_texts_come_back_exactly_or_are_listed(package, data):
    for source in EXAMPLES.glob("*.py"):
        (package.folder / source.name).write_bytes(source.read_bytes())
    module, name = data.draw(st.sampled_from(AGENTS[:3]))
    ids = list(package.texts(module, name))

    check(package, module, name, {id: data.draw(TEXTS) for id in ids})
