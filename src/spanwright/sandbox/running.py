"""One call of code in a sandbox: start it, feed it, listen with a limit on everything, end it, tell what came of it."""

import json
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.resources import files
from math import ceil
from typing import IO, cast

from spanwright.errors import CandidateFailed, UsageError
from spanwright.sandbox.command import bare_environment, obstacle, python, shut_in
from spanwright.sandbox.limits import Limits
from spanwright.sandbox.syscalls import no_processes

_PIECE = 65_536
_CPU_SPARE = 2
_KEPT_OF_OUTPUT = 20_000


class Ending(StrEnum):
    """How a call ended."""

    DONE = "done"
    RAISED = "raised"
    TIME = "time limit"
    MEMORY = "memory limit"
    OUTPUT = "output limit"
    RESULT = "result limit"
    CRASHED = "crashed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What came of a call."""

    ending: Ending
    value: object = None
    """The result, as JSON tells it."""
    error: str = ""
    """What went wrong, with the lines of the code that led to it."""
    printed: str = ""
    """What it wrote to stdout and stderr, shortened."""
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether it returned something."""
        return self.ending is Ending.DONE

    def unwrap(self) -> object:
        """Return the value. Raises CandidateFailed for code that came to none: the text is to blame."""
        if self.ok:
            return self.value
        printed = f"\nIt printed:\n{self.printed}" if self.printed else ""
        raise CandidateFailed("sandbox", f"{self.ending}: {self.error}{printed}", signature=f"sandbox {self.ending}")


def run(
    code: str,
    *,
    call: str,
    arguments: Sequence[object] = (),
    inputs: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    without_sandbox: bool = False,
) -> Ran:
    """Run `code`, call its function `call` with `arguments`, and return what it returned.

    Arguments and result are JSON; arrays of numpy come back as lists. `inputs` are texts that the code finds as
    read-only files in `/inputs`. It has no network, no files of ours but the interpreter's, and an empty environment.
    It blocks until the code has ended, within its limits: call it from a worker thread, as a sync `evaluate` is.

    Raises UsageError where there is no sandbox. `without_sandbox` runs the code all the same, in a process with limits
    of memory and time and nothing else: for code that you trust.
    """
    within = limits or Limits()
    if not without_sandbox and (why := obstacle()):
        raise UsageError(
            f"there is no sandbox here: {why}",
            "Install bubblewrap and allow user namespaces; or say without_sandbox=True for code that you trust",
        )
    if without_sandbox and inputs:
        raise UsageError("inputs= are files of a sandbox, and there is none", "Give their texts as arguments")
    request = json.dumps(
        {"code": code, "call": call, "arguments": list(arguments), "limits": _resources(within)}
    ).encode("utf-8", "surrogatepass")
    with ExitStack() as stack:
        reading, writing = os.pipe()
        stack.callback(os.close, reading)
        descriptors = [writing]
        if without_sandbox:
            before: Sequence[str] = ()
        else:
            opened = {name: stack.enter_context(_file(text.encode())) for name, text in (inputs or {}).items()}
            filtered = no_processes()
            filter_fd = None if filtered is None else stack.enter_context(_file(filtered))
            descriptors += [*opened.values(), *([] if filter_fd is None else [filter_fd])]
            before = shut_in(within, opened, filter_fd)
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="spanwright-"))
        process = _started([*before, *python(), "-c", _child(), str(writing)], descriptors, folder)
        os.close(writing)
        with process:
            try:
                return _Listening(process, reading, within).to_the_end(request)
            finally:
                _end(process)


def _child() -> str:
    return files("spanwright.sandbox").joinpath("child.py").read_text(encoding="utf-8")


def _resources(limits: Limits) -> Mapping[str, int]:
    return {
        "RLIMIT_AS": limits.memory,
        "RLIMIT_CPU": ceil(limits.seconds) + _CPU_SPARE,
        "RLIMIT_FSIZE": limits.files,
        "RLIMIT_NPROC": 256,  # threads count, too
        "RLIMIT_CORE": 0,
    }


def _started(command: Sequence[str], descriptors: Sequence[int], folder: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603  (the command is ours, what runs in it is what the sandbox is for)
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(bare_environment(), PATH=os.environ.get("PATH", os.defpath)),
        cwd=folder,
        pass_fds=tuple(descriptors),
        start_new_session=True,
    )


@contextmanager
def _file(content: bytes) -> Generator[int]:
    """Open a file without a name that holds `content`."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        file.seek(0)
        yield file.fileno()


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a process and all that it started: with bubblewrap goes the whole namespace."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@dataclass(slots=True)
class _Listening:
    """The three pipes of a process, read side by side until they end or a limit is passed."""

    process: "subprocess.Popen[bytes]"
    result: int
    limits: Limits
    _sent: int = 0
    _printed: bytearray = field(default_factory=bytearray)
    _answer: bytearray = field(default_factory=bytearray)

    def to_the_end(self, request: bytes) -> Ran:
        began = time.monotonic()
        broken = self._listen(request, began + self.limits.seconds)
        if broken is None and self._answer:
            return self._answered(began)
        if broken is None:
            broken = self._crash()
        said = {
            Ending.TIME: f"it did not end within {self.limits.seconds:g} seconds",
            Ending.OUTPUT: f"it wrote more than {self.limits.output} bytes",
            Ending.RESULT: f"its result is longer than {self.limits.result} bytes",
            Ending.MEMORY: "it ran out of memory",
        }.get(broken, f"the process ended with {self.process.returncode} and no result")
        return self._ran(broken, began, error=said)

    def _listen(self, request: bytes, deadline: float) -> Ending | None:
        """Return which limit was passed; None where the process closed its pipes before that."""
        stdin, stdout = cast("IO[bytes]", self.process.stdin), cast("IO[bytes]", self.process.stdout)
        for descriptor in (stdin.fileno(), stdout.fileno(), self.result):
            os.set_blocking(descriptor, False)
        with selectors.DefaultSelector() as selector:
            selector.register(stdin, selectors.EVENT_WRITE, "stdin")
            selector.register(stdout, selectors.EVENT_READ, "stdout")
            selector.register(self.result, selectors.EVENT_READ, "result")
            while len(selector.get_map()) > (1 if self._sent < len(request) else 0):
                left = deadline - time.monotonic()
                if left <= 0:
                    return Ending.TIME
                for key, _ in selector.select(left):
                    if not self._serve(str(key.data), request):
                        selector.unregister(key.fileobj)
                        if key.data == "stdin":
                            stdin.close()
                if len(self._printed) > self.limits.output:
                    return Ending.OUTPUT
                if len(self._answer) > self.limits.result:
                    return Ending.RESULT
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return None if self._answer else Ending.TIME
        return None

    def _serve(self, pipe: str, request: bytes) -> bool:
        """Move what is ready through one pipe; False where it is at its end."""
        try:
            if pipe == "stdin":
                self._sent += os.write(cast("IO[bytes]", self.process.stdin).fileno(), request[self._sent :][:_PIECE])
                return self._sent < len(request)
            source = self.result if pipe == "result" else cast("IO[bytes]", self.process.stdout).fileno()
            piece = os.read(source, _PIECE)
        except BlockingIOError:
            return True
        except BrokenPipeError:
            self._sent = len(request)
            return False
        (self._answer if pipe == "result" else self._printed).extend(piece)
        return bool(piece)

    def _answered(self, began: float) -> Ran:
        try:
            answer: object = json.loads(self._answer)
        except ValueError:
            return self._ran(Ending.CRASHED, began, error="what it gave as its result is no JSON")
        told = cast("Mapping[str, object]", answer if isinstance(answer, dict) else {})
        if "value" in told:
            return self._ran(Ending.DONE, began, value=told["value"])
        kind = Ending.MEMORY if told.get("kind") == "memory" else Ending.RAISED
        return self._ran(kind, began, error=str(told.get("error", "it gave no result")))

    def _crash(self) -> Ending:
        code = self.process.poll()
        if code in (-signal.SIGXCPU, 128 + signal.SIGXCPU):
            return Ending.TIME
        return Ending.MEMORY if b"MemoryError" in self._printed else Ending.CRASHED

    def _ran(self, ending: Ending, began: float, *, value: object = None, error: str = "") -> Ran:
        printed = self._printed[: self.limits.output].decode("utf-8", "replace").strip()
        if len(printed) > _KEPT_OF_OUTPUT:
            half = _KEPT_OF_OUTPUT // 2
            printed = f"{printed[:half]}\n[... {len(printed) - 2 * half} characters ...]\n{printed[-half:]}"
        seconds = time.monotonic() - began
        return Ran(ending=ending, value=value, error=error, printed=printed, seconds=seconds)
