"""Small pieces of code in an interpreter of a part of Python, pydantic-monty: no numpy, no files, no network.

In return a call takes milliseconds, on every platform, and needs no bubblewrap.

It is the optional extra "monty". The interpreter is a process of its own that knows no system calls; what it does not
know it refuses.
"""

import json
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spanwright.errors import UsageError
from spanwright.sandbox.limits import Limits
from spanwright.sandbox.listening import Ending
from spanwright.sandbox.running import Ran

if TYPE_CHECKING:
    from pydantic_monty import Monty, MontyRuntimeError

_ARGUMENTS = "__arguments__"
_GRACE = 2.0
"""Seconds after its time limit at which an interpreter that does not stop by itself is killed."""


class Snippets:
    """Interpreters that are kept warm. Each call has a fresh one: nothing that code leaves is found by the next.

    It may be called from many threads at once; `workers` calls run at a time.
    """

    def __init__(self, pool: "Monty", limits: Limits) -> None:
        self._pool = pool
        self._limits = limits

    def run(self, code: str, *, call: str, arguments: Sequence[object] = ()) -> Ran:
        """Run `code`, call its function `call` with `arguments`, and return what it returned, as `sandbox.run` does."""
        if not call.isidentifier():
            raise UsageError(f"call={call!r} is no name of a function", "Give the name that the code defines")
        began = time.monotonic()
        printer = _Printer(self._limits.output)
        ending, value, error = self._ended(f"{code}\n{call}(*{_ARGUMENTS})", list(arguments), printer)
        if ending is Ending.DONE:
            ending, value, error = _as_json(value, self._limits.result)
        said = printer.text.strip()
        return Ran(ending=ending, value=value, error=error, printed=said, seconds=time.monotonic() - began)

    def _ended(self, code: str, arguments: list[object], printer: "_Printer") -> tuple[Ending, object, str]:
        from pydantic_monty import (  # noqa: PLC0415  (an optional extra)
            MontyCrashedError,
            MontyError,
            MontyRuntimeError,
            MontySyntaxError,
            ResourceLimits,
        )

        limits = ResourceLimits(max_feed_duration_secs=self._limits.seconds, max_memory=self._limits.memory)
        try:
            with self._pool.checkout(limits=limits, script_name="candidate") as session:
                value = session.feed_run(code, inputs={_ARGUMENTS: arguments}, print_callback=printer)
        except MontyRuntimeError as error:
            return self._failed(error, printer)
        except MontySyntaxError as error:
            return Ending.RAISED, None, error.display()
        except MontyCrashedError as error:
            return (Ending.TIME if error.timed_out else Ending.CRASHED), None, str(error)
        except MontyError as error:
            return Ending.RAISED, None, str(error)
        return Ending.DONE, value, ""

    def _failed(self, error: "MontyRuntimeError", printer: "_Printer") -> tuple[Ending, object, str]:
        """Tell a limit from an exception of the code's own."""
        raised = error.exception()
        if printer.over:
            return Ending.OUTPUT, None, f"it wrote more than {self._limits.output} bytes"
        if isinstance(raised, TimeoutError) and "time limit exceeded" in str(raised):
            return Ending.TIME, None, f"it did not end within {self._limits.seconds:g} seconds"
        if isinstance(raised, MemoryError):
            return Ending.MEMORY, None, "it ran out of memory"
        return Ending.RAISED, None, error.display()


@contextmanager
def snippets(limits: Limits | None = None, *, workers: int = 4) -> Generator[Snippets]:
    """Start interpreters and give what runs code in them; leaving the block ends them.

    Of `limits` it knows seconds, memory, output and result. Raises UsageError where pydantic-monty is not installed.
    """
    if workers < 1:
        raise UsageError(f"workers={workers} of snippets lets nothing run", "Give at least 1")
    try:
        from pydantic_monty import Monty  # noqa: PLC0415  (an optional extra)
    except ImportError as error:
        raise UsageError(
            "snippets run in pydantic-monty, which is not installed", "Install it: pip install spanwright[monty]"
        ) from error
    within = limits or Limits()
    timeout = within.seconds + _GRACE
    with Monty(min_processes=1, max_processes=workers, request_timeout=timeout, max_checkouts_per_worker=1000) as pool:
        yield Snippets(pool, within)


@dataclass(slots=True)
class _Printer:
    """Keeps what is printed, up to a limit."""

    limit: int
    over: bool = False
    _kept: list[str] = field(default_factory=list[str])
    _bytes: int = 0

    @property
    def text(self) -> str:
        return "".join(self._kept)

    def __call__(self, stream: str, text: str) -> None:
        """Take what was printed; who prints too much is ended."""
        self._bytes += len(text.encode("utf-8", "surrogatepass"))
        if self._bytes > self.limit:
            self.over = True
            raise ValueError("too much was printed")
        self._kept.append(text)


def _as_json(value: object, most: int) -> tuple[Ending, object, str]:
    """Return a value as JSON has it: sets and tuples as lists, and nothing else but numbers, texts, lists, mappings."""
    try:
        said = json.dumps(value, default=_listed)
    except (TypeError, ValueError, RecursionError) as error:
        return Ending.RAISED, None, f"its result is no JSON: {error}"
    if len(said) > most:
        return Ending.RESULT, None, f"its result is longer than {most} bytes"
    return Ending.DONE, json.loads(said), ""


def _listed(value: object) -> list[object]:
    if isinstance(value, set | frozenset):
        return list(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    raise TypeError(f"{type(value).__name__} has no place in it")
