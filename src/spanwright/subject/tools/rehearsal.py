"""The block in which `optimizable(tools=)` holds: each rollout is one, and users open their own to record or to test.

Outside of one an agent's tools run as they are: an agent that is decorated for optimization serves real users, too.
"""

from collections import Counter
from contextlib import AbstractContextManager
from contextvars import ContextVar, Token
from secrets import token_hex
from types import TracebackType

from spanwright.errors import SpanwrightError
from spanwright.subject.tools.calls import Digest, RehearsedCall


class Rehearsal:
    """One try of something: the case, how often each call was made so far, and what went wrong beyond its reach."""

    def __init__(self, case: str) -> None:
        self.case = case
        self.take = token_hex(8)
        """Names this try in recordings: what was recorded in one try is replayed as one sequence."""
        self.failure: SpanwrightError | None = None
        self._calls: Counter[tuple[str, str, Digest]] = Counter()

    def place(self, call: RehearsedCall) -> int:
        """Return how many calls equal to this one came before it, and count it."""
        key = (call.agent, call.tool, call.digest)
        self._calls[key] += 1
        return self._calls[key] - 1

    def failed(self, failure: SpanwrightError) -> SpanwrightError:
        """Remember a failure, and return it to be raised: the user's code may swallow what a tool raises."""
        self.failure = self.failure or failure
        return failure


_current: ContextVar[Rehearsal | None] = ContextVar("spanwright_rehearsal", default=None)


def current_rehearsal() -> Rehearsal | None:
    """Return the rehearsal that is going on here, or None."""
    return _current.get()


def rehearsing(case: str = "") -> AbstractContextManager[Rehearsal]:
    """Let the agents' tools do inside the block what `optimizable(tools=)` says, as in a rollout of that case.

    Raises on leaving what a tool's rules had to raise inside, even where the agent or the program swallowed it.
    """
    return _Rehearsing(case)


class _Rehearsing(AbstractContextManager[Rehearsal]):
    """A class: each rollout enters one, and a generator takes several times as long."""

    __slots__ = ("_rehearsal", "_token")

    def __init__(self, case: str) -> None:
        self._rehearsal = Rehearsal(case)
        self._token: Token[Rehearsal | None] | None = None

    def __enter__(self) -> Rehearsal:
        self._token = _current.set(self._rehearsal)
        return self._rehearsal

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._token is not None, "a block is entered before it is left"
        _current.reset(self._token)
        failure = self._rehearsal.failure
        if failure is not None and error is not failure and (error is None or isinstance(error, Exception)):
            raise failure from error
