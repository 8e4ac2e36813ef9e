"""New texts in, new files out: each text at its place, all else as it was; of what could not be written, the reason."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import libcst as cst

from spanwright.core.candidate import ComponentId
from spanwright.source.files import Replacement, SourceFile
from spanwright.source.finding import described
from spanwright.source.library import Library
from spanwright.source.places import InRegistration
from spanwright.source.spots import Added, FunctionDocs, Spot
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

    def put(self, components: Iterable[ComponentId], new: Sequence[Replacement], file: SourceFile) -> None:
        known = self.replacements.setdefault(file, [])
        fresh = [each for each in new if each not in known]
        if any(_overlap(each, other) for each in fresh for other in known):
            self.refused.update(dict.fromkeys(components, "ambiguous: another component's text stands at its place"))
            return
        known.extend(fresh)
        self.written.setdefault(file.path, []).extend(components)


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
            draft.put([change.component], new, change.spot.file)
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
    rewording = reworded(spot.node, texts, spot.place.read, spot.file)
    if rewording.written is not None:
        taken = [change.component for key in rewording.taken for change in wanted[key]]
        draft.put(taken, [rewording.written.replacement], spot.file)
    for key, alike in wanted.items():
        if key not in rewording.taken:
            _put_beside(alike, draft, library)


def _put_beside(alike: Sequence[Change], draft: _Draft, library: Library) -> None:
    """Put a text that a docstring cannot hold where the function is made a tool."""
    change = alike[0]
    other = None if change.otherwise is None else described(change.otherwise, library)
    new = other.replacements(change.text) if isinstance(other, Added) else None
    components = [each.component for each in alike]
    if new is None or not isinstance(other, Added):
        draft.refused.update(dict.fromkeys(components, _NOT_IN_A_DOCSTRING))
    else:
        draft.put(components, new, other.file)


def _refusal(change: Change) -> str:
    return f"{change.spot.what} cannot hold this text such that it is read back exactly"


def _overlap(one: Replacement, other: Replacement) -> bool:
    return (one.start < other.end and other.start < one.end) or one.start == other.start
