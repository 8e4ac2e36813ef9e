"""A repository: its files as texts, and how its tests and its commands are run, in the sandbox.

Test results are a function of the files: those of one state are worked out once. Tests that are flaky are no judges.
"""

import os
import re
import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import lru_cache
from hashlib import blake2b
from importlib.resources import files as resources
from pathlib import Path, PurePosixPath
from typing import Literal, TypeAlias

from pydantic import BaseModel, ValidationError

from spanwright import UsageError
from spanwright.sandbox import Ending, Limits, Ran, Sandbox, obstacle

Runner: TypeAlias = Literal["unittest", "pytest"]
Files: TypeAlias = Mapping[str, str]

_LARGEST = 200_000
"""Bytes above which a file is data that nobody edits, and is left out."""
_STATES = 512
"""States whose results are kept: many works on a task come to the same."""
_CANARY = """\
import unittest


class Canary(unittest.TestCase):
    def test_that_always_fails(self):
        self.fail("as it must")
"""


class Tested(BaseModel):
    """Which tests passed, and what the others said."""

    passed: frozenset[str] = frozenset()
    failed: dict[str, str] = {}
    broken: str = ""
    """Why there are no results, where there are none that can be trusted."""


class Shown(BaseModel):
    """What a command came to."""

    code: int
    printed: str
    changed: dict[str, str] = {}
    removed: list[str] = []


class _Came(BaseModel):
    code: int
    changed: dict[str, str]
    removed: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository as an agent's copies begin: `Repository(files=files_of("."), tests="tests/test_*.py")`.

    Raises UsageError for one without tests, and where there is no sandbox, before anything is paid for.
    """

    files: Files = field(repr=False)
    """Texts by their paths, which have slashes on every system."""
    tests: str
    """Where its tests are, as a folder and a pattern: "tests/test_*.py". Folders below it count."""
    command: str = "python -m unittest"
    """How people run them. It is told with the verdict."""
    runner: Runner = "unittest"
    """What runs them here. pytest has to be installed beside us."""
    path: Sequence[str] = ()
    """Folders from which modules are imported, beside the root: ["src"]."""
    guarded: Sequence[str] = ("conftest.py", "*/conftest.py", "pytest.ini", "tox.ini")
    """Patterns of further files that decide how tests run: a verdict takes the original ones."""
    limits: Limits = field(default_factory=lambda: Limits(seconds=60.0))
    without_sandbox: bool = False
    """For a machine that has none, and an agent that you trust with it."""
    _once: Callable[[str, tuple[tuple[str, str], ...]], Tested] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        folder, _, pattern = self.tests.rpartition("/")
        if not folder or "*" not in pattern or "*" in folder:
            raise UsageError(f"tests={self.tests!r} is no folder with a pattern", 'Say it as "tests/test_*.py"')
        if not any(path.startswith(f"{folder}/") and fnmatch(PurePosixPath(path).name, pattern) for path in self.files):
            raise UsageError(f"the repository has no tests at {self.tests}", "Give the folder and pattern of its tests")
        if not self.without_sandbox and (why := obstacle()):
            raise UsageError(
                f"a repository's code needs a sandbox, and there is none here: {why}",
                "Install bubblewrap and allow user namespaces; or say without_sandbox=True for an agent that you trust",
            )

        def once(canary: str, files: tuple[tuple[str, str], ...]) -> Tested:
            return self._tested(dict(files), canary)

        object.__setattr__(self, "_once", lru_cache(maxsize=_STATES)(once))

    def is_guarded(self, path: str) -> bool:
        """Say whether a verdict takes a file as it was, whatever became of it in a copy."""
        folder = f"{self.tests.rpartition('/')[0]}/"
        return path.startswith(folder) or any(fnmatch(path, each) for each in self.guarded)

    def tested(self, files: Files, hidden: Files | None = None) -> Tested:
        """Run the tests, these and hidden ones, on files; whatever the files have in place of tests does not count.

        It blocks until they have ended: call it from a worker thread.
        """
        if out := [path for path in (*files, *(hidden or {})) if leads_out(path)]:
            return Tested(broken=f"{out[0]!r} is outside of the repository")
        laid = {path: text for path, text in files.items() if not self.is_guarded(path)}
        laid |= {path: text for path, text in self.files.items() if self.is_guarded(path)}
        laid |= hidden or {}
        folder, _, pattern = self.tests.rpartition("/")
        digest = blake2b(repr(sorted(laid.items())).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        canary = f"{folder}/{pattern.replace('*', digest)}"
        return self._once(canary, tuple(sorted({**laid, canary: _CANARY}.items())))

    def run(self, files: Files, command: str) -> Shown:
        """Run a Python command on files. Whatever else stands in a command line is answered as a shell would."""
        words = _words(command)
        if words is None:
            named = command.split(maxsplit=1)[0] if command.split() else ""
            return Shown(code=127, printed=f"sh: {named}: not found (there is `python`, one command at a time)")
        ran = self._ran("run_command", files, words)
        if ran.ending is not Ending.DONE:
            return Shown(code=1, printed="\n".join(filter(None, (ran.printed, str(ran.ending), ran.error))))
        came = _Came.model_validate(ran.value)
        return Shown(code=came.code, printed=ran.printed, changed=came.changed, removed=came.removed)

    def _tested(self, files: Files, canary: str) -> Tested:
        folder, _, pattern = self.tests.rpartition("/")
        ran = self._ran(f"run_{self.runner}", files, folder, pattern)
        if ran.ending is not Ending.DONE:
            return Tested(broken=f"the tests did not come to an end: {ran.ending}: {ran.error}")
        try:
            found = Tested.model_validate(ran.value)
        except ValidationError:
            return Tested(broken="what came in place of results is none")
        name = PurePosixPath(canary).stem
        caught = [each for each in found.failed if name in each]
        if not caught:
            return Tested(broken="a test that always fails was not reported as failed, so the results prove nothing")
        return Tested(passed=found.passed, failed={id: said for id, said in found.failed.items() if id not in caught})

    def _ran(self, call: str, files: Files, *arguments: object) -> Ran:
        place = Sandbox(limits=self.limits, without_sandbox=self.without_sandbox)
        return place.run(_inside(), call=call, arguments=[dict(files), list(self.path), *arguments])


def leads_out(path: str) -> bool:
    """Say whether a path is none inside of a repository."""
    pure = PurePosixPath(path.replace("\\", "/").strip())
    return (
        pure.is_absolute() or ".." in pure.parts or "\0" in path or re.match(r"[A-Za-z]:|~", path.strip()) is not None
    )


def files_of(folder: str | os.PathLike[str]) -> Files:
    """Read the texts of a folder: what git knows where it is a checkout, else all that is not hidden.

    Large files, links and what is no text are left out. Raises UsageError for no folder.
    """
    root = Path(folder)
    if not root.is_dir():
        raise UsageError(f"{folder} is no folder", "Give the folder of a repository")
    return {path.as_posix(): text for path in _paths(root) if (text := _text(root / path)) is not None}


def _words(command: str) -> list[str] | None:
    """Return what follows `python` in a command line; None for another command."""
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    if len(words) < 2 or not fnmatch(words[0], "python*") or any(each in ("&&", "||", ";", "|", ">") for each in words):
        return None
    script = not words[1].startswith("-")
    return words[1:] if script or (words[1] == "-m" and len(words) > 2) else None


def _inside() -> str:
    return resources("spanwright_evaluators.repository").joinpath("inside.py").read_text(encoding="utf-8")


def _paths(root: Path) -> Sequence[PurePosixPath]:
    if (root / ".git").exists():
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        try:
            listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)  # noqa: S603
        except (OSError, subprocess.CalledProcessError) as error:
            raise UsageError(f"git does not list the files of {root}: {error}", "Check that git works there") from error
        return [PurePosixPath(name) for name in sorted(listed.stdout.split("\0")) if name]
    found = (PurePosixPath(path.relative_to(root).as_posix()) for path in sorted(root.rglob("*")))
    return [path for path in found if not any(part.startswith(".") or part == "__pycache__" for part in path.parts)]


def _text(path: Path) -> str | None:
    """Return a file's text; None for what is none, or too large."""
    if not path.is_file() or path.is_symlink() or path.stat().st_size > _LARGEST:
        return None
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return None
