"""A process of its own that imports the user's modules as they are on the disk, or as they would be: `ask` it.

What was imported before, hours ago perhaps, says nothing about the files of now; and what a patch leads to is only
known when the patched modules were imported.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import anyio
from pydantic import ConfigDict, TypeAdapter

from spanwright.errors import UsageError
from spanwright.subject.rewriting.planning import Answer, Question, answer

Ask: TypeAlias = Callable[[Question], Answer]

_PATIENCE = 300.0
"""Seconds that the user's modules may take to be imported."""
_FAILED = 3
_TOLD = 12
"""Lines of an error that are worth repeating."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    question: Question
    path: Sequence[str]


_CONFIG = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")


@dataclass(frozen=True, slots=True)
class _Refusal:
    what: str
    remedy: str


class _Adapters:
    """How questions and answers are written down."""

    request: TypeAdapter[_Request] = TypeAdapter(_Request)
    answer: TypeAdapter[Answer] = TypeAdapter(Answer)
    refusal: TypeAdapter[_Refusal] = TypeAdapter(_Refusal)


def ask(question: Question) -> Answer:
    """Have a question answered in a process of its own. Raises UsageError where the modules cannot be imported."""
    with tempfile.TemporaryDirectory(prefix="spanwright-") as folder:
        asked, told = Path(folder, "question.json"), Path(folder, "answer.json")
        asked.write_bytes(_Adapters.request.dump_json(_Request(question=question, path=sys.path)))
        command = [sys.executable, "-m", "spanwright.subject.rewriting.apart", str(asked), str(told)]
        try:
            ended = subprocess.run(  # noqa: S603  (our own module, and files that we wrote)
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise UsageError(
                f"importing {question.reach.module} took longer than {_PATIENCE:.0f} s", "Keep work out of its import"
            ) from error
        if ended.returncode == _FAILED:
            refusal = _Adapters.refusal.validate_json(told.read_bytes())
            raise UsageError(refusal.what, refusal.remedy)
        if ended.returncode:
            lines = ended.stderr.decode(errors="replace").strip().splitlines()[-_TOLD:]
            raise UsageError(
                f"{question.reach.module} could not be imported in a process of its own:\n" + "\n".join(lines),
                "Make it importable from where you started",
            )
        return _Adapters.answer.validate_json(told.read_bytes())


def _main(asked: str, told: str) -> int:
    request = _Adapters.request.validate_json(Path(asked).read_bytes())
    sys.path[:] = request.path
    try:
        found = anyio.run(answer, request.question)
    except UsageError as error:
        Path(told).write_bytes(_Adapters.refusal.dump_json(_Refusal(error.what, error.remedy)))
        return _FAILED
    Path(told).write_bytes(_Adapters.answer.dump_json(found))
    return 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
