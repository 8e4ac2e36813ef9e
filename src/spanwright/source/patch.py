"""New texts in, new files out: each text at its place, all else as it was; of what could not be written, the reason."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import libcst as cst

from spanwright.core.candidate import ComponentId
from spanwright.source.files import Replacement, SourceFile
from spanwright.source.finding import described
from spanwright.source.library import Library
from spanwright.source.places import InRegistration, Nowhere
from spanwright.source.spots import Added, FunctionDocs, Replacements, Spot
from spanwright.source.tool_docs import reworded

_NOT_IN_A_DOCSTRING = "its docstring cannot hold this text such that it is read back exactly"


@dataclass(frozen=True, kw_only=True)
class Change:
    """A text for a component, and where the old one is written."""

    component: ComponentId
    text: str
    spot: Spot
    otherwise: InRegistration | None = None
    """Where a text goes that its docstring cannot hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """Files with new content."""

    files: Mapping[Path, bytes] = field(repr=False)
    written: Mapping[Path, Sequence[ComponentId]]
    """The components whose texts are in each file."""
    refused: Mapping[ComponentId, str]
    """Those that could not be written, and why."""


class _Draft:
    """Replacements as they come together."""

    def __init__(self) -> None:
        self.replacements: dict[SourceFile, list[Replacement]] = {}
        self.written: dict[Path, list[ComponentId]] = {}
        self.refused: dict[ComponentId, str] = {}

    def put(self, components: Sequence[ComponentId], new: Replacements) -> None:
        fresh = [(file, each) for file, each in new if each not in self.replacements.get(file, ())]
        if any(_overlap(each, other) for file, each in fresh for other in self.replacements.get(file, ())):
            self.refused.update(dict.fromkeys(components, "ambiguous: another component's text stands at its place"))
            return
        for file, each in fresh:
            self.replacements.setdefault(file, []).append(each)
        for path in dict.fromkeys(file.path for file, _ in new):
            self.written.setdefault(path, []).extend(components)


def patch(changes: Iterable[Change], library: Library) -> Patch:
    """Return the files with new texts."""
    draft = _Draft()
    functions: dict[cst.CSTNode, list[Change]] = {}
    for change in changes:
        if isinstance(change.spot, FunctionDocs):
            functions.setdefault(change.spot.node, []).append(change)
            continue
        new = change.spot.replacements(change.text)
        if new is None:
            draft.refused[change.component] = _refusal(change)
        else:
            draft.put([change.component], new)
    for group in functions.values():
        _reword(group, draft, library)
    files = {file.path: file.changed(new) for file, new in draft.replacements.items() if new}
    return Patch(files=files, written=draft.written, refused=draft.refused)


def _reword(group: Sequence[Change], draft: _Draft, library: Library) -> None:
    """Put the new texts of one function into its docstring, or where that is impossible beside it."""
    wanted: dict[str, list[Change]] = {}
    for change in group:
        assert isinstance(change.spot, FunctionDocs)
        alike = wanted.setdefault(change.spot.place.parameter, [])
        if alike and alike[0].text != change.text:
            reason = f"ambiguous: {alike[0].component} has another text at the same place"
            draft.refused[change.component] = reason
        else:
            alike.append(change)
    spot = group[0].spot
    assert isinstance(spot, FunctionDocs)
    texts = {key: alike[0].text for key, alike in wanted.items()}
    beside = next((each.otherwise for each in group if each.otherwise is not None), None)
    other = None if beside is None else described(beside, library)
    rewording = reworded(spot.node, texts, spot.place.read, spot.file, alone=not isinstance(other, Added))
    if rewording.written is not None:
        taken = [change.component for key in rewording.taken for change in wanted[key]]
        draft.put(taken, [(spot.file, rewording.written.replacement)])
    for key, alike in wanted.items():
        if key not in rewording.taken:
            _put_beside(alike, draft, other if key == "" else None)


def _put_beside(alike: Sequence[Change], draft: _Draft, other: Added | Nowhere | None) -> None:
    """Put a text that a docstring cannot hold where the function is made a tool."""
    components = [each.component for each in alike]
    if not isinstance(other, Added):
        draft.refused.update(dict.fromkeys(components, _NOT_IN_A_DOCSTRING))
    else:
        draft.put(components, other.replacements(alike[0].text))


def _refusal(change: Change) -> str:
    return f"{change.spot.what} cannot hold this text such that it is read back exactly"


def _overlap(one: Replacement, other: Replacement) -> bool:
    return (one.start < other.end and other.start < one.end) or one.start == other.start
