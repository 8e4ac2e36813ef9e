"""A working copy of a repository, in memory, and the tools with which an agent works on it.

A copy is a rollout's own: nothing of it touches a disk, but for the time that a command runs in the sandbox. So no path
leads out of it; one that looks as if it did is refused in words.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import Final

from anyio import to_thread
from pydantic_ai import ModelRetry, RunContext

from spanwright_evaluators.repository.repository import Repository, leads_out
from spanwright_evaluators.repository.tasks import Task

_LINES = 400
_HITS = 60
_PRINTED = 6_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What an agent leaves behind."""

    reply: str
    changed: Mapping[str, str]
    """New texts by path."""
    removed: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class WorkingCopy:
    """A copy that is worked on."""

    repository: Repository
    files: dict[str, str]
    began: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, repository: Repository, task: Task) -> "WorkingCopy":
        """Return a fresh copy, as the task begins."""
        began = task.begins(repository)
        return cls(repository=repository, files=dict(began), began=began)

    def work(self, reply: str) -> Work:
        """Return what was done to it."""
        changed = {path: text for path, text in self.files.items() if self.began.get(path) != text}
        return Work(reply=reply, changed=changed, removed=tuple(sorted(self.began.keys() - self.files.keys())))

    def text(self, path: str) -> str:
        """Return a file's text. Raises ModelRetry for none."""
        name = inside(path)
        if name not in self.files:
            near = [each for each in self.files if PurePosixPath(each).name == PurePosixPath(name).name]
            raise ModelRetry(f"there is no file {path!r}" + (f"; there is {', '.join(near)}" if near else ""))
        return self.files[name]


def inside(path: str) -> str:
    """Return a path as the copy's files have them. Raises ModelRetry for one that leads out of it."""
    if leads_out(path):
        raise ModelRetry(f"{path!r} is outside of the working copy: paths are relative to its root, without `..`")
    return str(PurePosixPath(path.replace("\\", "/").strip()))


async def list_files(ctx: RunContext[WorkingCopy], folder: str = ".") -> str:
    """List the files of a folder and of those below it.

    Args:
        folder: The folder, relative to the root.
    """
    name = inside(folder)
    found = [path for path in sorted(ctx.deps.files) if name == "." or path.startswith(f"{name}/")]
    return "\n".join(found[:_LINES]) or f"no files in {folder}"


async def read_file(ctx: RunContext[WorkingCopy], path: str, first_line: int = 1) -> str:
    """Read a file.

    Args:
        path: The file, relative to the root.
        first_line: Where to begin in a long file.
    """
    lines = ctx.deps.text(path).splitlines(keepends=True)
    start = max(first_line, 1) - 1
    more = len(lines) - start - _LINES
    return "".join(lines[start : start + _LINES]) + (f"[{more} more lines]" if more > 0 else "")


async def search(ctx: RunContext[WorkingCopy], text: str, files: str = "*") -> str:
    """Find the lines that contain a text.

    Args:
        text: The text, exactly as it stands there.
        files: A pattern of paths to look in, like *.py.
    """
    hits = [
        f"{path}:{number}: {line.strip()}"
        for path, content in sorted(ctx.deps.files.items())
        if fnmatch(path, files)
        for number, line in enumerate(content.splitlines(), 1)
        if text in line
    ]
    return "\n".join(hits[:_HITS]) or "nothing found"


async def edit_file(ctx: RunContext[WorkingCopy], path: str, old: str, new: str) -> str:
    """Replace a text in a file by another, or write a new file.

    Args:
        path: The file, relative to the root.
        old: What stands there now, exactly, and once in the file. Empty for a new file.
        new: What is to stand there instead.
    """
    copy, name = ctx.deps, inside(path)
    if not old:
        if copy.files.get(name):
            raise ModelRetry(f"{path!r} is there already: say in `old` what to replace in it")
        copy.files[name] = new
        return f"wrote {name}"
    text = copy.text(path)
    if text.count(old) != 1:
        raise ModelRetry(f"`old` stands {text.count(old)} times in {path}, and has to stand there once")
    copy.files[name] = text.replace(old, new)
    return f"edited {name}"


async def run(ctx: RunContext[WorkingCopy], command: str) -> str:
    """Run a Python command at the root of the working copy, and return what it prints.

    Args:
        command: The command, like `python -m unittest`.
    """
    copy = ctx.deps
    shown = await to_thread.run_sync(copy.repository.run, copy.files, command)
    copy.files.update(shown.changed)
    for path in shown.removed:
        copy.files.pop(path, None)
    printed = shown.printed
    if len(printed) > _PRINTED:
        printed = f"{printed[: _PRINTED // 2]}\n[...]\n{printed[-_PRINTED // 2 :]}"
    return f"{printed.strip()}\n(exit code {shown.code})".strip()


TOOLS: Final = (list_files, read_file, search, edit_file, run)
"""What a coding agent whose deps are a WorkingCopy works with."""
