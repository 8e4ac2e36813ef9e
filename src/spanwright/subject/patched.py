"""What writing back comes to: a patch of the user's source, and what stays out of it. Values, which need no parser."""

import json
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from io import BytesIO
from pathlib import Path

from spanwright.core.candidate import ComponentId


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


def _lines(path: Path, content: bytes) -> Sequence[str]:
    encoding = tokenize.detect_encoding(BytesIO(content).readline)[0] if path.suffix == ".py" else "utf-8"
    return content.decode(encoding).replace("\r\n", "\n").splitlines(keepends=True)


def _terminated(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _shown(path: Path) -> str:
    """Return a path as a person would say it where he stands."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path).lstrip("/")
