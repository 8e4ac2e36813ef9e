"""Docstrings: where they stand, and how one is written so that it reads as wanted at the indentation of its body.

Formatters trim the ends of docstring lines and turn tabs into spaces, and so does whoever reads them. A text for which
that matters cannot stand in a docstring.
"""

import re
from dataclasses import dataclass
from inspect import cleandoc

import libcst as cst

from spanwright.source.constants import meaning, meaning_of
from spanwright.source.files import Replacement, SourceFile
from spanwright.source.literals import escaped

Bearer = cst.FunctionDef | cst.ClassDef


@dataclass(frozen=True, slots=True)
class Written:
    """A docstring as source: what to replace by what, and what Python makes of it."""

    replacement: Replacement
    value: str | None


def docstring(bearer: Bearer) -> cst.BaseExpression | None:
    """Return the expression that is a function's or a class's docstring."""
    first = next(iter(bearer.body.body), None)
    if isinstance(first, cst.SimpleStatementLine):
        first = next(iter(first.body), None)
    return first.value if isinstance(first, cst.Expr) and meaning(first.value) is not None else None


def with_docstring(bearer: Bearer, text: str, file: SourceFile) -> Written | None:
    """Write `text` as the docstring of a function or class; None where it cannot stand in one."""
    old = docstring(bearer)
    if old is not None:
        return rewritten_docstring(old, text, file)
    if not text:
        return None
    body = bearer.body
    first = next(iter(body.body), None)
    if first is None or isinstance(first, cst.Expr):
        return None
    if isinstance(body, cst.SimpleStatementSuite):
        return _unfolded(bearer, body, text, file)
    indent = file.indentation(first)
    code = docstring_code(text, indent, '"""', file)
    # Before the line of the first statement, below comments and decorators that belong to it.
    start = file.code.rfind(b"\n", 0, file.span(_first_token(first))[0]) + 1
    gap = "\n\n" if isinstance(bearer, cst.ClassDef) else "\n"
    return None if code is None else Written(Replacement(start, start, f"{indent}{code}{gap}"), meaning_of(code))


def rewritten_docstring(old: cst.BaseExpression, text: str, file: SourceFile) -> Written | None:
    """Write `text` in place of a docstring, in its manner."""
    indent = file.indentation(old)
    quotes = old.quote if isinstance(old, cst.SimpleString) and len(old.quote) == 3 else '"""'
    raw = isinstance(old, cst.SimpleString) and "r" in old.prefix.lower()
    opened = isinstance(old, cst.SimpleString) and old.raw_value.lstrip(" \t").startswith(("\n", "\r\n"))
    code = docstring_code(text, indent, quotes, file, raw=raw, opened=opened)
    return None if code is None else Written(Replacement(*file.span(old), code), meaning_of(code))


def docstring_code(
    text: str, indent: str, quotes: str, file: SourceFile, *, raw: bool = False, opened: bool = False
) -> str | None:
    """Return a docstring that reads as `text`; None where none does. `opened` begins it on a line of its own."""
    if "\t" in text or any(line != line.rstrip() for line in text.split("\n")) or text != text.strip("\n"):
        return None
    body = "\n".join(f"{indent}{line}" if line else "" for line in text.split("\n")).removeprefix(indent)
    code = _code(body, indent, quotes, file, raw=raw, opened=opened and "\n" in body)
    if code is None and raw:
        code = _code(body, indent, quotes, file, raw=False, opened=opened and "\n" in body)
    return code


def _code(body: str, indent: str, quotes: str, file: SourceFile, *, raw: bool, opened: bool) -> str | None:
    quote = quotes[0]
    value = body
    if raw:
        if any(not (letter.isprintable() or letter == "\n") or not file.takes(letter) for letter in body):
            return None
    else:
        body = "".join(letter if letter == "\n" else escaped(letter, "", file) for letter in body)
        body = re.sub(re.escape(quotes), f"\\\\{quote}" * 3, body)
        if body.endswith(quote) and "\n" not in body:
            body = f"{body[:-1]}\\{quote}"
    start = f"\n{indent}" if opened else ""
    end = f"\n{indent}" if "\n" in body else ""
    code = f"{'r' if raw else ''}{quotes}{start}{body}{end}{quotes}"
    read = meaning_of(code)
    return code if read is not None and cleandoc(read) == cleandoc(value) else None


def _unfolded(bearer: Bearer, body: cst.SimpleStatementSuite, text: str, file: SourceFile) -> Written | None:
    """Write a docstring into a function or class of one line, whose body moves to a line of its own."""
    indent = file.indentation(bearer) + file.tree.default_indent
    code = docstring_code(text, indent, '"""', file)
    if code is None:
        return None
    start, _ = file.span(body)
    colon = file.code.rfind(b":", 0, start) + 1
    first, _ = file.span(body.body[0])
    return Written(Replacement(colon, first, f"\n{indent}{code}\n{indent}"), meaning_of(code))


def _first_token(statement: cst.CSTNode) -> cst.CSTNode:
    decorators = getattr(statement, "decorators", ())
    return decorators[0] if decorators else statement
