"""What code in a sandbox may take."""

from dataclasses import dataclass
from math import isfinite

from spanwright.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that one call may take. It starts no processes at all, and writes only what is gone when it ends."""

    seconds: float = 10.0
    """Wall-clock time, the start of the interpreter included, and what functions of ours take left out."""
    processor: float | None = None
    """Seconds of processor time, fairer than `seconds` where the machine is busy; None is no such limit."""
    memory: int = 1 << 30
    """Bytes of address space."""
    output: int = 100_000
    """Bytes on stdout and stderr together; who writes more is ended."""
    result: int = 1_000_000
    """Bytes of the result as JSON, and of one thing that is asked."""
    files: int = 64 << 20
    """Bytes in its own temporary folder."""
    calls: int = 100
    """How often it may ask functions of ours, where it has any; who asks more is ended."""

    def __post_init__(self) -> None:
        if self.processor is not None and _number("processor", self.processor) <= 0:
            raise UsageError(f"processor={self.processor} of a sandbox's limits lets nothing run", "Give more, or None")
        for name in ("seconds", "memory", "output", "result", "files", "calls"):
            if _number(name, getattr(self, name), whole=name != "seconds") <= 0:
                raise UsageError(f"{name}={getattr(self, name)} of a sandbox's limits lets nothing run", "Give more")


def _number(name: str, given: object, *, whole: bool = False) -> float:
    """Return a limit that can be one. Raises UsageError."""
    if isinstance(given, bool) or not isinstance(given, int if whole else (int, float)) or not isfinite(given):
        wanted = "a whole number" if whole else "a number of seconds"
        raise UsageError(f"{name}={given!r} of a sandbox's limits is no limit", f"Give {wanted}")
    return given
