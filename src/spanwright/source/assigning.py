"""Names: what a dotted one ends with, and what a statement assigns to them."""

from collections.abc import Iterator

import libcst as cst


def name_of(node: cst.CSTNode) -> str:
    """Return the last part of a dotted name."""
    if isinstance(node, cst.Subscript):
        return name_of(node.value)
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else ""


def assignments(statement: cst.SimpleStatementLine) -> Iterator[tuple[str, cst.BaseExpression]]:
    """Yield the names that a statement assigns to, and what it assigns."""
    for small in statement.body:
        if isinstance(small, cst.Assign):
            yield from ((name, small.value) for each in small.targets if (name := name_of(each.target)))
        elif isinstance(small, cst.AnnAssign) and small.value is not None:
            yield name_of(small.target), small.value
