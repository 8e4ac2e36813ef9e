"""One call of code in a sandbox: start it, feed it, listen with a limit on everything, end it, tell what came of it."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from math import ceil
from typing import IO, cast

from spanwright.errors import CandidateFailed, UsageError
from spanwright.sandbox.command import bare_environment, obstacle, python, shut_in
from spanwright.sandbox.limits import Limits
from spanwright.sandbox.listening import Ending, Functions, Heard, Listening, Offered
from spanwright.sandbox.syscalls import no_processes

_CPU_SPARE = 2
_KEPT_OF_OUTPUT = 20_000


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
    calls: int = 0
    """How often it asked functions of ours."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A place to run code that nobody has read: what it may take, read and ask. `run` is one call of it."""

    limits: Limits = field(default_factory=Limits)
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    """Texts that the code finds as read-only files in `/inputs`."""
    functions: Functions = field(default_factory=dict[str, Callable[..., object]])
    """Functions of ours that the code may call by their names, with JSON in and out, `limits.calls` times in all.

    They run here, in the caller's thread, and see what the code chose to send: check it as you would a stranger's.
    `Refused` is told to the code; whatever else one raises ends the call and is raised by `run`. Their time is not
    the code's.
    """
    without_sandbox: bool = False
    """For code that you trust: limits of memory and time, and nothing else."""

    def run(self, code: str, *, call: str, arguments: Sequence[object] = ()) -> Ran:
        """Run `code`, call its function `call` with `arguments`, and return what it returned.

        Raises UsageError where there is no sandbox, and what a function of ours raises.
        """
        self._check()
        within = self.limits
        request = _request(code, call, arguments, within, sorted(self.functions))
        with ExitStack() as stack:
            result, answers = _pipe(stack)
            asked, asks = _pipe(stack)
            hears, told = _pipe(stack)
            theirs = (answers, asks, hears)
            process = self._start(stack, [each.fileno() for each in theirs])
            for each in theirs:
                each.close()
            offered = None
            if self.functions:
                offered = Offered(functions=self.functions, asked=asked.fileno(), told=told.fileno())
            with process:
                try:
                    heard = Listening(process, result.fileno(), within, offered).to_the_end(request)
                finally:
                    _end(process)
            return _came_of(heard, process.returncode, within)

    def _check(self) -> None:
        if not self.without_sandbox and (why := obstacle()):
            raise UsageError(
                f"there is no sandbox here: {why}",
                "Install bubblewrap and allow user namespaces; or say without_sandbox=True for code that you trust",
            )
        for name, text in self.files.items():
            _check_input(name, text)
        if self.without_sandbox and self.files:
            raise UsageError("inputs= are files of a sandbox, and there is none", "Give their texts as arguments")

    def _start(self, stack: ExitStack, pipes: Sequence[int]) -> "subprocess.Popen[bytes]":
        """Start the interpreter, shut in. It is told the descriptors of its pipes."""
        descriptors, before = list(pipes), cast("Sequence[str]", ())
        if not self.without_sandbox:
            opened = {
                name: stack.enter_context(_file(text.encode("utf-8", "surrogatepass")))
                for name, text in self.files.items()
            }
            filtered = no_processes()
            filter_fd = None if filtered is None else stack.enter_context(_file(filtered))
            descriptors += [*opened.values(), *([] if filter_fd is None else [filter_fd])]
            before = shut_in(self.limits, opened, filter_fd)
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="spanwright-"))
        return _started([*before, *python(), "-c", _child(), *map(str, pipes)], descriptors, folder)


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
    A `Sandbox` can also offer it functions of ours.

    Raises UsageError where there is no sandbox. `without_sandbox` runs the code all the same, in a process with limits
    of memory and time and nothing else: for code that you trust.
    """
    place = Sandbox(limits=limits or Limits(), files=inputs or {}, without_sandbox=without_sandbox)
    return place.run(code, call=call, arguments=arguments)


def _request(code: str, call: str, arguments: Sequence[object], limits: Limits, functions: Sequence[str]) -> bytes:
    """Return what the process is told, as JSON. Raises UsageError for what has no place in it."""
    told = {"code": code, "call": call, "limits": _resources(limits), "functions": functions}
    try:
        return json.dumps({**told, "arguments": list(arguments)}).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(
            f"code, call= or arguments= of the sandbox are no JSON: {error}", "Give texts, numbers, lists and mappings"
        ) from error


def _check_input(name: str, text: str) -> None:
    """Raise UsageError for what can be no file in `/inputs`."""
    if name.startswith("/") or "\0" in name or {"", ".", ".."} & set(name.split("/")):
        raise UsageError(f"inputs= has the name {name!r}, which is no file in /inputs", "Give 'a.txt' or 'a/b.txt'")
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UsageError(
            f"the input {name!r} is {type(text).__name__} and no text", "Decode it, or give it as arguments"
        )


def _pipe(stack: ExitStack) -> tuple[IO[bytes], IO[bytes]]:
    """Return a pipe's two ends, to be closed with the stack at the latest."""
    reading, writing = os.pipe()
    return (
        stack.enter_context(os.fdopen(reading, "rb", buffering=0)),
        stack.enter_context(os.fdopen(writing, "wb", buffering=0)),
    )


def _came_of(heard: Heard, code: int | None, limits: Limits) -> Ran:
    if heard.broken is None:
        return _answered(heard)
    said = {
        Ending.TIME: f"it did not end within {limits.seconds:g} seconds{_of_processor(limits)}",
        Ending.OUTPUT: f"it wrote more than {limits.output} bytes",
        Ending.RESULT: f"its result, or what it asked, is longer than {limits.result} bytes",
        Ending.CALLS: f"it asked more than {limits.calls} times",
        Ending.MEMORY: "it ran out of memory",
    }.get(heard.broken, f"the process ended with {code} and no result")
    return _ran(heard, heard.broken, error=said)


def _of_processor(limits: Limits) -> str:
    return "" if limits.processor is None else f", {limits.processor:g} of them of processor time"


def _answered(heard: Heard) -> Ran:
    try:
        answer: object = json.loads(heard.answer)
    except (ValueError, RecursionError):  # code can write what it likes there, a thousand brackets, too
        return _ran(heard, Ending.CRASHED, error="what it gave as its result is no JSON")
    told = cast("Mapping[str, object]", answer if isinstance(answer, dict) else {})
    if "value" in told:
        return _ran(heard, Ending.DONE, value=told["value"])
    kind = Ending.MEMORY if told.get("kind") == "memory" else Ending.RAISED
    return _ran(heard, kind, error=str(told.get("error", "it gave no result")))


def _ran(heard: Heard, ending: Ending, *, value: object = None, error: str = "") -> Ran:
    printed = heard.printed.decode("utf-8", "replace").strip()
    if len(printed) > _KEPT_OF_OUTPUT:
        half = _KEPT_OF_OUTPUT // 2
        printed = f"{printed[:half]}\n[... {len(printed) - 2 * half} characters ...]\n{printed[-half:]}"
    return Ran(ending=ending, value=value, error=error, printed=printed, seconds=heard.seconds, calls=heard.calls)


def _child() -> str:
    return files("spanwright.sandbox").joinpath("child.py").read_text(encoding="utf-8")


def _resources(limits: Limits) -> Mapping[str, int]:
    return {
        "RLIMIT_AS": limits.memory,
        "RLIMIT_CPU": ceil(limits.seconds) + _CPU_SPARE if limits.processor is None else ceil(limits.processor),
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
