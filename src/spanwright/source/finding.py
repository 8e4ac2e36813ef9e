"""From where a text may come from to where it is written: exactly one place whose text it is, or the reason why not."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from inspect import cleandoc

import libcst as cst

from spanwright.source.assigning import name_of
from spanwright.source.calls import (
    Certainty,
    agent_calls,
    called,
    description_of,
    elements,
    keyword,
    registrations,
    with_keyword,
)
from spanwright.source.constants import meaning
from spanwright.source.definitions import class_of, docstring_below, field_of, function_of
from spanwright.source.docstrings import docstring
from spanwright.source.files import SourceFile
from spanwright.source.library import Library
from spanwright.source.places import (
    InArgument,
    InClass,
    InDocstring,
    InField,
    InLiteral,
    InRegistration,
    InText,
    Nowhere,
    Place,
)
from spanwright.source.spots import Added, Cleaned, FunctionDocs, Joined, Literal, Spot

_WORD = re.compile(r"[A-Za-z0-9]+")
"""What is written as it is in any encoding, and in any kind of literal."""


def find(places: Sequence[Place | Nowhere], text: str, library: Library) -> Spot | Nowhere:
    """Return where a text is written, the first of these places that holds it; or why there is none."""
    reasons: list[str] = []
    for place in places:
        found = place if isinstance(place, Nowhere) else _found(place, text, library)
        if not isinstance(found, Nowhere):
            return found
        if found.final:
            return found
        if found.reason:
            reasons.append(found.reason)
    return Nowhere(reason=reasons[0] if reasons else "no place in the source is known for it")


def _found(place: Place, text: str, library: Library) -> Spot | Nowhere:
    match place:
        case InDocstring():
            return _in_docstring(place, text, library)
        case InRegistration():
            return _in_registration(place, text, library)
        case InClass():
            return _in_class(place, text, library)
        case InField():
            return _in_field(place, text, library)
        case InArgument() | InText():
            return _in_call(place, text, library)
        case InLiteral():
            return _in_literal(place, text, library)


def _in_docstring(place: InDocstring, text: str, library: Library) -> Spot | Nowhere:
    found = function_of(place.function, library)
    if isinstance(found, Nowhere):
        return found
    node, file = found
    written = docstring(node)
    if cleandoc(place.docstring or "") != cleandoc((meaning(written) or "") if written is not None else ""):
        return Nowhere(reason=f"code makes the docstring of {place.function.name}")
    about = f" on {place.parameter}" if place.parameter else ""
    return FunctionDocs(file=file, node=node, what=f"docstring of {node.name.value}{about}", place=place)


def _in_registration(place: InRegistration, text: str, library: Library) -> Spot | Nowhere:
    found = function_of(place.function, library)
    if isinstance(found, Nowhere):
        return found
    calls = list(registrations(*found, library.among(place.files)))
    held = [
        spot
        for call, file in calls
        if isinstance(call, cst.Call) and (value := keyword(call, "description")) is not None
        for spot in [_literal(value, text, file, library, f"description= of {place.function.name}")]
    ]
    spots = [spot for spot in held if not isinstance(spot, Nowhere)]
    if len(spots) == 1:
        return spots[0]
    return next((spot for spot in held if isinstance(spot, Nowhere)), Nowhere(reason=""))


def described(place: InRegistration, library: Library) -> Added | Nowhere:
    """Return the place for a `description=` where the function is made a tool without one."""
    found = function_of(place.function, library)
    if isinstance(found, Nowhere):
        return found
    calls = list(registrations(*found, library.among(place.files)))
    if len(calls) != 1:
        return Nowhere(reason="")
    call, file = calls[0]
    if isinstance(call, cst.Call) and keyword(call, "description") is not None:
        return Nowhere(reason="")
    return with_keyword(call, "description", file, f"description= of {place.function.name}")


def _in_class(place: InClass, text: str, library: Library) -> Spot | Nowhere:
    found = class_of(place.cls, library)
    if isinstance(found, Nowhere):
        return found
    node, file = found
    return Cleaned(file=file, node=node, what=f"docstring of {node.name.value}")


def _in_field(place: InField, text: str, library: Library) -> Spot | Nowhere:
    owner = function_of(place.owner, library) if place.of_function else class_of(place.owner, library)
    if isinstance(owner, Nowhere):
        return owner
    node, file = owner
    what = f"{place.name} of {node.name.value}"
    written = list(field_of(node, place.name))
    held = [
        spot
        for part in written
        for value in description_of(part)
        for spot in [_literal(value, text, file, library, what)]
    ]
    spots = [spot for spot in held if not isinstance(spot, Nowhere)]
    if text and len(spots) == 1:
        return spots[0]
    if text and len(spots) > 1:
        return Nowhere(reason=f"ambiguous: {what} has several descriptions alike")
    below = docstring_below(node, place.name) if isinstance(node, cst.ClassDef) else None
    if text and below is not None and cleandoc(meaning(below) or "") == text:
        return Cleaned(file=file, node=below, what=what)
    if not text and not held and below is None:
        return _new_description(written, place, file, what)
    return next(iter(spot for spot in held if isinstance(spot, Nowhere)), Nowhere(reason=f"{what} does not say it"))


def _new_description(parts: Sequence[cst.CSTNode], place: InField, file: SourceFile, what: str) -> Spot | Nowhere:
    fields = [call for part in parts for call in called(part, "Field")]
    if len(fields) == 1:
        return with_keyword(fields[0], "description", file, what)
    assignment = next((part for part in parts if isinstance(part, cst.AnnAssign)), None)
    imported = any(
        isinstance(alias.name, cst.Name) and alias.name.value == "Field" and alias.asname is None
        for alias in file.found(cst.ImportAlias)
    )
    if not fields and place.of_model and imported and assignment is not None:
        _, end = file.span(assignment.annotation.annotation)
        if assignment.value is None:
            return Added(
                file=file, node=assignment, what=what, at=end, until=end, head=" = Field(description=", tail=")"
            )
        start, stop = file.span(assignment.value)
        if not assignment.value.lpar:
            value = file.written(assignment.value)
            head = f"Field({value}, description="
            return Added(file=file, node=assignment, what=what, at=start, until=stop, head=head, tail=")")
    hint = f", and {file.path.name} imports no Field" if place.of_model and not imported else ""
    return Nowhere(reason=f"{what} has no description to rewrite{hint}")


def _in_call(place: InArgument | InText, text: str, library: Library) -> Spot | Nowhere:
    return _in_text(place, text, library) if isinstance(place, InText) else _in_argument(place, text, library)


def _in_argument(place: InArgument, text: str, library: Library) -> Spot | Nowhere:
    what = f"{place.argument} of {place.name}"
    calls = [made for file in library.among(place.files) for made in agent_calls(file, place.name, place.variables)]
    for certainty in Certainty:
        found: list[Spot | Nowhere] = []
        for made in calls:
            value = keyword(made.call, place.argument)
            if made.certainty is not certainty:
                continue
            if value is not None:
                found.append(_whole_or_joined(value, text, made.file, library, what))
            elif not text and keyword(made.call, "name") is not None and name_of(made.call.func).endswith("Agent"):
                found.append(with_keyword(made.call, place.argument, made.file, what))
        certain = certainty is not Certainty.POSSIBLE
        held = [spot for spot in found if not isinstance(spot, Nowhere)]
        obstacles = [spot for spot in found if isinstance(spot, Nowhere) and spot.reason]
        if len(held) == 1 and not (certain and obstacles):
            return held[0]
        if held:
            lines = ", ".join(f"{spot.file.path.name}:{spot.file.line(spot.node)}" for spot in held)
            return Nowhere(reason=f"ambiguous: it may come from {lines}, or from other calls", final=True)
        if obstacles and certain:
            return replace(obstacles[0], final=True)
    return Nowhere(reason="")


def _whole_or_joined(
    value: cst.BaseExpression, text: str, file: SourceFile, library: Library, what: str
) -> Spot | Nowhere:
    listed = elements(value)
    if listed is None:
        return _literal(value, text, file, library, what)
    found = [library.resolved(element, file) for element in listed]
    parts = [part for part in found if part is not None and (meaning(part[0]) or "").strip()]
    if "\n\n".join((meaning(node) or "").strip() for node, _ in parts) == text.strip() and parts:
        shared = next((_shared(node, home, library) for node, home in parts if _shared(node, home, library)), None)
        if shared is not None:
            return shared
        return Joined(file=parts[0][1], nodes=parts, what=what)
    single = [part for part in parts if (meaning(part[0]) or "").strip() == text.strip()]
    if len(single) == 1:
        return _literal(single[0][0], text, single[0][1], library, what)
    return Nowhere(reason="")


def _in_literal(place: InLiteral, text: str, library: Library) -> Spot | Nowhere:
    if not text.strip():
        return Nowhere(reason="nothing is written of it")
    word = max(_WORD.findall(text), key=len, default="").encode()
    for paths in (place.files, place.others):
        likely = [path for path in paths if path in library.files and word in library.files[path].content]
        held = [spot for file in library.among(likely) for spot in _literals(file, text)]
        near = [spot for spot in held if spot.file.assigned.get(spot.node) in place.variables]
        held = near if len(near) == 1 else held
        if len(held) == 1:
            shared = _shared(held[0].node, held[0].file, library)
            return shared or held[0]
        if held:
            lines = ", ".join(f"{spot.file.path.name}:{spot.file.line(spot.node)}" for spot in held)
            return Nowhere(reason=f"ambiguous: it is written at {lines}")
    names = ", ".join(sorted(path.name for path in place.files if path in library.files))
    return Nowhere(
        reason=f"no literal in {names or 'your files'} has this text: code makes it, or another file holds it"
    )


def _in_text(place: InText, text: str, library: Library) -> Spot | Nowhere:
    """Return the one expression that all calls with a key have as their default."""
    what = f"default of text({place.keys[0]!r})"
    calls = [
        (default, file)
        for file in library.importing("spanwright", "text", place.files)
        for call in library.calls("spanwright", "text", file)
        if (default := _default_of(call, place.keys)) is not None
    ]
    found = [library.resolved(default, file) for default, file in calls]
    written = {id(each[0]): each for each in found if each is not None}
    if None in found or not written:
        return Nowhere(reason=f"code makes the {what}")
    if len(written) > 1:
        lines = ", ".join(f"{file.path.name}:{file.line(node)}" for node, file in calls)
        return Nowhere(reason=f"ambiguous: it is written at {lines}. Make it a constant")
    node, home = next(iter(written.values()))
    readers = library.readers(node, home)
    if len(readers) > len(calls):
        return Nowhere(reason=f"ambiguous: the constant is read at {_told(readers)}")
    return Literal.holding(text, node, home, what) or Nowhere(reason=f"code makes the {what}")


def _default_of(call: cst.Call, keys: Sequence[str]) -> cst.BaseExpression | None:
    """Return the default of a call of `text` with one of these keys."""
    plain = [each.value for each in call.args if each.keyword is None and not each.star]
    key = keyword(call, "key") or next(iter(plain), None)
    default = keyword(call, "default") or (plain[-1] if plain and plain[-1] is not key else None)
    return default if key is not None and meaning(key) in keys else None


def _literals(file: SourceFile, text: str) -> Iterator[Literal]:
    """Yield the outermost expressions that mean a text; docstrings are none of them."""
    inside: set[cst.CSTNode] = set()
    for node in file.nodes:
        if node in inside or (isinstance(node, cst.Expr) and meaning(node.value) is not None):
            inside.update(node.children)
        elif isinstance(node, cst.BaseExpression):
            spot = Literal.holding(text, node, file, "literal")
            if spot is not None:
                inside.update(node.children)
                yield spot


def _literal(node: cst.BaseExpression, text: str, file: SourceFile, library: Library, what: str) -> Literal | Nowhere:
    """Return the literal that an expression is or stands for, if it has the text and nobody else reads it."""
    resolved = library.resolved(node, file)
    if resolved is None:
        return Nowhere(reason=f"code makes {what} at {file.path.name}:{file.line(node)}")
    value, home = resolved
    spot = Literal.holding(text, value, home, what)
    if spot is None:
        return Nowhere(reason="")
    return _shared(value, home, library) or spot


def _shared(node: cst.CSTNode, file: SourceFile, library: Library) -> Nowhere | None:
    readers = library.readers(node, file) if isinstance(node, cst.BaseExpression) else ()
    if len(readers) < 2:
        return None
    return Nowhere(reason=f"ambiguous: the constant at {file.path.name}:{file.line(node)} is read at {_told(readers)}")


def _told(readers: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(readers))
