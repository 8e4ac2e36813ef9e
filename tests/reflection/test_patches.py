"""SEARCH/REPLACE blocks: found where they are meant, told where they are not, and never half applied."""

from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanwright import Candidate, Component, Kind, Refusal
from spanwright.core.context import ReflectionContext
from spanwright.core.proposal import Proposal, RefusalReason
from spanwright.reflection import Rung, composer_of
from spanwright.reflection.checks import Ground, judged
from spanwright.reflection.parse import Said, parse
from spanwright.reflection.patches import Broken, Misfit, blocks_of, has_blocks, patch, patchable, patched
from spanwright.reflection.templates import Briefs

PROGRAM = 'def f(x):\n    if x:\n        return 1\n    return 2\n\n\ndef g(x):\n    return "a"\n'
FILES = {"src/solver.py": PROGRAM, "rules.md": "Be kind.\nBe brief.\n", "config.json": '{"text": 3, "x": [1]}\n'}


def block(search: str, replace: str) -> str:
    pieces = ["<<<<<<< SEARCH", search, "=======", replace, ">>>>>>> REPLACE"]
    return "\n".join(piece for piece in pieces if piece)


def applied(text: str, *said: str) -> str:
    blocks = blocks_of("\n".join(said))
    assert not isinstance(blocks, Broken)
    result = patched(text, blocks)
    return result if isinstance(result, str) else f"MISFIT {result.why}"


@pytest.mark.parametrize(
    ("search", "replace", "wanted"),
    [
        ("    return 2", "    return 3", PROGRAM.replace("return 2", "return 3")),
        ("    return 2   ", "    return 3", PROGRAM.replace("return 2", "return 3")),
        ("return 2", "return 3", PROGRAM.replace("return 2", "return 3")),
        ("\n    return 2\n\n", "\n    return 3\n\n", PROGRAM.replace("return 2", "return 3")),
        ("```python\n    return 2\n```", "```python\n    return 3\n```", PROGRAM.replace("return 2", "return 3")),
        (
            "if x:\n    return 1",
            "if x:\n    y = 1\n    return y",
            PROGRAM.replace("return 1", "y = 1\n        return y"),
        ),
        ("if x:\n\treturn 1", "if x:\n\treturn 7", PROGRAM.replace("return 1", "return 7")),
        ("    if x:\n        return 1\n", "", PROGRAM.replace("    if x:\n        return 1\n", "")),
        ("def g(x):", "def h():\n    pass\n\n\ndef g(x):", PROGRAM.replace("def g", "def h():\n    pass\n\n\ndef g")),
        ("", "X = 1", f"{PROGRAM}X = 1\n"),
        ("", PROGRAM.replace("1", "7").rstrip("\n"), PROGRAM.replace("1", "7").rstrip("\n")),
        ('"a"', '"b"', PROGRAM.replace('"a"', '"b"')),
        (PROGRAM.rstrip("\n"), "x = 1", "x = 1\n"),
    ],
)
def test_a_block_finds_its_place_though_white_space_differs(search: str, replace: str, wanted: str) -> None:
    assert wanted == applied(PROGRAM, block(search, replace))


def test_what_a_block_leaves_alone_keeps_the_white_space_of_the_text() -> None:
    assert "a  \n\tb\n\tB\nc \n" == applied("a  \n\tb\nc \n", block("a\n    b\nc", "a\n    b\n    B\nc"))


def test_a_text_with_line_ends_of_windows_keeps_them() -> None:
    assert "a\r\nx\r\ny\r\nc" == applied("a\r\nb\r\nc", block("b", "x\ny"))
    assert "a\r\nb\r\nd" == applied("a\r\nb\r\nc", block("c", "d"))
    assert "a\r\nb\r\n" == applied("a\r\n", block("", "b"))


def test_several_blocks_are_read_against_the_text_as_it_was_and_else_one_after_another() -> None:
    swapped = applied("a\nb\n", block("a", "b"), block("b", "a"))
    after = applied("a\nb\n", block("a", "x = 1"), block("x = 1\nb", "c"))

    assert ["b\na\n", "c\n"] == [swapped, after]


def test_a_block_that_is_repeated_is_applied_once() -> None:
    assert "b\nb\n" == applied("a\nb\n", block("a", "b"), block("a", "b"))
    assert "a\nb\n" == applied("a\n", block("", "b"), block("", "b"))


@pytest.mark.parametrize(
    ("search", "told"),
    [
        ("    return 7", ["block 1 of 1", "`return 7`", "nowhere", "    return 2"]),
        ("def g(y):\n    return 'b'", ["nowhere", "def g(x):"]),
        ("zzzz", ["nowhere", "No line of the text is near to it"]),
        ("x", ["3 places", "lines 1, 2, 7"]),
        ("\x1b[31mreturn 9", ["`return 9`"]),
    ],
)
def test_what_has_no_place_of_its_own_is_told_with_the_lines_that_are_near(search: str, told: list[str]) -> None:
    said = applied(PROGRAM, block(search, "    return 3"))

    assert said.startswith("MISFIT")
    assert [] == [each for each in told if each not in said]


def test_indentation_that_no_rule_leads_to_is_not_guessed() -> None:
    said = applied("a\n  b\n c\n", block("a\nb\nc", "a\nb\nnew\nc"))

    assert "other indentation" in said


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("<<<<<<< SEARCH\na\n=======\nb", "no >>>>>>> REPLACE"),
        ("<<<<<<< SEARCH\na\n>>>>>>> REPLACE", "no ======="),
        (f"<<<<<<< SEARCH\na\n=======\nb\n{block('c', 'd')}", "another one begins"),
    ],
)
def test_a_block_without_its_end_is_not_used(said: str, why: str) -> None:
    found = blocks_of(said)

    assert isinstance(found, Broken)
    assert why in found.why


MARKS = ["=======", "<<<<<<< SEARCH", ">>>>>>> REPLACE", "  ======"]
SOME_LINES = st.sampled_from(["", "a", "  a", "\ta", "b ", "x = 1", "a\r", "\r", "{", "```", *MARKS])
TEXTS = st.lists(st.one_of(SOME_LINES, st.text(max_size=8)), max_size=12).map("\n".join)


@settings(max_examples=300, deadline=None)
@given(TEXTS, TEXTS)
def test_the_patch_of_two_texts_makes_one_of_the_other(old: str, new: str) -> None:
    said = patch(old, new)

    if said is None:
        assert old == new or any(each.strip() in f"{old}\n{new}" for each in MARKS)
    else:
        blocks = blocks_of(f"So I would:\n```\n{said}\n```")
        assert not isinstance(blocks, Broken)
        assert new == patched(old, blocks)


@settings(max_examples=300, deadline=None)
@given(TEXTS, TEXTS, TEXTS)
def test_no_text_and_no_block_break_the_reader(text: str, search: str, replace: str) -> None:
    found = blocks_of(block(search, replace))

    if not isinstance(found, Broken):
        assert isinstance(patched(text, found), str | Misfit)


def context(files: dict[str, str], most: int | None = None) -> ReflectionContext:
    return ReflectionContext(
        attempt=1,
        parent=Candidate(texts=files),
        components=tuple(Component(id=id, kind=Kind.ARTIFACT, agent="", text=text) for id, text in files.items()),
        examples=(),
        most_edits=most,
    )


def answered(said: str, files: dict[str, str] = FILES, *, asked: bool = True, most: int | None = None):
    """Return what comes of an answer in text, with blocks asked for or not."""
    shown = context(files, most)
    reading = parse(Said(text=said), tuple(files), patches=True)
    if isinstance(reading, Refusal):
        return reading
    return judged(reading, Ground.of(shown, shown.components, patches=asked))


def tagged(name: str, text: str) -> str:
    return f'<edit component="{name}" why="w">\n{text}\n</edit>'


SOLVER = block("    return 2", "    return 3")
CONFIG = block('{"text": 3, "x": [1]}', '{"text": 4, "x": [1]}')
FENCED = f"```python\n{SOLVER}\n```"
BOTH = {
    "src/solver.py": PROGRAM.replace("return 2", "return 3"),
    "config.json": FILES["config.json"].replace("3", "4"),
}


@pytest.mark.parametrize(
    "said",
    [
        f"{tagged('src/solver.py', SOLVER)}\n{tagged('config.json', CONFIG)}",
        f"<diagnosis>d</diagnosis>\n{tagged('./src/solver.py', FENCED)}\n{tagged('`config.json`', CONFIG)}",
        f"I change two files.\n\n`src/solver.py`\n{FENCED}\n\n**config.json**\n```json\n{CONFIG}\n```\nDone.",
        f"{tagged('solver.py', SOLVER)}\n{tagged('config.json', CONFIG).removesuffix('</edit>')}",
        f"solver.py\n{SOLVER}\nFile: project/config.json\n{CONFIG}",
        f"```python src/solver.py\n{SOLVER}\n```\n```json:config.json\n{CONFIG}\n```",
        f"### src\\solver.py\n\n{FENCED}\n{CONFIG.replace('SEARCH', 'SEARCH config.json')}",
        escape(f"{tagged('solver.py', SOLVER)}\n{tagged('config.json', CONFIG)}"),
        f"<think>Let me see: {block('nothing', 'at all')}</think>\nsolver.py\n{SOLVER}\nconfig.json\n{CONFIG}",
        f"src/solver.py\n{SOLVER}\n\n## `config.json`\n```json\n{BOTH['config.json']}```",
        f"{tagged('src/solver.py', BOTH['src/solver.py'])}\n{tagged('config.json', CONFIG)}",
    ],
)
def test_blocks_are_read_from_whatever_a_model_puts_around_them(said: str) -> None:
    result = answered(said)

    assert isinstance(result, Proposal), result
    assert BOTH == result.edits


def test_blocks_in_json_and_in_several_edits_of_one_text_are_one_patch() -> None:
    shown = context(FILES)
    first, second = block("def f(x):", "def f(y):"), block("def g(x):", "def g(y):")
    edits = [{"component": "solver.py", "why": why, "text": text} for why, text in (("1", first), ("2", second))]
    reading = parse(Said(calls=(f'{{"diagnosis": "", "edits": {edits!r}, "lessons": []}}',)), tuple(FILES))
    assert not isinstance(reading, Refusal)

    result = judged(reading, Ground.of(shown, shown.components))

    assert isinstance(result, Proposal), result
    assert {"src/solver.py": PROGRAM.replace("(x)", "(y)")} == result.edits
    assert "1; 2" in result.rationale


@pytest.mark.parametrize(
    ("said", "reason", "told"),
    [
        (f"src/solver.py\n{SOLVER}\nconfig.json\n{block('nothing', 'new')}", RefusalReason.PATCH, "`config.json`"),
        (f"src/solver.py\n{SOLVER}\nnew.py\n{block('', 'x = 1')}", RefusalReason.WRONG_COMPONENT, "`new.py`"),
        (f"rules.md\n{block('Be kind.', 'Be kind.')}", RefusalReason.UNCHANGED, "rules.md"),
        (f"rules.md\n{block(FILES['rules.md'].strip(), '')}", RefusalReason.EMPTY, "rules.md"),
        (
            f"src/solver.py\n{block('    return 2', '    # ... rest of the code unchanged')}",
            RefusalReason.MALFORMED,
            "",
        ),
        ('<edit component="src/solver.py">\n    return 3\n</edit>', RefusalReason.PATCH, "is no block"),
        (f'<edit component="rules.md">\n{SOLVER[:-20]}\n</edit>', RefusalReason.PATCH, "no >>>>>>> REPLACE"),
        (tagged("rules.md", f"<<<<< )SEARCH\n{SOLVER[14:]}"), RefusalReason.PATCH, "not whole"),
        (f"rules.md\n{block('Be kind.', 'Be >>>>>>> REPLACE')}", RefusalReason.PATCH, "marks within"),
        (f"rules.md\n{SOLVER.replace('<<<<<<< SEARCH', '')}", RefusalReason.MALFORMED, ""),
        ("I cannot help with that.", RefusalReason.DECLINED, ""),
        ("@@ -1 +1 @@\n-a\n+b", RefusalReason.MALFORMED, ""),
    ],
)
def test_an_answer_of_which_a_part_cannot_be_used_is_refused_as_a_whole(
    said: str, reason: RefusalReason, told: str
) -> None:
    result = answered(said)

    assert isinstance(result, Refusal)
    assert reason is result.reason
    assert told in result.detail


def test_more_texts_than_one_answer_may_change_are_refused_and_not_cut() -> None:
    shown = context(FILES, most=1)
    reading = parse(Said(text=f"solver.py\n{SOLVER}\nconfig.json\n{CONFIG}"), tuple(FILES), patches=True)
    assert not isinstance(reading, Refusal)

    result = judged(reading, Ground.of(shown, shown.components, patches=True))

    assert isinstance(result, Refusal)
    assert "2 texts, 1 are allowed" in result.detail


ASCII = st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20), min_size=1, max_size=8)
LETTERS = st.tuples(st.sampled_from("abcdefgh"), ASCII).map(lambda drawn: "\n".join((drawn[0], *drawn[1])))


@settings(max_examples=60, deadline=None)
@given(st.fixed_dictionaries({name: st.tuples(LETTERS, LETTERS) for name in FILES}), st.booleans(), st.data())
def test_what_a_model_writes_as_blocks_is_the_text_that_it_meant(pairs, loose, data) -> None:
    """From two versions of each file to an answer, through the parser and the checks, to the second version."""
    old, new = ({name: pair[place] for name, pair in pairs.items()} for place in (0, 1))
    patches = {name: patch(old[name], new[name]) for name in FILES}
    said = {name: each for name, each in patches.items() if each is not None and old[name].strip() != new[name].strip()}
    if not said or any(each is None and old[name] != new[name] for name, each in patches.items()):
        return
    written = {name: f"`{name}`\n```\n{each}\n```" if loose else tagged(name, each) for name, each in said.items()}

    result = answered("\n\n".join(data.draw(st.permutations(list(written.values())))), old)

    assert isinstance(result, Proposal), result
    assert {name: new[name] for name in said} == result.edits


def test_answers_that_are_made_to_take_long_do_not() -> None:
    many = {"a": "x\n" * 20_000 + "end\n"}
    for said in (
        f"{'-' * 100_000}\n{block('end', 'END')}",
        f"{'a.b/' * 20_000}\n{block('end', 'END')}",
        block(" x\n" * 5_000 + "END", " y\n" * 5_000 + "END"),
        "\n".join(block(f"no {n}", "x") for n in range(200)),
        f"{'<' * 50_000}\n{' ' * 50_000}\n{'=' * 50_000}\n{block('end', 'END')}",
    ):
        answered(said, many)


def test_a_text_that_only_speaks_of_blocks_is_a_text_where_whole_ones_were_asked_for() -> None:
    manual = (
        f"How to change a file, at length and with an example that shows the form of it:\n{SOLVER}\n" + "More. " * 20
    )

    result = answered(f'<edit component="rules.md">\n{manual}\n</edit>', asked=False)

    assert isinstance(result, Proposal)
    assert manual.strip() == result.edits["rules.md"].strip()


def test_a_text_with_marks_of_its_own_is_given_whole_and_its_marks_stay() -> None:
    files = {"manual": f"Write blocks:\n{SOLVER}\nThat is all.\n"}
    new = files["manual"].replace("all", "it")

    result = answered(f'<edit component="manual">\n{new}\n</edit>', files)

    assert not patchable(files["manual"])
    assert isinstance(result, Proposal)
    assert {"manual": new} == result.edits


def test_headings_underlined_by_equals_signs_can_come_in_by_a_block() -> None:
    said = block("Be kind.", "Rules\n=======\nBe kind.")

    assert "Rules\n=======\nBe kind.\nBe brief.\n" == applied(FILES["rules.md"], said)


def test_blocks_are_asked_for_where_texts_are_long_and_can_be_patched() -> None:
    def asks(files: dict[str, str], *, patches: bool | None) -> bool:
        prompt = composer_of(patches=patches)(context(files), 24_000, Rung.TOOL, Briefs({}))
        assert prompt.patches == ("SEARCH" in prompt.system) == has_blocks(prompt.user)
        return prompt.patches

    long, marked = {"a": "x = 1\n" * 1_000, "b": "y = 2\n" * 500}, {"a": "Title\n=======\n" * 1_000}
    assert [False, True] == [asks(each, patches=None) for each in (FILES, long)]
    assert [True, False] == [asks(each, patches=each is FILES) for each in (FILES, long)]
    assert [False, False] == [asks(each, patches=True) for each in (marked, {"a": ""})]
