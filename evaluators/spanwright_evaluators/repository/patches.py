"""Unified diffs, as git writes them: made of two states of some files, applied, and turned around.

They are applied strictly: a hunk fits where it says, or the patch is refused. Binary files and copies are
refused; modes are not for here.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff

from spanwright import UsageError

_NOWHERE = "/dev/null"
_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_SECTION = re.compile(r"^diff --git a/(.*) b/(.*)$")
_REFUSED = ("Binary files ", "GIT binary patch", "copy ")
_NO_NEWLINE = "\\ No newline at end of file"


class PatchFailed(UsageError):
    """A patch does not fit the files."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"the patch of {path} does not fit: {why}", "Make it anew from the files as they are")


@dataclass(frozen=True, slots=True)
class _Hunk:
    start: int
    """The line of the old file at which it begins, from 0."""
    lines: tuple[str, ...]
    """With their signs and line ends."""


@dataclass(frozen=True, slots=True)
class _Change:
    before: str
    after: str
    hunks: tuple[_Hunk, ...]


def diff(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Return what changes some files into others."""
    changed = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
    # git takes a section without lines for the head of what follows, if that has none.
    empty = [path for path in changed if not before.get(path) and not after.get(path)]
    texts = [_changed(path, before.get(path), after.get(path)) for path in changed if path not in empty]
    return "".join([*texts, *(_of_nothing(path, made=path in after) for path in empty)])


def _changed(path: str, before: str | None, after: str | None) -> str:
    old, new = (_NOWHERE if before is None else f"a/{path}"), (_NOWHERE if after is None else f"b/{path}")
    return "".join(_ended(line) for line in unified_diff(_lines(before or ""), _lines(after or ""), old, new))


def _of_nothing(path: str, *, made: bool) -> str:
    """Return the patch that makes an empty file, or takes it away."""
    return f"diff --git a/{path} b/{path}\n{'new' if made else 'deleted'} file mode 100644\n"


def _lines(text: str) -> list[str]:
    """Return lines with their ends. Lines end where git's do, and a form feed stands within one."""
    *whole, rest = text.split("\n")
    return [*(f"{line}\n" for line in whole), *([rest] if rest else [])]


def patched(files: Mapping[str, str], patch: str) -> Mapping[str, str]:
    """Return files with a patch applied. Raises PatchFailed where it does not fit."""
    made = dict(files)
    for change in _changes(patch):
        old, new = change.before, change.after
        if old != _NOWHERE and old not in made:
            raise PatchFailed(old, "there is no such file")
        if old == _NOWHERE and new in made:
            raise PatchFailed(new, "it is there already")
        text = _with_hunks(old if new == _NOWHERE else new, made.pop(old, ""), change.hunks)
        if new == _NOWHERE and text:
            raise PatchFailed(old, "it takes the file away, and not all of its lines")
        if new != _NOWHERE:
            made[new] = text
    return made


def reverse(patch: str) -> str:
    """Return the patch that undoes one."""
    turned: list[str] = []
    empty: list[str] = []
    for change in _changes(patch):
        before = _NOWHERE if change.after == _NOWHERE else f"a/{change.after}"
        after = _NOWHERE if change.before == _NOWHERE else f"b/{change.before}"
        if not change.hunks and _NOWHERE in (before, after):
            made = before == _NOWHERE
            empty.append(_of_nothing(change.before if made else change.after, made=made))
            continue
        turned += [f"--- {before}\n", f"+++ {after}\n"]
        gained = 0
        for hunk in change.hunks:
            lines = [_turned(line) for line in hunk.lines]
            old, new = (sum(line[0] in signs for line in lines) for signs in (" -", " +"))
            start = hunk.start + gained
            gained += old - new
            turned.append(
                f"@@ -{start + bool(old)},{old} +{hunk.start + bool(new)},{new} @@\n",
            )
            turned += [_ended(line) for line in lines]
    return "".join([*turned, *empty])


def _turned(line: str) -> str:
    return {"+": "-", "-": "+"}.get(line[0], line[0]) + line[1:]


def _ended(line: str) -> str:
    """Return a line of a patch, with git's mark where the file does not end with a line end."""
    return line if line.endswith("\n") else f"{line}\n{_NO_NEWLINE}\n"


def _with_hunks(path: str, text: str, hunks: Sequence[_Hunk]) -> str:
    lines = _lines(text)
    made: list[str] = []
    at = 0
    for hunk in hunks:
        old = [line[1:] for line in hunk.lines if line[0] in " -"]
        if not at <= hunk.start <= len(lines) or lines[hunk.start : hunk.start + len(old)] != old:
            raise PatchFailed(path, f"line {hunk.start + 1} and those after it are not what it changes")
        made += [*lines[at : hunk.start], *(line[1:] for line in hunk.lines if line[0] in " +")]
        at = hunk.start + len(old)
    return "".join([*made, *lines[at:]])


def _changes(patch: str) -> Iterator[_Change]:
    lines = _lines(patch)
    at = 0
    while at < len(lines):
        if section := _SECTION.match(lines[at]):
            change, at = _section(section, lines, at + 1)
            if change is not None:
                yield change
            continue
        if not lines[at].startswith("--- ") or at + 1 == len(lines) or not lines[at + 1].startswith("+++ "):
            at += 1
            continue
        before, after = (_path(line) for line in lines[at : at + 2])
        hunks, at = _hunks(after if after != _NOWHERE else before, lines, at + 2)
        yield _Change(before, after, hunks)


def _section(section: re.Match[str], lines: Sequence[str], at: int) -> tuple[_Change | None, int]:
    """Return what git says of a file before its lines, if it has none, and the line after that."""
    path, change = section[2], None
    while at < len(lines) and not lines[at].startswith(("--- ", "diff --git ")):
        if lines[at].startswith(_REFUSED):
            raise PatchFailed(path, f"it has {lines[at].strip()!r}, and only lines can be changed")
        if lines[at].startswith("new file mode "):
            change = _Change(_NOWHERE, path, ())
        if lines[at].startswith("deleted file mode "):
            change = _Change(path, _NOWHERE, ())
        if lines[at].startswith("rename to "):
            change = _Change(section[1], path, ())
        at += 1
    told = {_path(line) for line in lines[at : at + 2] if not line.startswith("diff --git ")}
    return (None if path in told else change), at


def _hunks(path: str, lines: Sequence[str], at: int) -> tuple[tuple[_Hunk, ...], int]:
    """Return the hunks that begin at a line, and the line after them."""
    hunks: list[_Hunk] = []
    while at < len(lines) and (head := _HUNK.match(lines[at])):
        left = [int(head[2] or 1), int(head[4] or 1)]
        start = int(head[1]) - (1 if left[0] else 0)
        found: list[str] = []
        at += 1
        while any(left) or (at < len(lines) and lines[at].startswith("\\")):
            if at == len(lines):
                raise PatchFailed(path, "it ends in the middle")
            line = lines[at]
            at += 1
            if line.startswith("\\") and found:
                found[-1] = found[-1].removesuffix("\n")
                continue
            line = line if line[0] in " +-" else f" {line}"  # an empty line that lost its blank on the way
            left = [left[0] - (line[0] in " -"), left[1] - (line[0] in " +")]
            found.append(line)
        if at < len(lines) and (lines[at][0] == "+" or (lines[at][0] == " " and lines[at].strip())):
            raise PatchFailed(path, f"a hunk has more lines than the {head[0]!r} above it says")
        hunks.append(_Hunk(start, tuple(found)))
    return tuple(hunks), at


def _path(line: str) -> str:
    named = line[4:].split("\t", maxsplit=1)[0].strip()
    return named if named == _NOWHERE else re.sub(r"^[ab]/", "", named)
