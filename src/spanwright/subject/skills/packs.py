"""`skills`: a folder of skill packs as pydantic-ai's own deferred capabilities, which an agent loads as it needs them.

A pack is a folder with a `SKILL.md`. Nothing else in it is read: scripts and references are the agent's tools' affair.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from os import PathLike
from pathlib import Path
from typing import Any, cast

from pydantic_ai.agent import AbstractAgent
from pydantic_ai.capabilities import AbstractCapability, Capability, CombinedCapability

from spanwright.errors import UsageError
from spanwright.subject.skills.skill_file import FILE, SkillFile

_instead: ContextVar[Mapping[Path, bytes] | None] = ContextVar("spanwright_instead", default=None)
"""Contents that files are read as having, while it is tried what a patch would lead to."""


class Pack(Capability[Any]):
    """One skill: its description is in the list that the agent sees, its body comes when it is loaded."""

    def __init__(self, file: SkillFile) -> None:
        super().__init__(id=file.name, description=file.description, instructions=file.body or None, defer_loading=True)
        self.file = file


def skills(folder: str | PathLike[str], *, only: Sequence[str] | None = None) -> AbstractCapability[object]:
    """Return the skill packs of a folder as a capability: `Agent(..., capabilities=[skills("skills")])`.

    Each `NAME/SKILL.md` in the folder, read now, is a skill in Anthropic's Agent Skills format. The agent sees names
    and descriptions, and reads a body when it calls `load_capability`. Descriptions and bodies are components,
    `agent/skill:NAME` and `agent/skill:NAME/body`, and `spanwright apply` writes a winner's back into the files.
    `only` names those to take.

    Raises UsageError for a folder without packs, a file that is no skill, and a name that no pack has.
    """
    found = {path.parent.name: path for path in sorted(Path(folder).resolve().glob(f"*/{FILE}"))}
    if not found:
        raise UsageError(f"there is no skill in {folder}", f"Give a folder that has folders with a {FILE}")
    if isinstance(only, str):
        raise UsageError(f"only={only!r} is one text", f"Give several: only=[{only!r}]")
    if unknown := [name for name in only or () if name not in found]:
        raise UsageError(f"{folder} has no skill {unknown[0]!r}", f"It has: {', '.join(found)}")
    chosen = found if only is None else {name: path for name, path in found.items() if name in only}
    return CombinedCapability([Pack(SkillFile.read(path, _content(path))) for path in chosen.values()])


def packs_of(agent: AbstractAgent[Any, Any]) -> Mapping[str, SkillFile]:
    """Return the files of an agent's skill packs by the names of the skills."""
    found: list[AbstractCapability[Any]] = []
    root = getattr(agent, "root_capability", None)
    if isinstance(root, AbstractCapability):
        cast("AbstractCapability[Any]", root).apply(found.append)
    return {each.file.name: each.file for each in found if isinstance(each, Pack)}


@contextmanager
def instead_of_files(contents: Mapping[Path, bytes]) -> Generator[None]:
    """Read packs inside the block as if their files had another content."""
    token = _instead.set(contents)
    try:
        yield
    finally:
        _instead.reset(token)


def _content(path: Path) -> bytes:
    instead = _instead.get()
    if instead is not None and path in instead:
        return instead[path]
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", "Check its permissions") from error
