"""The documented places of a JSON schema: find every description, and replace some of them.

A place is a path: `query`, `filters/city`, `tags/[]/name` for the items of a list, `pay/anyOf1/amount` for an
alternative, `$Address/city` for a definition, which is shared by all that refer to it. Only descriptions are changed:
names, types and validation stay as they are.
"""

from collections.abc import Iterator, Mapping
from typing import TypeAlias, cast

Schema: TypeAlias = Mapping[str, object]

_ALTERNATIVES = ("anyOf", "oneOf", "allOf")


def places(schema: Schema) -> Iterator[tuple[str, str]]:
    """Yield path and description of every property and definition; an undocumented one has an empty description.

    The schema itself has the path "".
    """
    for path, node in _walk(schema, ""):
        description = node.get("description")
        yield path, description if isinstance(description, str) else ""


def reworded(schema: Schema, texts: Mapping[str, str]) -> dict[str, object]:
    """Return a copy of `schema` with the descriptions of the paths in `texts`; an empty text removes one.

    Paths that the schema does not have are ignored. What is not on a path is shared with the original.
    """
    return _reworded(schema, "", texts)


def _reworded(node: Schema, path: str, texts: Mapping[str, str]) -> dict[str, object]:
    copy: dict[str, object] = dict(node)
    if path in texts and path:
        if texts[path]:
            copy["description"] = texts[path]
        else:
            copy.pop("description", None)
    for key, places_below in _branches(node, path):
        if not any(other == below or other.startswith(f"{below}/") for below, _ in places_below for other in texts):
            continue
        copy[key] = _branch_copy(node[key], [_reworded(child, below, texts) for below, child in places_below])
    return copy


def _walk(node: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    yield path, node
    for _, places_below in _branches(node, path):
        for below, child in places_below:
            yield from _walk(child, below)


def _branches(node: Schema, path: str) -> Iterator[tuple[str, list[tuple[str, Schema]]]]:
    """Yield each key under which schemas stand, with their paths, in the order of the branch."""
    prefix = f"{path}/" if path else ""
    for key, mark in (("properties", ""), ("$defs", "$")):
        branch = node.get(key)
        if isinstance(branch, Mapping):
            named = cast("Mapping[str, object]", branch)
            yield key, [(f"{prefix}{mark}{name}", _schema(child)) for name, child in named.items()]
    for key in _ALTERNATIVES:
        branch = node.get(key)
        if isinstance(branch, list):
            listed = cast("list[object]", branch)
            yield key, [(f"{prefix}{key}{place}", _schema(child)) for place, child in enumerate(listed)]
    items = node.get("items")
    if isinstance(items, Mapping):
        yield "items", [(f"{prefix}[]", cast("Schema", items))]


def _branch_copy(branch: object, children: list[dict[str, object]]) -> object:
    """Return a branch of the same form with new children in the same order."""
    if isinstance(branch, list):
        return children
    named = cast("Mapping[str, object]", branch)
    if len(children) == 1 and not all(isinstance(value, Mapping | bool) for value in named.values()):
        return children[0]
    return dict(zip(named, children, strict=True))


def _schema(node: object) -> Schema:
    """Return a sub-schema; `true` and `false` are schemas without a place for words."""
    return cast("Schema", node) if isinstance(node, Mapping) else {}
