"""The pipes of a process, read and written side by side until they end or a limit is passed.

Beside input, output and result there may be two more, on which the code asks functions of ours and is answered.
"""

import json
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import IO, TypeAlias, cast

from spanwright.sandbox.limits import Limits

_PIECE = 65_536
_READ = frozenset({"stdout", "result", "asked"})


class Ending(StrEnum):
    """How a call ended."""

    DONE = "done"
    RAISED = "raised"
    TIME = "time limit"
    MEMORY = "memory limit"
    OUTPUT = "output limit"
    RESULT = "result limit"
    CALLS = "call limit"
    CRASHED = "crashed"


class Refused(Exception):
    """A function of ours does not do what the code asks of it: it is told so, as a RuntimeError."""


Functions: TypeAlias = Mapping[str, Callable[..., object]]
"""What code may call by name. Arguments and answers are JSON."""


class _Passed(Exception):
    """A limit is passed."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending)
        self.ending = ending


@dataclass(slots=True)
class Offered:
    """Functions of ours, and the pipes on which the code asks them."""

    functions: Functions
    asked: int
    told: int
    calls: int = 0
    """How often it has asked."""
    seconds: float = 0.0
    """What our functions took: none of the code's time."""
    incoming: bytearray = field(default_factory=bytearray)
    outgoing: bytearray = field(default_factory=bytearray)

    def answer(self, limits: Limits) -> None:
        """Answer what was asked in whole lines. Raises what a function raises, but for Refused."""
        while (end := self.incoming.find(b"\n")) >= 0:
            line = bytes(self.incoming[:end])
            del self.incoming[: end + 1]
            self.calls += 1
            if self.calls > limits.calls:
                raise _Passed(Ending.CALLS)
            began = time.monotonic()
            self.outgoing += json.dumps(self._answered(line)).encode("utf-8", "surrogatepass") + b"\n"
            self.seconds += time.monotonic() - began
        if len(self.incoming) > limits.result:
            raise _Passed(Ending.RESULT)

    def _answered(self, line: bytes) -> Mapping[str, object]:
        try:
            asked: object = json.loads(line)
        except (ValueError, RecursionError):  # a thousand brackets are no JSON either
            return {"error": "what was asked is no JSON"}
        words = cast("Mapping[str, object]", asked if isinstance(asked, dict) else {})
        name, given = words.get("function"), words.get("arguments")
        if not isinstance(name, str) or name not in self.functions or not isinstance(given, list):
            return {"error": f"there is no function {name!r}"}
        try:
            return {"value": self.functions[name](*cast("list[object]", given))}
        except Refused as refusal:
            return {"error": str(refusal)}


@dataclass(slots=True)
class Heard:
    """What a process said until it ended, or was ended."""

    broken: Ending | None
    """The limit that was passed, or that it crashed; None where it gave a result."""
    printed: bytes
    answer: bytes
    seconds: float
    """From its start to its end, our own functions left out."""
    calls: int = 0


@dataclass(slots=True)
class Listening:
    """Feeds a process and hears it out."""

    process: "subprocess.Popen[bytes]"
    result: int
    limits: Limits
    offered: Offered | None = None
    _sent: int = 0
    _printed: bytearray = field(default_factory=bytearray)
    _answer: bytearray = field(default_factory=bytearray)

    def to_the_end(self, request: bytes) -> Heard:
        """Return what was heard."""
        began = time.monotonic()
        try:
            broken = self._listen(request, began + self.limits.seconds)
        except _Passed as passed:
            broken = passed.ending
        if broken is None and not self._answer:
            broken = self._crash()
        return Heard(
            broken=broken,
            printed=bytes(self._printed[: self.limits.output]),
            answer=bytes(self._answer),
            seconds=time.monotonic() - began - self._spared,
            calls=self.offered.calls if self.offered else 0,
        )

    def _listen(self, request: bytes, deadline: float) -> Ending | None:
        """Return whether time ran out; None where the process closed its pipes before that."""
        with selectors.DefaultSelector() as selector:
            self._register(selector)
            while any(each.data in _READ for each in selector.get_map().values()):
                left = deadline + self._spared - time.monotonic()
                if left <= 0:
                    return Ending.TIME
                for key, _ in selector.select(left):
                    if not self._serve(str(key.data), key.fd, request):
                        selector.unregister(key.fileobj)
                        if key.data == "stdin":
                            cast("IO[bytes]", key.fileobj).close()
                self._look(selector)
        return self._waited(deadline + self._spared)

    @property
    def _spared(self) -> float:
        return self.offered.seconds if self.offered else 0.0

    def _register(self, selector: selectors.BaseSelector) -> None:
        stdin, stdout = cast("IO[bytes]", self.process.stdin), cast("IO[bytes]", self.process.stdout)
        selector.register(stdin, selectors.EVENT_WRITE, "stdin")
        selector.register(stdout, selectors.EVENT_READ, "stdout")
        selector.register(self.result, selectors.EVENT_READ, "result")
        if self.offered is not None:
            selector.register(self.offered.asked, selectors.EVENT_READ, "asked")
            os.set_blocking(self.offered.told, False)
        for key in selector.get_map().values():
            os.set_blocking(key.fd, False)

    def _look(self, selector: selectors.BaseSelector) -> None:
        """Hold what came in against the limits, and answer what was asked."""
        if len(self._printed) > self.limits.output:
            raise _Passed(Ending.OUTPUT)
        if len(self._answer) > self.limits.result:
            raise _Passed(Ending.RESULT)
        if self.offered is None:
            return
        self.offered.answer(self.limits)
        if self.offered.outgoing and all(each.data != "told" for each in selector.get_map().values()):
            selector.register(self.offered.told, selectors.EVENT_WRITE, "told")

    def _waited(self, deadline: float) -> Ending | None:
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return None if self._answer else Ending.TIME
        return None

    def _serve(self, pipe: str, descriptor: int, request: bytes) -> bool:
        """Move what is ready through one pipe; False where it is at its end, or has nothing more to say."""
        try:
            if pipe == "stdin":
                self._sent += os.write(descriptor, request[self._sent :][:_PIECE])
                return self._sent < len(request)
            if pipe == "told":
                assert self.offered is not None
                del self.offered.outgoing[: os.write(descriptor, self.offered.outgoing[:_PIECE])]
                return bool(self.offered.outgoing)
            piece = os.read(descriptor, _PIECE)
        except BlockingIOError:
            return True
        except BrokenPipeError:
            if pipe == "told" and self.offered is not None:
                self.offered.outgoing.clear()
            self._sent = len(request) if pipe == "stdin" else self._sent
            return False
        self._kept(pipe).extend(piece)
        return bool(piece)

    def _kept(self, pipe: str) -> bytearray:
        if pipe == "asked":
            assert self.offered is not None
            return self.offered.incoming
        return self._answer if pipe == "result" else self._printed

    def _crash(self) -> Ending:
        code = self.process.poll()
        if code in (-signal.SIGXCPU, 128 + signal.SIGXCPU):
            return Ending.TIME
        return Ending.MEMORY if b"MemoryError" in self._printed else Ending.CRASHED
