"""The documented places of a JSON schema: find every description, and replace some of them.

A place is a path of segments: `query`, `filters/city`, `tags/[]/name` for the items of a list, `point/[0]` for one of
a tuple, `prices/{}` for the values of a mapping, `pay/anyOf1/amount` for an alternative, `$Address/city` for a
definition, which is shared by all that refer to it, `$` for the schema itself. Only descriptions are changed: names,
types and validation stay.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, cast

Schema: TypeAlias = Mapping[str, object]

ITSELF = "$"
"""The path of a schema itself: a tool that takes one model has that model's docstring there."""

_NAMED = (("properties", ""), ("$defs", "$"))
"""Keywords under which schemas stand by name, and what marks such a name in a path."""
_LISTED = (("anyOf", "anyOf{}"), ("oneOf", "oneOf{}"), ("allOf", "allOf{}"), ("prefixItems", "[{}]"))
_SINGLE = (("items", "[]"), ("additionalProperties", "{}"))
_MISTAKEN = re.compile(r"\$.*|\[.*|\{.*|(anyOf|oneOf|allOf)\d+|", re.DOTALL)
"""Names of properties that would read like another kind of place."""


@dataclass(frozen=True, slots=True)
class _Child:
    """A schema below another one, and where in that it stands."""

    segment: str
    schema: Schema
    keyword: str
    place: str | int | None
    """The name or the index under the keyword; None where the schema itself stands there."""
    named: bool
    """A property or a definition: worth documenting. The others are only found where they are documented already."""


@dataclass(slots=True)
class Wording:
    """Texts by path, made ready to be put into schemas."""

    text: str | None = None
    below: dict[str, "Wording"] = field(default_factory=dict[str, "Wording"])

    @classmethod
    def of(cls, texts: Mapping[str, str]) -> "Wording":
        """Arrange texts by the segments of their paths."""
        root = cls()
        for path, text in texts.items():
            wording = root
            for segment in () if path == ITSELF else path.split("/"):
                wording = wording.below.setdefault(segment, cls())
            wording.text = text
        return root

    def __bool__(self) -> bool:
        return self.text is not None or bool(self.below)


def places(schema: Schema) -> Iterator[tuple[str, str]]:
    """Yield path and description of every place; an undocumented property or definition has an empty description.

    The schema itself is only found where it is documented, for a tool or an output has a description beside it.
    """
    if description := _description(schema):
        yield ITSELF, description
    yield from _places(schema, "")


def reworded(schema: Schema, wording: Wording) -> dict[str, object]:
    """Return a copy of `schema` with the descriptions of `wording`; an empty text removes one.

    Paths that the schema does not have are ignored. What is not on a path is shared with the original.
    """
    copy: dict[str, object] = dict(schema)
    if wording.text:
        copy["description"] = wording.text
    elif wording.text is not None:
        copy.pop("description", None)
    for child in _children(schema) if wording.below else ():
        if below := wording.below.get(child.segment):
            _put(copy, schema, child, reworded(child.schema, below))
    return copy


def found(schema: Schema, wording: Wording, path: str = "") -> Iterator[str]:
    """Yield the paths of `wording` that `schema` has."""
    if wording.text is not None and not path:
        yield ITSELF
    for child in _children(schema) if wording.below else ():
        if below := wording.below.get(child.segment):
            here = f"{path}/{child.segment}" if path else child.segment
            if below.text is not None:
                yield here
            yield from found(child.schema, below, here)


def _places(schema: Schema, path: str) -> Iterator[tuple[str, str]]:
    for child in _children(schema):
        here = f"{path}/{child.segment}" if path else child.segment
        description = _description(child.schema)
        if child.named or description:
            yield here, description
        yield from _places(child.schema, here)


def _children(schema: Schema) -> Iterator[_Child]:
    """Yield the schemas directly below one, in the order in which a reader would meet them."""
    for keyword, mark in _NAMED:
        branch = schema.get(keyword)
        if isinstance(branch, Mapping):
            for name, child in cast("Mapping[str, object]", branch).items():
                segment = f"{mark}{_escaped(name) or '~'}" if mark else _unmistakable(name)
                yield from _child(segment, child, keyword, name, named=True)
    for keyword, pattern in _LISTED:
        branch = schema.get(keyword)
        if isinstance(branch, list):
            for index, child in enumerate(cast("list[object]", branch)):
                yield from _child(pattern.format(index), child, keyword, index)
    for keyword, segment in _SINGLE:
        yield from _child(segment, schema.get(keyword), keyword, None)


def _child(
    segment: str, schema: object, keyword: str, place: str | int | None, *, named: bool = False
) -> Iterator[_Child]:
    """Yield a child if it can hold words: `true` and `false` are schemas, too, but have no place for them."""
    if isinstance(schema, Mapping):
        yield _Child(segment, cast("Schema", schema), keyword, place, named)


def _put(copy: dict[str, object], original: Schema, child: _Child, new: Schema) -> None:
    """Put a new child where the old one stands, in a branch that no longer belongs to the original."""
    keyword = child.keyword
    if child.place is None:
        copy[keyword] = new
    elif isinstance(child.place, int):
        if copy[keyword] is original[keyword]:
            copy[keyword] = list(cast("list[object]", original[keyword]))
        cast("list[object]", copy[keyword])[child.place] = new
    else:
        if copy[keyword] is original[keyword]:
            copy[keyword] = dict(cast("Mapping[str, object]", original[keyword]))
        cast("dict[str, object]", copy[keyword])[child.place] = new


def _description(schema: Schema) -> str:
    description = schema.get("description")
    return description if isinstance(description, str) else ""


def _escaped(name: str) -> str:
    """Write a name such that it is one segment, as a JSON pointer would."""
    return name.replace("~", "~0").replace("/", "~1")


def _unmistakable(name: str) -> str:
    """Write the name of a property such that it reads like no other kind of place."""
    return f"~.{_escaped(name)}" if _MISTAKEN.fullmatch(name) else _escaped(name)
