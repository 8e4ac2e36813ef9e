"""Classify what comes out of an agent's run, once: the world's failure, the candidate's, or the user's.

Inside the boundary code lets errors raise; outside it there are only CandidateFailed, WorldFailed and UserBug.
See docs/design/blame.md for the table.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from json import JSONDecodeError
from types import TracebackType
from typing import Final, TypeAlias, cast

from pydantic import ValidationError
from pydantic_ai import exceptions as theirs

from spanwright.errors import CandidateFailed, SpanwrightError, UserBug, WorldFailed
from spanwright.models.resets import seconds_to_reset

_Verdict: TypeAlias = Callable[[Exception, str], SpanwrightError]
"""Makes our error of theirs; the text names the caller."""

_WORLD = (
    theirs.ModelRateLimitError,
    theirs.ModelUnavailableError,
    theirs.ModelServerError,
    theirs.ModelConnectionError,
    theirs.ModelRequestTimeout,
    theirs.ConcurrencyLimitExceeded,
)
_SETTINGS = (
    theirs.ModelAuthenticationError,
    theirs.ModelNotFoundError,
    theirs.ModelQuotaExceededError,
)
_TOO_MANY: Final = 429
_STUMBLES = (LookupError, AttributeError, TypeError, JSONDecodeError, ValidationError)


def boundary(subject: str = "agent") -> AbstractContextManager[None]:
    """Translate what pydantic-ai raises inside the block; `subject` names the caller in messages.

    Raises CandidateFailed, WorldFailed or UserBug. Errors of ours and cancellation pass through unchanged.
    """
    return _Boundary(subject)


class _Boundary(AbstractContextManager[None]):
    """A class: each rollout enters one, and a generator takes several times as long."""

    __slots__ = ("_subject",)

    def __init__(self, subject: str) -> None:
        self._subject = subject

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # The border to the user's own code, which may raise anything: data about a rollout.
        if isinstance(error, Exception) and not isinstance(error, SpanwrightError):
            raise classified(error, self._subject) from error


def classified(error: Exception, subject: str = "agent") -> SpanwrightError:
    """Return our error for an exception: who is to blame, and what the user should read.

    Several errors at once, of a task group or of all the models of a fallback, are the world's if one of them is; so
    is an error that was raised from one of the world's: an outage must never look like a bad prompt.
    """
    if isinstance(error, SpanwrightError):
        return error
    for kinds, verdict in _TABLE:
        if isinstance(error, kinds):
            return verdict(error, subject)
    members = [classified(each, subject) for each in _members(error)]
    cause = error.__cause__
    behind = [*members, classified(cause, subject)] if isinstance(cause, Exception) else members
    for kind in (WorldFailed, UserBug):
        if blamed := next((each for each in behind if isinstance(each, kind)), None):
            return blamed
    return members[0] if members else _program(error, subject)


def error_retry_after(error: Exception) -> float | None:
    """Return the seconds that the provider asked us to wait, if it said; of several providers, the shortest."""
    asked = [wait for each in _members(error) if (wait := error_retry_after(each)) is not None]
    if isinstance(error, theirs.ModelAPIError):
        wait = error.retry_after
        if wait is None and isinstance(error, theirs.ModelHTTPError) and error.status_code == _TOO_MANY:
            wait = seconds_to_reset(error.headers or {})
        asked += [] if wait is None else [wait]
    return min(asked, default=None)


def is_refused(error: Exception) -> bool:
    """Return whether the provider refused a request because there were too many."""
    if any(is_refused(each) for each in _members(error)):
        return True
    return isinstance(error, theirs.ModelRateLimitError) or (
        isinstance(error, theirs.ModelHTTPError) and error.status_code == _TOO_MANY
    )


def readable(error: Exception, model: str) -> Exception:
    """Return the error for what came out of a model's request: an answer that cannot be read is the world's failure.

    Adapters look for what they expect and stumble over what a gateway sent instead, each in its own way.
    """
    if isinstance(error, theirs.UnexpectedModelBehavior) and not isinstance(error, theirs.ContentFilterError):
        return theirs.ModelAPIError(model, f"the answer could not be read: {error}")
    if isinstance(error, _STUMBLES):
        return theirs.ModelAPIError(model, f"the answer could not be read: {type(error).__name__}: {error}")
    return error


def is_transient(error: Exception) -> bool:
    """Return whether sending the same request again may succeed."""
    if any(is_transient(each) for each in _members(error)):
        return True
    if isinstance(error, _SETTINGS):
        return False
    if isinstance(error, _WORLD):
        return True
    if isinstance(error, theirs.ModelHTTPError):
        return error.status_code in (408, 409, _TOO_MANY) or error.status_code >= 500
    # What is left has no status: a body that broke off, or that is no JSON.
    return isinstance(error, theirs.ModelAPIError) and not isinstance(error, theirs.ModelRequestRejectedError)


def _members(error: Exception) -> Sequence[Exception]:
    """Return the errors that stand for a group; none for any other error."""
    return cast("ExceptionGroup[Exception]", error).exceptions if isinstance(error, ExceptionGroup) else ()


def _settings(error: Exception, subject: str) -> SpanwrightError:
    return UserBug("model settings", str(error), remedy="Check the model's name, the key and the account")


def _model_down(error: Exception, subject: str) -> SpanwrightError:
    return WorldFailed("model", str(error), retry_after=error_retry_after(error))


def _limit(error: Exception, subject: str) -> SpanwrightError:
    return CandidateFailed("limit", str(error), signature=type(error).__name__)


def _too_much_context(error: Exception, subject: str) -> SpanwrightError:
    return CandidateFailed("model", str(error), signature="context window")


def _rejected(error: Exception, subject: str) -> SpanwrightError:
    # A 400: the only thing that differs between candidates is our text, so the seed decides whose fault it is.
    return CandidateFailed("model", str(error), signature="request rejected")


def _http(error: Exception, subject: str) -> SpanwrightError:
    assert isinstance(error, theirs.ModelHTTPError)
    if is_transient(error):
        return _model_down(error, subject)
    if error.status_code in (401, 402, 403, 404):
        return _settings(error, subject)
    return CandidateFailed("model", str(error), signature=f"HTTP {error.status_code}")


def _output(error: Exception, subject: str) -> SpanwrightError:
    return CandidateFailed("output", str(error), signature=type(error).__name__)


def _misuse(error: Exception, subject: str) -> SpanwrightError:
    return UserBug(subject, str(error))


def _connection(error: Exception, subject: str) -> SpanwrightError:
    return WorldFailed(subject, f"{type(error).__name__}: {error}")


def _program(error: Exception, subject: str) -> SpanwrightError:
    kind = type(error).__name__
    return CandidateFailed("program", f"{kind}: {error}", signature=f"{subject} {kind} {_where(error)}")


_TABLE: tuple[tuple[tuple[type[Exception], ...], _Verdict], ...] = (
    (_SETTINGS, _settings),
    (_WORLD, _model_down),
    ((theirs.RunTimedOut, theirs.UsageLimitExceeded), _limit),
    ((theirs.ModelContextWindowExceededError,), _too_much_context),
    ((theirs.ModelRequestRejectedError,), _rejected),
    ((theirs.ModelHTTPError,), _http),
    ((theirs.ModelAPIError,), _model_down),
    ((theirs.UnexpectedModelBehavior,), _output),
    ((theirs.UserError,), _misuse),
    ((ConnectionError, TimeoutError), _connection),
)
"""The first row that fits decides: special errors stand above the general ones that they are."""


def _where(error: BaseException) -> str:
    """Return the function and line that raised: failures from one place are failures of one kind."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return ""
    return f"{traceback.tb_frame.f_code.co_name}:{traceback.tb_lineno}"
