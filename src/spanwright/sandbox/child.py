"""What runs inside of the sandbox. It is handed over as text and imports the standard library alone.

Standard input holds one JSON object: the code, what to call, its arguments, the limits, the names of functions that it
may ask for. The answer goes as JSON to the first file descriptor that the command line names: `{"value": ...}` or
`{"error": ..., "kind": ...}`. What is asked for goes to the second and is answered on the third, a line each.
"""

import json
import os
import resource
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, cast


def _limit(limits: dict[str, int]) -> None:
    for name, most in limits.items():
        which = getattr(resource, name)
        hard = resource.getrlimit(which)[1]
        hard = sys.maxsize if hard == resource.RLIM_INFINITY else hard
        value = min(most, hard)
        # At its hard limit of processor time a process is killed without a word, at the soft one it is told.
        resource.setrlimit(which, (value, value + 1 if name == "RLIMIT_CPU" and value < hard else value))


def _said(error: BaseException) -> str:
    """Return the error with the lines of the code that led to it."""
    if isinstance(error, SyntaxError):
        return "".join(traceback.format_exception_only(error)).strip()
    frames = [each for each in traceback.extract_tb(error.__traceback__) if each.filename == "<candidate>"]
    where = "".join(f"line {each.lineno}, in {each.name}\n" for each in frames[-6:])
    return f"{where}{''.join(traceback.format_exception_only(error)).strip()}"


def _offered(names: list[str], to: int, back: int) -> dict[str, Callable[..., Any]]:
    """Return functions that ask outside. Threads take turns."""
    turn = threading.Lock()
    answers = os.fdopen(back, "rb")

    def ask(name: str, arguments: tuple[Any, ...]) -> Any:
        line = json.dumps({"function": name, "arguments": _plain(arguments)}).encode() + b"\n"
        with turn:
            while line:
                line = line[os.write(to, line) :]
            answer = json.loads(answers.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["value"]

    def bound(name: str) -> Callable[..., Any]:
        return lambda *arguments: ask(name, arguments)

    return {name: bound(name) for name in names}


def _answer(asked: dict[str, Any], offered: dict[str, Callable[..., Any]]) -> str:
    name = str(asked["call"])
    try:
        # This process is the sandbox: what runs here is what it is for.
        space: dict[str, Any] = {"__name__": "candidate", **offered}
        exec(compile(str(asked["code"]), "<candidate>", "exec"), space)  # noqa: S102
        if name not in space:
            return json.dumps({"error": f"the code defines no {name!r}", "kind": "raised"})
        value = space[name](*asked["arguments"])
        return json.dumps({"value": _plain(value)}, allow_nan=True)
    except MemoryError:
        return json.dumps({"error": "it ran out of memory", "kind": "memory"})
    except BaseException as error:  # noqa: BLE001  (whatever the code raises is what is asked for)
        return json.dumps({"error": _said(error)[:20000], "kind": "raised"})


def _plain(value: Any) -> Any:
    """Return arrays and numbers of numpy as lists and numbers: they know the way."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in cast("dict[Any, Any]", value).items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in cast("list[Any]", value)]
    return value


def main() -> None:
    """Do what standard input asks for, and leave without looking back."""
    answer_to, asks, hears = (int(each) for each in sys.argv[1:4])
    asked = json.loads(sys.stdin.buffer.read())
    _limit(asked["limits"])
    answer = _answer(asked, _offered(asked["functions"], asks, hears))
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception:  # noqa: BLE001, S110  (the code may have closed them)
        pass
    with os.fdopen(answer_to, "wb") as pipe:
        pipe.write(answer.encode())
    os._exit(0)  # threads and exit hooks of the code are of no more use


main()
