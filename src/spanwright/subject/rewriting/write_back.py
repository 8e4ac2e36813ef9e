"""A winner's texts back into the user's source: a patch that was read back before anybody sees it.

The source has to say what the run began with, or nothing is written. What cannot be written, or would not be read back
exactly, or would change another agent's texts, too, is listed with its reason.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import unified_diff
from pathlib import Path

from spanwright.core.candidate import ComponentId
from spanwright.errors import UsageError
from spanwright.source import SourceFile
from spanwright.subject.nearest import nearest
from spanwright.subject.rewriting.apart import Ask, ask
from spanwright.subject.rewriting.formatting import formatted
from spanwright.subject.rewriting.planning import Answer, Question
from spanwright.subject.rewriting.reach import Reach
from spanwright.subject.rewriting.workspace import replace_file

_ROUNDS = 6
_ABSENT = "its agent is not among those that were handed over"
_MISREAD = "after the patch it would not be read back exactly"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePatch:
    """What changes in one file."""

    path: Path
    components: tuple[ComponentId, ...]
    """Those whose texts are written here."""
    before: bytes = field(repr=False)
    after: bytes = field(repr=False)

    @property
    def diff(self) -> str:
        """The change as a unified diff."""
        name = _shown(self.path)
        old, new = _lines(self.path, self.before), _lines(self.path, self.after)
        return "".join(_terminated(unified_diff(old, new, f"a/{name}", f"b/{name}")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwritable:
    """A component whose text stays out of the source, and why."""

    component: ComponentId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteBack:
    """A patch of the user's source, and what it leaves out."""

    patches: tuple[FilePatch, ...]
    unwritable: tuple[Unwritable, ...]
    written: bool = False
    """Whether the files have it."""
    already: tuple[ComponentId, ...] = ()
    """Components whose texts the source had before."""
    remarks: tuple[str, ...] = ()
    """What else is to be done."""

    @property
    def diff(self) -> str:
        """The whole patch as one unified diff."""
        return "".join(patch.diff for patch in self.patches)

    @property
    def components(self) -> tuple[ComponentId, ...]:
        """All components whose texts are in the patch."""
        return tuple(sorted({id for patch in self.patches for id in patch.components}))

    def to_json(self) -> str:
        """Return it as one JSON object, for programs."""
        record = {
            "written": self.written,
            "components": list(self.components),
            "already": list(self.already),
            "remarks": list(self.remarks),
            "files": [
                {"path": str(patch.path), "components": list(patch.components), "diff": patch.diff}
                for patch in self.patches
            ],
            "unwritable": [{"component": each.component, "reason": each.reason} for each in self.unwritable],
        }
        return json.dumps(record, ensure_ascii=False)


def write_back(
    reach: Reach,
    seed: Mapping[ComponentId, str],
    winner: Mapping[ComponentId, str],
    *,
    write: bool = False,
    asking: Ask = ask,
) -> WriteBack:
    """Return the patch that puts a winner's texts where the seed's are, and with `write` apply it.

    Raises UsageError where the source does not say what the seed says, or cannot be imported.
    """
    if winner == seed:
        return WriteBack(patches=(), unwritable=())
    question = Question(reach=reach, winner=winner)
    planned = asking(question)
    _check(planned, seed, winner)
    already = tuple(sorted(id for id in winner if planned.texts.get(id) == winner[id] != seed.get(id)))
    for _ in range(_ROUNDS):
        contents = {path: formatted(Path(path), planned.before[path], after) for path, after in planned.after.items()}
        misread = _misread(planned, contents, winner, reach, asking)
        if not misread:
            break
        question = replace(question, refused={**question.refused, **misread})
        planned = asking(question)
    else:
        raise UsageError("no patch was found that is read back exactly", "Deploy the champion file instead")
    patches = tuple(
        FilePatch(
            path=Path(path),
            components=tuple(sorted(planned.written[path])),
            before=planned.before[path],
            after=content,
        )
        for path, content in sorted(contents.items())
    )
    absent = {id: _ABSENT for id, text in winner.items() if id not in planned.texts and text != seed.get(id)}
    refused = sorted({**absent, **planned.refused}.items())
    unwritable = tuple(Unwritable(component=id, reason=why) for id, why in refused)
    found = WriteBack(patches=patches, unwritable=unwritable, already=already, remarks=tuple(_remarks(planned)))
    return apply(found) if write else found


def apply(found: WriteBack) -> WriteBack:
    """Write a patch into its files. Raises UsageError where one of them changed since, before any is written."""
    for patch in found.patches:
        if not patch.path.exists() or patch.path.read_bytes() != patch.before:
            raise UsageError(f"{patch.path} changed while the patch was made", "Look at the change, and apply again")
    for patch in found.patches:
        replace_file(patch.path, patch.before, patch.after)
    return replace(found, written=bool(found.patches))


def _check(planned: Answer, seed: Mapping[ComponentId, str], winner: Mapping[ComponentId, str]) -> None:
    """Raise UsageError where the source is not what the run began with."""
    named = {_agent(id) for id in planned.texts}
    mine = {id: text for id, text in seed.items() if _agent(id) in named}
    missing = sorted(id for id in mine if id not in planned.texts) if mine else sorted(seed)
    if missing:
        likely = nearest(missing[0], [id for id in planned.texts if id not in seed])
        hint = f" (is it {likely!r} now?)" if likely else ""
        told = ", ".join(map(repr, missing))
        raise UsageError(f"the source has no {told} any more{hint}", "It changed since the run: optimize anew")
    shown = {**planned.texts, **planned.worn}
    differing = sorted(id for id in mine if shown[id] != seed[id] and planned.texts[id] != winner.get(id))
    if differing:
        raise UsageError(
            f"the source changed since the run began: {', '.join(differing)}",
            "Restore these texts, or optimize what is there now",
        )


def _agent(id: ComponentId) -> str:
    return id.partition("/")[0]


def _remarks(planned: Answer) -> Iterator[str]:
    if planned.worn:
        names = ", ".join(sorted({_agent(id) for id in planned.worn}))
        yield f"{names}: a champion's texts are worn over those in the source; drop champion= when the patch is in"


def _misread(
    planned: Answer, contents: Mapping[str, bytes], winner: Mapping[ComponentId, str], reach: Reach, asking: Ask
) -> Mapping[ComponentId, str]:
    """Return the components of a patch that go wrong when the patched files are imported, and how."""
    written = {id for components in planned.written.values() for id in components}
    if not contents:
        return {}
    try:
        found = asking(Question(reach=reach, files=contents))
    except UsageError as error:
        return dict.fromkeys(written, f"the patched source cannot be imported: {error.what.splitlines()[-1]}")
    wanted = {**planned.texts, **{id: winner[id] for id in written}}
    wrong = {id: _MISREAD for id in written if found.texts.get(id) != wanted[id]}
    strays = [text for id, text in found.texts.items() if id not in written and text != wanted.get(id)]
    blamed: dict[ComponentId, str] = {}
    for id in sorted(written):
        if winner[id] in strays:
            blamed[id] = "another component's text is written at the same place"
    for name, texts in planned.others.items():
        now = found.others.get(name, {})
        differing = {id for id in texts.keys() | now.keys() if texts.get(id) != now.get(id)}
        if differing:
            theirs = {now.get(id) for id in differing}
            guilty = [id for id in written if winner[id] in theirs] or list(written)
            blamed.update(dict.fromkeys(guilty, f"the agent {name} has its text from the same place"))
    if strays and not blamed and not wrong:
        blamed = dict.fromkeys(written, "the patch would change other texts of the agent, too")
    return {**blamed, **wrong}


def _lines(path: Path, content: bytes) -> Sequence[str]:
    file = SourceFile(path=path, name="", content=content)
    return content.decode(file.tree.encoding).replace("\r\n", "\n").splitlines(keepends=True)


def _terminated(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _shown(path: Path) -> str:
    """Return a path as a person would say it where he stands."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path).lstrip("/")
