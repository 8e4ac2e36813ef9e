"""A candidate is worn, not installed: while a block lasts, in this task and in what it starts, and nowhere else.

The context variable reaches tools on worker threads, sub-agents and tasks. It does not reach raw threads and executors
of the user's own: they run the agent as it is (docs/design/wearing.md).
"""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from spanwright.core.candidate import Candidate, Component, ComponentId


@dataclass(slots=True)
class Preview:
    """Worn in place of a candidate to see what an agent would send. It collects components and stops the run."""

    components: dict[ComponentId, Component] = field(default_factory=dict[ComponentId, Component])


_worn: ContextVar[Candidate | Preview | None] = ContextVar("spanwright_worn", default=None)


def worn() -> Candidate | Preview | None:
    """Return what is worn here, or None."""
    return _worn.get()


@contextmanager
def wearing(what: Candidate | Preview) -> Generator[None]:
    """Wear a candidate inside the block."""
    token = _worn.set(what)
    try:
        yield
    finally:
        _worn.reset(token)


@contextmanager
def bare() -> Generator[None]:
    """Wear nothing inside the block: evaluators run like this, so that a judge's texts are never components."""
    token = _worn.set(None)
    try:
        yield
    finally:
        _worn.reset(token)
