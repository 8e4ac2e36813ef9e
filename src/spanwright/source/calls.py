"""Calls in a file: those that make agents and tools, their arguments, and how to give one another argument."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

import libcst as cst

from spanwright.source.assigning import name_of
from spanwright.source.constants import meaning
from spanwright.source.files import SourceFile
from spanwright.source.places import Nowhere
from spanwright.source.spots import Added

_DECORATORS = {"tool", "tool_plain"}
_MAKERS = {"Tool", "add_function"}


def keyword(call: cst.Call, name: str) -> cst.BaseExpression | None:
    """Return the value of a keyword argument."""
    return next((each.value for each in call.args if each.keyword is not None and each.keyword.value == name), None)


def called(node: cst.CSTNode, name: str) -> Iterator[cst.Call]:
    """Yield the calls of a name at or below a node."""
    if isinstance(node, cst.Call) and name_of(node.func) == name:
        yield node
    for child in node.children:
        yield from called(child, name)


def description_of(node: cst.CSTNode) -> Iterator[cst.BaseExpression]:
    """Yield the descriptions that `Field`s at or below a node give."""
    for call in called(node, "Field"):
        value = keyword(call, "description")
        if value is not None:
            yield value


class Certainty(Enum):
    """How sure it is that a call makes the agent that is meant, the surest first."""

    ASSIGNED = "assigned to its variable"
    NAMED = "given its name"
    POSSIBLE = "given a name that only code knows"


@dataclass(frozen=True, slots=True)
class Making:
    """A call that may make an agent."""

    call: cst.Call
    file: SourceFile
    certainty: Certainty


def agent_calls(file: SourceFile, name: str, variables: Sequence[str]) -> Iterator[Making]:
    """Yield the calls that may make the agent of a name that is known by some variables."""
    assigned = file.assigned
    for call in file.found(cst.Call):
        given = keyword(call, "name")
        said = None if given is None else meaning(given)
        if said not in {None, name} or (variables and assigned.get(call, variables[0]) not in variables):
            continue
        certainty = Certainty.NAMED if said == name else Certainty.POSSIBLE
        yield Making(call, file, Certainty.ASSIGNED if assigned.get(call) in variables else certainty)


def elements(node: cst.BaseExpression) -> Sequence[cst.BaseExpression] | None:
    """Return the elements of a list or a tuple; None for anything else."""
    if isinstance(node, cst.List | cst.Tuple):
        return [element.value for element in node.elements]
    return None


def registrations(
    function: cst.FunctionDef, file: SourceFile, files: Iterable[SourceFile]
) -> Iterator[tuple[cst.BaseExpression, SourceFile]]:
    """Yield what makes a function a tool: a decorator, with a call or without, or a call that it is handed to."""
    for decorator in function.decorators:
        node = decorator.decorator
        if name_of(node.func if isinstance(node, cst.Call) else node) in _DECORATORS:
            yield node, file
    for other in dict.fromkeys([file, *files]):
        for call in other.found(cst.Call):
            if name_of(call.func) not in _MAKERS | _DECORATORS or not call.args:
                continue
            first = next((each for each in call.args if each.keyword is None), None)
            handed = first.value if first is not None else keyword(call, "function") or keyword(call, "func")
            if handed is not None and name_of(handed) == function.name.value:
                yield call, other


def with_keyword(call: cst.BaseExpression, name: str, file: SourceFile, what: str) -> Added | Nowhere:
    """Return the place for one more keyword argument of a call, or of a decorator without one."""
    _, end = file.span(call)
    if not isinstance(call, cst.Call):
        return Added(file=file, node=call, what=what, at=end, until=end, head=f"({name}=", tail=")")
    if call.args and call.args[-1].star == "**":
        return Nowhere(reason=f"{what} may come with what is unpacked at {file.path.name}:{file.line(call)}")
    if not call.args:
        return Added(file=file, node=call, what=what, at=end - 1, until=end - 1, head=f"{name}=")
    last = call.args[-1]
    _, stop = file.span(last.value)
    while last.value.rpar and file.code[stop : stop + 1] != b")":
        stop += 1
    stop += len(last.value.rpar)
    comma = isinstance(last.comma, cst.Comma)
    closing = file.code[stop : end - 1].decode()
    if comma and "\n" in closing:  # one argument a line: another line, and its comma
        indent = file.indentation(last)
        place = stop + len(closing.partition(",")[0].encode()) + 1
        return Added(file=file, node=last, what=what, at=place, until=place, head=f"\n{indent}{name}=", tail=",")
    if comma:
        place = stop + len(closing.partition(",")[0].encode()) + 1
        return Added(file=file, node=last, what=what, at=place, until=place, head=f" {name}=")
    return Added(file=file, node=last, what=what, at=stop, until=stop, head=f", {name}=")
