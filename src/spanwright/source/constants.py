"""Expressions that mean a text: what they mean, and the same expression with another meaning.

A literal, several side by side or added, an f-string without values, and `dedent`, `cleandoc` and `strip` of one. The
names of such functions are taken at their word: what a patched file means is read back before anybody relies on it.
"""

import inspect
import textwrap
from collections.abc import Callable, Iterator

import libcst as cst

from spanwright.source.files import SourceFile, means
from spanwright.source.literals import Manner, triple, wrapped

_FUNCTIONS: dict[str, Callable[[str], str]] = {"dedent": textwrap.dedent, "cleandoc": inspect.cleandoc}
_METHODS: dict[str, Callable[[str], str]] = {"strip": str.strip, "lstrip": str.lstrip, "rstrip": str.rstrip}


def meaning(node: cst.BaseExpression) -> str | None:
    """Return the text that an expression means; None where it means something else, or cannot be known."""
    if isinstance(node, cst.SimpleString):
        value = node.evaluated_value
        return value if isinstance(value, str) else None
    if isinstance(node, cst.FormattedString):
        return _of_formatted(node)
    if isinstance(node, cst.ConcatenatedString):
        return _both(node.left, node.right)
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add):
        return _both(node.left, node.right)
    wrapping = _wrapping(node)
    if wrapping is None:
        return None
    inner = meaning(wrapping[1])
    return None if inner is None else wrapping[0](inner)


def rewritten(node: cst.BaseExpression, text: str, file: SourceFile) -> str:
    """Return an expression that means `text`, in the manner of this one."""
    wrapping = _wrapping(node)
    if wrapping is not None:
        function, inner = wrapping
        for candidate in _around(meaning(inner) or "", function, text):
            kept = _kept(node, inner, rewritten(inner, candidate, file), file)
            if meaning(_parsed(kept, file)) == text:
                return kept
        return _fresh(node, text, file)
    return _literal(node, text, file)


def _literal(node: cst.BaseExpression, text: str, file: SourceFile) -> str:
    if isinstance(node, cst.SimpleString) and len(node.quote) == 3 and "\r" not in text:
        manner = _manner(node, file)
        opened = node.raw_value.startswith(("\\\n", "\\\r\n"))
        raw = "r" in node.prefix.lower()
        code = triple(text, manner, opened=opened, raw=raw, quotes=node.quote)
        return code or triple(text, manner, opened=opened, quotes=node.quote) or _fresh(node, text, file)
    if isinstance(node, cst.SimpleString) and "r" in node.prefix.lower():
        code = f"{node.prefix}{node.quote}{text}{node.quote}"
        if "\n" not in text and text.isprintable() and file.takes(text) and meaning_of(code) == text:
            return code
    return _fresh(node, text, file)


def _fresh(node: cst.BaseExpression, text: str, file: SourceFile) -> str:
    return wrapped(text, _manner(node, file), parenthesized=bool(node.lpar))


def meaning_of(code: str) -> str | None:
    """Return the text that a literal means; None where it is no literal of a text."""
    try:
        value = means(code)
    except (SyntaxError, ValueError):
        return None
    return value if isinstance(value, str) else None


def _manner(node: cst.CSTNode, file: SourceFile) -> Manner:
    return Manner(file=file, indent=file.indentation(node), column=file.column(node))


def _around(old: str, function: Callable[[str], str], text: str) -> Iterator[str]:
    """Yield texts of which `function` may make `text`, laid out like the old one."""
    start, end = old[: len(old) - len(old.lstrip())], old[len(old.rstrip()) :]
    if function in _METHODS.values():
        yield f"{start}{text}{end}"
        return
    margin = _margin(old, start)
    indented = textwrap.indent(text, margin)
    if function is inspect.cleandoc:
        yield f"{start}{indented.removeprefix(margin)}{end}"
    else:
        last = old.rpartition("\n")[2]
        yield indented + (last if last.isspace() and text.endswith("\n") else "")
    yield text


def _margin(old: str, start: str) -> str:
    """Return what the lines of a text are indented with."""
    first = start.rpartition("\n")[2]
    if first or "\n" in start:
        return first
    lines = [line for line in old.splitlines()[1:] if line.strip()]
    return min((line[: len(line) - len(line.lstrip())] for line in lines), key=len, default="")


def _kept(node: cst.BaseExpression, inner: cst.BaseExpression, code: str, file: SourceFile) -> str:
    """Return an expression as it is written, but for a part of it."""
    start, end = file.span(node)
    left, right = file.span(inner)
    return f"{file.code[start:left].decode()}{code}{file.code[right:end].decode()}"


def _parsed(code: str, file: SourceFile) -> cst.BaseExpression:
    return cst.parse_expression(f"({code})", file.tree.config_for_parsing)


def _wrapping(node: cst.BaseExpression) -> tuple[Callable[[str], str], cst.BaseExpression] | None:
    """Return the function that an expression applies to another one, and that one."""
    if not isinstance(node, cst.Call):
        return None
    function = node.func
    if len(node.args) == 1 and node.args[0].keyword is None and not node.args[0].star:
        name = function.attr.value if isinstance(function, cst.Attribute) else None
        name = function.value if isinstance(function, cst.Name) else name
        return (_FUNCTIONS[name], node.args[0].value) if name in _FUNCTIONS else None
    if not node.args and isinstance(function, cst.Attribute) and function.attr.value in _METHODS:
        return _METHODS[function.attr.value], function.value
    return None


def _both(left: cst.BaseExpression, right: cst.BaseExpression) -> str | None:
    first, second = meaning(left), meaning(right)
    return None if first is None or second is None else first + second


def _of_formatted(node: cst.FormattedString) -> str | None:
    """Return what an f-string without values means: its doubled braces are single ones."""
    if any(not isinstance(part, cst.FormattedStringText) for part in node.parts):
        return None
    text = "".join(part.value for part in node.parts if isinstance(part, cst.FormattedStringText))
    prefix = node.prefix.lower().replace("f", "")
    return meaning_of(f"{prefix}{node.quote}{text.replace('{{', '{').replace('}}', '}')}{node.quote}")
