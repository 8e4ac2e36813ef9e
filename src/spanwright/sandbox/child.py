"""What runs inside of the sandbox. It is handed over as text and imports the standard library alone.

Standard input holds one JSON object: the code, what to call, its arguments, the limits. The answer goes as JSON to the
file descriptor that the command line names: `{"value": ...}` or `{"error": ..., "kind": ...}`.
"""

import json
import os
import resource
import sys
import traceback
from typing import Any, cast


def _limit(limits: dict[str, int]) -> None:
    for name, most in limits.items():
        which = getattr(resource, name)
        hard = resource.getrlimit(which)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (value, value))


def _said(error: BaseException) -> str:
    """Return the error with the lines of the code that led to it."""
    if isinstance(error, SyntaxError):
        return "".join(traceback.format_exception_only(error)).strip()
    frames = [each for each in traceback.extract_tb(error.__traceback__) if each.filename == "<candidate>"]
    where = "".join(f"line {each.lineno}, in {each.name}\n" for each in frames[-6:])
    return f"{where}{''.join(traceback.format_exception_only(error)).strip()}"


def _answer(asked: dict[str, Any]) -> str:
    name = str(asked["call"])
    try:
        # This process is the sandbox: what runs here is what it is for.
        space: dict[str, Any] = {"__name__": "candidate"}
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
    answer_to = int(sys.argv[1])
    asked = json.loads(sys.stdin.buffer.read())
    _limit(asked["limits"])
    answer = _answer(asked)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception:  # noqa: BLE001, S110  (the code may have closed them)
        pass
    with os.fdopen(answer_to, "wb") as pipe:
        pipe.write(answer.encode())
    os._exit(0)  # threads and exit hooks of the code are of no more use


main()
