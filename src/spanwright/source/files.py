"""A source file, read: its syntax tree, where each node stands in its bytes, and how it likes to be written.

Whatever is changed is a piece of the text between two places, so that all else stays as it was, byte by byte. A file
that LibCST cannot give back exactly is not read at all.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar, cast

import libcst as cst
from libcst.metadata import ByteSpanPositionProvider, CodeRange, CodeSpan, MetadataWrapper, PositionProvider

from spanwright.source.assigning import assignments

Node = TypeVar("Node", bound=cst.CSTNode)

DEFAULT_LINE_LENGTH = 88
"""What formatters keep to that were told nothing."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """A new text for a piece of a file, from the byte `start` up to `end`, in UTF-8."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, kw_only=True, eq=False)
class SourceFile:
    """A file as it was read. It is parsed when something in it is looked for."""

    path: Path
    name: str
    """Of the module."""
    content: bytes
    line_length: int = DEFAULT_LINE_LENGTH

    @cached_property
    def problem(self) -> str:
        """Why the file cannot be written, empty where it can."""
        try:
            tree = self.tree
        except (cst.ParserSyntaxError, UnicodeDecodeError, LookupError) as error:
            return f"{self.path.name} is no Python that can be read: {error}"
        return "" if tree.bytes == self.content else f"{self.path.name} cannot be given back exactly as it is"

    @cached_property
    def tree(self) -> cst.Module:
        """The syntax tree."""
        return cst.parse_module(self.content)

    @cached_property
    def code(self) -> bytes:
        """The text in UTF-8, in which spans count."""
        return self.tree.code.encode()

    @cached_property
    def quote(self) -> str:
        """The quotes that most strings stand in."""
        plain = [string for string in self.found(cst.SimpleString) if string.quote in {'"', "'"}]
        free = [string.quote for string in plain if not set(string.raw_value) & {'"', "'"}]
        return "'" if free.count("'") > free.count('"') else '"'

    @cached_property
    def nodes(self) -> tuple[cst.CSTNode, ...]:
        """All nodes, each before those below it."""
        return tuple(_walk(self.tree))

    def found(self, kind: type[Node]) -> Sequence[Node]:
        """Return all nodes of a kind, in the order in which they are read."""
        return cast("Sequence[Node]", self._by_kind.get(kind, ()))

    @cached_property
    def classes(self) -> Mapping[str, Sequence[cst.ClassDef]]:
        """The classes by their qualified names."""
        named: dict[str, list[cst.ClassDef]] = {}
        for name, node in _classes(self.tree, ""):
            named.setdefault(name, []).append(node)
        return named

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        """Return where a node begins and ends, in bytes of the text in UTF-8; parentheses around it do not count."""
        found = self._spans[node]
        return found.start, found.start + found.length

    def line(self, node: cst.CSTNode) -> int:
        """Return the line in which a node begins, from 1."""
        return self._positions[node].start.line

    def column(self, node: cst.CSTNode) -> int:
        """Return the column in which a node begins, from 0."""
        return self._positions[node].start.column

    def indentation(self, node: cst.CSTNode) -> str:
        """Return what the line in which a node begins is indented with."""
        start, _ = self.span(node)
        line = self.code[self.code.rfind(b"\n", 0, start) + 1 : start].decode()
        return line[: len(line) - len(line.lstrip())]

    def written(self, node: cst.CSTNode) -> str:
        """Return a node as it is written."""
        start, end = self.span(node)
        return self.code[start:end].decode()

    def takes(self, text: str) -> bool:
        """Return whether the file's encoding has all characters of a text."""
        try:
            text.encode(self.tree.encoding)
        except UnicodeEncodeError:
            return False
        return True

    def changed(self, replacements: Iterable[Replacement]) -> bytes:
        """Return the file's content with replacements, which do not overlap, in the file's encoding and line ends."""
        code, cut = bytearray(), 0
        for each in sorted(replacements, key=lambda replacement: (replacement.start, replacement.end)):
            assert each.start >= cut, "replacements do not overlap"
            code += self.code[cut : each.start] + each.text.replace("\n", self.tree.default_newline).encode()
            cut = each.end
        code += self.code[cut:]
        return code.decode().encode(self.tree.encoding)

    @cached_property
    def assigned(self) -> Mapping[cst.CSTNode, str]:
        """For each part of what is assigned at the top of the file the name that it is assigned to."""
        return {
            node: name
            for statement in self.tree.body
            if isinstance(statement, cst.SimpleStatementLine)
            for name, value in assignments(statement)
            for node in _walk(value)
        }

    @cached_property
    def _by_kind(self) -> Mapping[type[cst.CSTNode], Sequence[cst.CSTNode]]:
        kinds: dict[type[cst.CSTNode], list[cst.CSTNode]] = {}
        for node in self.nodes:
            kinds.setdefault(type(node), []).append(node)
        return kinds

    @cached_property
    def _wrapper(self) -> MetadataWrapper:
        return MetadataWrapper(self.tree, unsafe_skip_copy=True)

    @cached_property
    def _spans(self) -> Mapping[cst.CSTNode, CodeSpan]:
        return self._wrapper.resolve(ByteSpanPositionProvider)

    @cached_property
    def _positions(self) -> Mapping[cst.CSTNode, CodeRange]:
        return self._wrapper.resolve(PositionProvider)


def means(code: str) -> object:
    """Return what a literal means."""
    return ast.literal_eval(code.strip())


def _walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    yield node
    for child in node.children:
        yield from _walk(child)


def _classes(node: cst.CSTNode, above: str) -> Iterator[tuple[str, cst.ClassDef]]:
    for child in node.children:
        if isinstance(child, cst.ClassDef):
            yield f"{above}{child.name.value}", child
            yield from _classes(child, f"{above}{child.name.value}.")
        elif isinstance(child, cst.FunctionDef):
            yield from _classes(child, f"{above}{child.name.value}.<locals>.")
        else:
            yield from _classes(child, above)
