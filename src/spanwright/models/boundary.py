"""Classify what comes out of an agent's run, once: the world's failure, the candidate's, or the user's.

Inside the boundary code lets errors raise; outside it there are only CandidateFailed, WorldFailed and UserBug.
See docs/design/blame.md for the table.
"""

from collections.abc import Generator
from contextlib import contextmanager

from pydantic_ai import exceptions as theirs

from spanwright.errors import CandidateFailed, SpanwrightError, UserBug, WorldFailed

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


@contextmanager
def boundary(subject: str = "agent") -> Generator[None]:
    """Translate what pydantic-ai raises inside the block; `subject` names the caller in messages.

    Raises CandidateFailed, WorldFailed or UserBug. Errors of ours and cancellation pass through unchanged.
    """
    try:
        yield
    except SpanwrightError:
        raise
    except _SETTINGS as error:
        raise UserBug("model settings", str(error), remedy="Check the model's name, the key and the account") from error
    except _WORLD as error:
        raise WorldFailed("model", str(error), retry_after=error_retry_after(error)) from error
    except (theirs.RunTimedOut, theirs.UsageLimitExceeded) as error:
        raise CandidateFailed("limit", str(error), signature=type(error).__name__) from error
    except theirs.ModelContextWindowExceededError as error:
        raise CandidateFailed("model", str(error), signature="context window") from error
    except theirs.ModelRequestRejectedError as error:
        # A 400: the only thing that differs between candidates is our text, so the seed decides whose fault it is.
        raise CandidateFailed("model", str(error), signature="request rejected") from error
    except theirs.ModelHTTPError as error:
        raise _http(error) from error
    except theirs.ModelAPIError as error:
        raise WorldFailed("model", str(error), retry_after=error.retry_after) from error
    except theirs.UnexpectedModelBehavior as error:
        raise CandidateFailed("output", str(error), signature=type(error).__name__) from error
    except theirs.UserError as error:
        raise UserBug(subject, str(error)) from error
    except (ConnectionError, TimeoutError) as error:
        raise WorldFailed(subject, f"{type(error).__name__}: {error}") from error
    except Exception as error:
        # The border to the user's own code: tools and programs may raise anything, and that is data about a rollout.
        kind = type(error).__name__
        raise CandidateFailed("program", f"{kind}: {error}", signature=f"{subject} {kind} {_where(error)}") from error


def error_retry_after(error: BaseException) -> float | None:
    """Return the seconds that the provider asked us to wait, if it said."""
    return error.retry_after if isinstance(error, theirs.ModelAPIError) else None


def is_transient(error: Exception) -> bool:
    """Return whether sending the same request again may succeed."""
    if isinstance(error, _SETTINGS):
        return False
    if isinstance(error, _WORLD):
        return True
    return isinstance(error, theirs.ModelHTTPError) and (
        error.status_code in (408, 409, 429) or error.status_code >= 500
    )


def _http(error: theirs.ModelHTTPError) -> SpanwrightError:
    if is_transient(error):
        return WorldFailed("model", str(error), retry_after=error.retry_after)
    return CandidateFailed("model", str(error), signature=f"HTTP {error.status_code}")


def _where(error: BaseException) -> str:
    """Return the file name and line that raised: failures from one place are failures of one kind."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return ""
    return f"{traceback.tb_frame.f_code.co_name}:{traceback.tb_lineno}"
