"""Answers in LaTeX: what stands in the last box, and whether two answers are the same number or expression.

Equality is math-verify's. It may think for long about a strange answer, so it works in a process that can be stopped.
"""

import re
from importlib import import_module
from typing import Any, Final

import anyio
import anyio.to_process

from spanwright import UsageError

PATIENCE: Final = 8
"""Seconds for one comparison, as LiveBench has it."""
_LONGEST: Final = 120.0
"""Seconds after which the other process is ended, its start included."""
_NATURAL: Final = re.compile(r"\\log(?!\s*_)")


def last_boxed(text: str) -> str | None:
    """Return the content of the last box, or where there is no box of the last frame; None where it does not end."""
    if "\\boxed " in text:
        return text.rsplit("\\boxed ", 1)[-1].split("$", maxsplit=1)[0]
    box = "\\boxed" if "\\boxed" in text else "\\fbox"
    _, found, rest = text.rpartition(box)
    if not found:
        return None
    depth = 0
    for place, sign in enumerate(rest):
        depth += (sign == "{") - (sign == "}")
        if sign == "}" and depth == 0:
            return rest[rest.index("{") + 1 : place].replace("$", "")
    return None


async def same(gold: str, answer: str) -> bool:
    """Say whether two answers are equal; what takes too long to tell is not."""
    if gold.replace(" ", "") == answer.replace(" ", ""):
        return True
    _math_verify()  # a missing library is told here, not from within the other process
    with anyio.move_on_after(_LONGEST):
        return await anyio.to_process.run_sync(equal, gold, answer, cancellable=True)
    return False


def equal(gold: str, answer: str) -> bool:
    """Say whether two answers are equal, to three decimals; a logarithm without a base is the natural one.

    It stops thinking by an alarm, which rings in the main thread only: of a process of its own.
    """
    verifier: Any = _math_verify()
    told = (_NATURAL.sub(lambda _: r"\ln", text) for text in (gold, answer))
    read = [verifier.parse(f"${text}$", parsing_timeout=PATIENCE) for text in told]
    return bool(all(read) and verifier.verify(*read, timeout_seconds=PATIENCE, float_rounding=3))


def _math_verify() -> Any:
    try:
        return import_module("math_verify")
    except ModuleNotFoundError as error:
        raise UsageError(
            "LiveBench-Math needs math-verify, which is not installed", "Install it: pip install 'spanwright[paper]'"
        ) from error
