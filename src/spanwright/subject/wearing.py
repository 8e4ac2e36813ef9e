"""A candidate is worn, not installed: while a block lasts, in this task and in what it starts, and nowhere else.

The context variable reaches tools on worker threads, sub-agents and tasks. It does not reach raw threads and executors
of the user's own: they run the agent as it is (docs/design/wearing.md).
"""

from contextlib import AbstractContextManager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from types import TracebackType

from spanwright.core.candidate import Candidate, Component, ComponentId
from spanwright.subject.out_of_reach import OutOfReach


@dataclass(slots=True)
class Preview:
    """Worn in place of a candidate to see what an agent would send. It collects components and stops the run."""

    components: dict[ComponentId, Component] = field(default_factory=dict[ComponentId, Component])
    out_of_reach: list[OutOfReach] = field(default_factory=list[OutOfReach])


_worn: ContextVar[Candidate | Preview | None] = ContextVar("spanwright_worn", default=None)


def worn() -> Candidate | Preview | None:
    """Return what is worn here, or None."""
    return _worn.get()


def wearing(what: Candidate | Preview) -> AbstractContextManager[None]:
    """Wear a candidate inside the block."""
    return _Wearing(what)


def bare() -> AbstractContextManager[None]:
    """Wear nothing inside the block: evaluators run like this, so that a judge's texts are never components."""
    return _Wearing(None)


class _Wearing(AbstractContextManager[None]):
    """A class: each rollout enters two, and a generator takes several times as long."""

    __slots__ = ("_token", "_what")

    def __init__(self, what: Candidate | Preview | None) -> None:
        self._what = what
        self._token: Token[Candidate | Preview | None] | None = None

    def __enter__(self) -> None:
        self._token = _worn.set(self._what)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._token is not None, "a block is entered before it is left"
        _worn.reset(self._token)
