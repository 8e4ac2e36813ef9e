"""Functions and classes by what a running program knows of them, and their fields as they are written."""

from collections.abc import Iterator
from itertools import pairwise

import libcst as cst

from spanwright.source.assigning import name_of
from spanwright.source.constants import meaning
from spanwright.source.files import SourceFile
from spanwright.source.library import Library
from spanwright.source.places import Definition, Nowhere


def function_of(definition: Definition, library: Library) -> tuple[cst.FunctionDef, SourceFile] | Nowhere:
    """Return the function that a definition means."""
    file = library.files.get(definition.file)
    if file is None:
        return Nowhere(reason=f"{definition.name} is in {definition.file.name}, which is no file of yours")
    if file.problem:
        return Nowhere(reason=file.problem)
    for node in file.found(cst.FunctionDef):
        first = node.decorators[0] if node.decorators else node
        lines = range(file.line(first), file.line(node.body) + 1)
        if node.name.value == definition.name and definition.line in lines:
            return node, file
    return Nowhere(reason=f"no function {definition.name} begins at line {definition.line} of {file.path.name}")


def class_of(definition: Definition, library: Library) -> tuple[cst.ClassDef, SourceFile] | Nowhere:
    """Return the class that a definition means."""
    file = library.files.get(definition.file)
    if file is None:
        return Nowhere(reason=f"the class {definition.name} is in {definition.file.name}, which is no file of yours")
    if file.problem:
        return Nowhere(reason=file.problem)
    found = file.classes.get(definition.name, ())
    if len(found) == 1:
        return found[0], file
    many = "has several classes" if found else "has no class"
    return Nowhere(reason=f"{file.path.name} {many} {definition.name}")


def field_of(owner: cst.FunctionDef | cst.ClassDef, name: str) -> Iterator[cst.CSTNode]:
    """Yield what is written of a field or a parameter."""
    if isinstance(owner, cst.ClassDef):
        for statement in owner.body.body:
            for small in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
                if isinstance(small, cst.AnnAssign) and name_of(small.target) == name:
                    yield small
        return
    parameters = owner.params
    every = [*parameters.posonly_params, *parameters.params, *parameters.kwonly_params]
    every += [each for each in (parameters.star_arg, parameters.star_kwarg) if isinstance(each, cst.Param)]
    yield from (each for each in every if each.name.value == name)


def docstring_below(owner: cst.ClassDef, name: str) -> cst.BaseExpression | None:
    """Return the docstring that stands below a field."""
    statements = [
        small
        for statement in owner.body.body
        for small in (statement.body if isinstance(statement, cst.SimpleStatementLine) else (statement,))
    ]
    for one, following in pairwise(statements):
        if (
            isinstance(one, cst.AnnAssign)
            and isinstance(one.target, cst.Name)
            and one.target.value == name
            and isinstance(following, cst.Expr)
            and meaning(following.value) is not None
        ):
            return following.value
    return None
