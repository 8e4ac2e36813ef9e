"""A text goes into any kind of literal and means exactly itself there; the literal keeps its kind."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from source_examples import AWKWARD, TEXTS

from spanwright.source import Change, InLiteral, Library, SourceFile, find, patch

PATH = Path("/desk.py")
KINDS = {
    "plain": 'X = "the seed"\n',
    "single quotes": "Y = 'a'\nX = 'the seed'\n",
    "raw": 'X = r"the seed"\n',
    "triple": 'X = """the seed"""\n',
    "triple, opened": 'def f():\n    X = """\\\n    the seed\n    """\n    return X\n',
    "triple, raw": "X = r'''the seed'''\n",
    "side by side": 'X = (\n    "the "\n    "seed"\n)\n',
    "added": 'X = "the " + "seed"\n',
    "f-string": 'X = f"the seed"\n',
    "dedent": 'from textwrap import dedent\n\nX = dedent("""\\\n    the seed\n""")\n',
    "dedent and strip": 'import textwrap\n\nX = textwrap.dedent("""\n        the seed\n        """).strip()\n',
    "cleandoc": 'import inspect\n\nX = inspect.cleandoc("""\n    the seed\n    """)\n',
    "in a call": 'def f(**_):\n    return _["a"]\n\n\nX = f(a="the seed", b=1)  # why\n',
}


def patched(code: bytes, text: str, seed: str = "the seed") -> bytes:
    library = Library({PATH: SourceFile(path=PATH, name="desk", content=code)})
    spot = find([InLiteral(files=(PATH,))], seed, library)
    return patch([Change(component="a/instructions", text=text, spot=spot)], library).files[PATH]


def meant(code: bytes) -> str:
    names: dict[str, object] = {}
    exec(compile(code, "desk.py", "exec"), names)  # noqa: S102  (the source above)
    return str(names["f"]() if "f" in names and "X" not in names else names["X"])


@pytest.mark.parametrize("kind", KINDS)
@given(text=TEXTS)
@settings(max_examples=40, deadline=None)
def test_any_text_means_itself_in_any_literal(kind, text):
    code = KINDS[kind].encode()

    assert text.strip() == meant(patched(code, text.strip())).strip()


@pytest.mark.parametrize("kind", ["plain", "triple", "side by side", "f-string", "in a call"])
def test_white_space_around_a_text_is_part_of_it(kind):
    assert AWKWARD == [meant(patched(KINDS[kind].encode(), text)) for text in AWKWARD]


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("plain", 'X = "one \\"two\\" it\'s \'so\'"'),
        ("raw", 'X = "one \\"two\\" it\'s \'so\'"'),
        ("triple", 'X = """one "two" it\'s \'so\'"""'),
        ("in a call", 'X = f(a="one \\"two\\" it\'s \'so\'", b=1)  # why'),
        ("dedent and strip", "        one \"two\" it's 'so'"),
    ],
)
def test_a_literal_keeps_its_kind_its_quotes_and_its_neighbours(kind, line):
    assert line in patched(KINDS[kind].encode(), "one \"two\" it's 'so'").decode().splitlines()


def test_a_long_text_becomes_parts_in_parentheses_that_fit_the_line():
    code = patched(b'def f():\n    X = "the seed"\n    return X\n', "many words " * 30 + "\nand a line")

    assert max(map(len, code.decode().splitlines())) <= 88
    assert b'    X = (\n        "many words' in code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_line_ends_encodings_and_all_other_bytes_are_kept(encoding):
    head = "# -*- coding: latin-1 -*-\r\n" if encoding == "latin-1" else ""
    code = f"{head}if_ = 'caf\u00e9'  \r\nX = '''the seed'''\r\n\x0c\r\n# \u00fc\r\nY=1;Z=2".encode(encoding)

    new = patched(code, "zwei\nZeilen \u20ac")

    assert "zwei\nZeilen \u20ac" == meant(new)
    start = code.index(b"the seed")
    assert code[:start] == new[:start]
    assert new.endswith(code[start + len("the seed") :])
    assert b"\n" not in new.replace(b"\r\n", b"")


def test_docstrings_are_no_literals_of_instructions():
    code = b'def f():\n    "the seed"\n\n\nX = "the seed"\n'

    assert b'    "the seed"' in patched(code, "new")
    assert "new" == meant(patched(code, "new"))


def test_a_text_that_is_written_twice_is_ambiguous():
    library = Library({PATH: SourceFile(path=PATH, name="desk", content=b'X = "the seed"\nY = "the seed"\n')})

    assert (
        "ambiguous: it is written at desk.py:1, desk.py:2"
        == find([InLiteral(files=(PATH,))], "the seed", library).reason
    )


def test_a_file_that_is_no_python_is_left_alone():
    library = Library({PATH: SourceFile(path=PATH, name="desk", content=b'X = "the seed\n')})

    assert "no literal" in find([InLiteral(files=(PATH,))], "the seed", library).reason
