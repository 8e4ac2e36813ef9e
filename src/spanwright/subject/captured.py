"""What code prints while it is evaluated, kept apart for each evaluation and away from everybody else.

`sys.stdout` and `sys.stderr` are replaced while a run lasts by streams that ask the context who is writing: an
evaluation's words go to its own buffer, those of everyone else where they always went. The context follows `await` and
the worker threads that we start; threads and processes that user code starts itself are not heard.
"""

import io
import sys
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO

LONGEST = 10_000
"""Characters that are kept of one evaluation: the first and the last of them."""


class Captured:
    """The words of one evaluation, its middle left out where it is long."""

    def __init__(self, longest: int = LONGEST) -> None:
        self._half = longest // 2
        self._head = ""
        self._tail = ""
        self._dropped = 0

    def write(self, text: str) -> int:
        """Keep a text."""
        room = self._half - len(self._head)
        self._head += text[:room]
        self._tail += text[room:] if room < len(text) else ""
        over = len(self._tail) - self._half
        if over > 0:
            self._tail = self._tail[over:]
            self._dropped += over
        return len(text)

    @property
    def text(self) -> str:
        """What was written."""
        gap = f"\n[... {self._dropped} characters ...]\n" if self._dropped else ""
        return f"{self._head}{gap}{self._tail}".strip()


_into: ContextVar[Captured | None] = ContextVar("spanwright_captured", default=None)


class _Parting(io.TextIOBase):
    """A stream that sends the words of an evaluation to its buffer, and all others on."""

    def __init__(self, onward: TextIO) -> None:
        self.onward = onward

    def write(self, text: str, /) -> int:
        into = _into.get()
        return self.onward.write(text) if into is None else into.write(text)

    def flush(self) -> None:
        if _into.get() is None:
            self.onward.flush()

    def isatty(self) -> bool:
        return _into.get() is None and self.onward.isatty()

    def fileno(self) -> int:
        return self.onward.fileno()

    def writable(self) -> bool:
        return True

    @property
    def encoding(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.onward.encoding


@contextmanager
def parted_streams() -> Generator[None]:
    """Let `capturing` hear what is printed until the block is left."""
    out, err = _Parting(sys.stdout), _Parting(sys.stderr)
    sys.stdout, sys.stderr = out, err
    try:
        yield
    finally:
        # Somebody may have put a stream of theirs in front meanwhile; then ours stays behind it, and passes all on.
        if sys.stdout is out:
            sys.stdout = out.onward
        if sys.stderr is err:
            sys.stderr = err.onward


@contextmanager
def capturing() -> Generator[Captured]:
    """Keep what this context prints, in this task and in the worker threads that it awaits."""
    captured = Captured()
    token = _into.set(captured)
    try:
        yield captured
    finally:
        _into.reset(token)
