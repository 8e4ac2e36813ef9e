"""Where exactly a text is written: a piece of a file, and how the text that a model gets is made of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import libcst as cst

from spanwright.source.constants import meaning, rewritten
from spanwright.source.docstrings import rewritten_docstring, with_docstring
from spanwright.source.files import Replacement, SourceFile
from spanwright.source.literals import Manner, wrapped
from spanwright.source.places import InDocstring

Replacements: TypeAlias = Sequence[tuple[SourceFile, Replacement]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Literal:
    """An expression that means the text."""

    file: SourceFile
    node: cst.BaseExpression
    what: str
    exact: bool
    """Whether the text is all of it: else white space around it is not sent, and stays."""

    @classmethod
    def of(cls, node: cst.BaseExpression, file: SourceFile, what: str) -> "Literal":
        """Return the literal of a text that is sent without the white space around it."""
        return cls(file=file, node=node, what=what, exact=False)

    @classmethod
    def holding(cls, text: str, node: cst.BaseExpression, file: SourceFile, what: str) -> "Literal | None":
        """Return the literal of a text if the expression means it, with or without white space around it."""
        value = meaning(node)
        if value is None or not value.strip() or value.strip() != text.strip():
            return None
        return cls(file=file, node=node, what=what, exact=value == text)

    def replacements(self, text: str) -> Replacements:
        """Return what to replace so that the text is `text`."""
        old = meaning(self.node) or ""
        start, end = old[: len(old) - len(old.lstrip())], old[len(old.rstrip()) :]
        whole = text if self.exact or not text else f"{start}{text}{end}"
        return [(self.file, _replaced(self.node, whole, self.file))]


@dataclass(frozen=True, kw_only=True, eq=False)
class Joined:
    """Several expressions, whose texts are sent with an empty line between them."""

    file: SourceFile
    nodes: Sequence[tuple[cst.BaseExpression, SourceFile]]
    what: str

    @property
    def node(self) -> cst.CSTNode:
        """The first of them."""
        return self.nodes[0][0]

    def replacements(self, text: str) -> Replacements:
        """Return what to replace so that the text is `text`."""
        literals = [Literal.of(node, file, self.what) for node, file in self.nodes]
        old = [(meaning(node) or "").strip() for node, _ in self.nodes]
        changed = zip(literals, old, shared_out(text, old), strict=True)
        return [each for literal, before, new in changed if new != before for each in literal.replacements(new)]


@dataclass(frozen=True, kw_only=True, eq=False)
class FunctionDocs:
    """A place in a function's docstring."""

    file: SourceFile
    node: cst.FunctionDef
    what: str
    place: InDocstring


@dataclass(frozen=True, kw_only=True, eq=False)
class Cleaned:
    """A docstring that is read without its indentation: of a class, or below a field."""

    file: SourceFile
    node: cst.ClassDef | cst.BaseExpression
    what: str

    def replacements(self, text: str) -> Replacements | None:
        """Return what to replace so that the text is `text`; None where that cannot be."""
        if isinstance(self.node, cst.ClassDef):
            written = with_docstring(self.node, text, self.file)
        else:
            written = rewritten_docstring(self.node, text, self.file)
        return None if written is None else [(self.file, written.replacement)]


@dataclass(frozen=True, kw_only=True, eq=False)
class Added:
    """A place where nothing is written yet."""

    file: SourceFile
    node: cst.CSTNode
    what: str
    at: int
    """The byte before which it is written."""
    until: int
    head: str
    tail: str = ""

    def replacements(self, text: str) -> Replacements:
        """Return what to write so that the text is `text`."""
        manner = Manner(file=self.file, indent=self.file.indentation(self.node), column=self.file.line_length // 2)
        return [(self.file, Replacement(self.at, self.until, f"{self.head}{wrapped(text, manner)}{self.tail}"))]


Spot = Literal | Joined | FunctionDocs | Cleaned | Added


def shared_out(text: str, old: Sequence[str]) -> list[str]:
    """Cut a text into as many pieces as there were, at empty lines, such that they resemble the old ones most.

    Joined by empty lines they are the text again. A piece may be empty: nothing is sent of such a one.
    """
    pieces = re.split(r"(?<=\S)\n\n(?=\S)", text)
    if len(pieces) < len(old):
        order = sorted(range(len(old)), key=lambda place: -max(_likeness(piece, old[place]) for piece in pieces))
        kept = iter(pieces)
        chosen = set(order[: len(pieces)])
        return [next(kept) if place in chosen else "" for place in range(len(old))]
    best: dict[tuple[int, int], tuple[float, list[str]]] = {(0, 0): (0.0, [])}
    for place in range(1, len(old) + 1):
        for end in range(place, len(pieces) + 1):
            options = [
                (score + _likeness(joined := "\n\n".join(pieces[start:end]), old[place - 1]), [*shares, joined])
                for start in range(place - 1, end)
                if (found := best.get((place - 1, start))) is not None
                for score, shares in [found]
            ]
            if options:
                best[place, end] = max(options, key=lambda option: option[0])
    return best[len(old), len(pieces)][1]


def _likeness(one: str, other: str) -> float:
    mine, others = set(one.split()), set(other.split())
    return 2.0 if one == other else len(mine & others) / max(len(mine | others), 1)


def _replaced(node: cst.BaseExpression, text: str, file: SourceFile) -> Replacement:
    return Replacement(*file.span(node), rewritten(node, text, file))
