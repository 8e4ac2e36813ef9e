"""New texts into the files of skill packs: each file with its new description and body, all else as it was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spanwright.core.candidate import Component, ComponentId, Kind
from spanwright.source import Nowhere
from spanwright.subject.own_files import is_own
from spanwright.subject.skills import SkillFile

_UNWRITABLE = "its file cannot hold this text such that it is read back exactly"


@dataclass(frozen=True, slots=True, kw_only=True)
class InPack:
    """Where a skill's text is written."""

    file: SkillFile
    body: bool

    @property
    def line(self) -> int:
        """The line on which it begins."""
        return self.file.line(body=self.body)

    @property
    def what(self) -> str:
        """What it is."""
        return f"{'body' if self.body else 'description'} of the skill {self.file.name}"


@dataclass(slots=True)
class PackPatch:
    """Files with new content."""

    before: dict[Path, bytes] = field(default_factory=dict[Path, bytes])
    after: dict[Path, bytes] = field(default_factory=dict[Path, bytes])
    written: dict[Path, Sequence[ComponentId]] = field(default_factory=dict[Path, Sequence[ComponentId]])
    refused: dict[ComponentId, str] = field(default_factory=dict[ComponentId, str])


def in_pack(component: Component, packs: Mapping[str, SkillFile]) -> InPack | Nowhere | None:
    """Return where a skill's text is written; None where it is in no pack of the agent's."""
    file = packs.get(component.id.partition("/skill:")[2].removesuffix("/body"))
    if component.kind not in (Kind.SKILL, Kind.SKILL_BODY) or file is None:
        return None
    if not is_own(file.path):
        return Nowhere(reason=f"{file.path.name} of the skill {file.name} is no file of yours")
    return InPack(file=file, body=component.kind is Kind.SKILL_BODY)


def patched(changes: Mapping[ComponentId, tuple[InPack, str]]) -> PackPatch:
    """Return the files of packs with new texts. Each text is refused for itself, if it is one."""
    made = PackPatch()
    by_file: dict[Path, dict[ComponentId, tuple[InPack, str]]] = {}
    for id, (spot, text) in changes.items():
        by_file.setdefault(spot.file.path, {})[id] = (spot, text)
    for path, mine in by_file.items():
        file = next(iter(mine.values()))[0].file
        written: list[ComponentId] = []
        content, description, body = file.content, file.description, file.body
        for id, (spot, text) in mine.items():
            new = (description, text) if spot.body else (text, body)
            attempt = file.rewritten(*new)
            if attempt is None:
                made.refused[id] = _UNWRITABLE
                continue
            content, (description, body) = attempt, new
            written.append(id)
        if written:
            made.before[path], made.after[path], made.written[path] = file.content, content, tuple(written)
    return made
