"""Who is to blame: the table of docs/design/blame.md, row by row, with the errors that pydantic-ai raises."""

import asyncio

import pytest
from pydantic_ai import exceptions as theirs

from spanwright.errors import CandidateFailed, SpanwrightError, UsageError, UserBug, WorldFailed
from spanwright.models import boundary, classified
from spanwright.models.boundary import error_retry_after, is_transient


def http(category: type[theirs.ModelAPIError], status: int, **headers: str) -> theirs.ModelHTTPError:
    """Return the error that pydantic-ai's models raise for an HTTP answer of a category."""
    error = theirs.ModelHTTPError.for_category(
        category=category, status_code=status, model_name="gpt", body={"message": "why"}, headers=headers
    )
    assert isinstance(error, category)
    return error


def plain(status: int) -> theirs.ModelHTTPError:
    """Return the error of a model that sorts its answers into no category."""
    return theirs.ModelHTTPError(status, "gpt", {"message": "why"})


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


OUTAGE = theirs.ModelConnectionError("gpt", "connection refused")
WORLD = {
    "rate limit": http(theirs.ModelRateLimitError, 429),
    "unavailable": http(theirs.ModelUnavailableError, 503),
    "overloaded": http(theirs.ModelOverloadedError, 529),
    "server error": http(theirs.ModelServerError, 500),
    "connection": OUTAGE,
    "model time-out": theirs.ModelTimeoutError("gpt", "timed out"),
    "request deadline": theirs.ModelRequestTimeout("gpt", 3.0),
    "too many queued": theirs.ConcurrencyLimitExceeded("full"),
    "plain 429": plain(429),
    "plain 502": plain(502),
    "plain 408": plain(408),
    "api error": theirs.ModelAPIError("gpt", "odd answer"),
    "broken pipe": BrokenPipeError("gone"),
    "time-out of a tool": TimeoutError(),
    "all of a fallback, one by an outage": theirs.FallbackExceptionGroup("all failed", [plain(401), plain(503)]),
    "a task group": ExceptionGroup("several", [ValueError("x"), ExceptionGroup("inner", [OUTAGE])]),
    "wrapped by the user's code": caused(RuntimeError("helper failed"), OUTAGE),
    "wrapped twice": caused(RuntimeError("outer"), caused(RuntimeError("inner"), OUTAGE)),
}
USER = {
    "authentication": http(theirs.ModelAuthenticationError, 401),
    "not found": http(theirs.ModelNotFoundError, 404),
    "quota": http(theirs.ModelQuotaExceededError, 429),
    "plain 401": plain(401),
    "plain 403": plain(403),
    "plain 404": plain(404),
    "misuse of pydantic-ai": theirs.UserError("no model was set"),
    "all of a fallback, by their settings": theirs.FallbackExceptionGroup("all failed", [plain(401), plain(403)]),
    "wrapped settings": caused(RuntimeError("helper failed"), plain(401)),
}
CANDIDATE = {
    "context window": (http(theirs.ModelContextWindowExceededError, 400), "model", "context window"),
    "rejected": (http(theirs.ModelRequestRejectedError, 400), "model", "request rejected"),
    "plain 400": (plain(400), "model", "HTTP 400"),
    "plain 422": (plain(422), "model", "HTTP 422"),
    "usage limit": (theirs.UsageLimitExceeded("50 requests"), "limit", "UsageLimitExceeded"),
    "run time-out": (theirs.RunTimedOut("too long"), "limit", "RunTimedOut"),
    "invalid output": (theirs.UnexpectedModelBehavior("retries"), "output", "UnexpectedModelBehavior"),
    "content filter": (theirs.ContentFilterError("filtered"), "output", "ContentFilterError"),
    "cut tool call": (theirs.IncompleteToolCall("cut"), "output", "IncompleteToolCall"),
    "a tool's exception": (LookupError("no such order"), "program", "agent a LookupError "),
    "a task group of bugs": (ExceptionGroup("several", [KeyError("x"), KeyError("y")]), "program", "agent a KeyError "),
}


@pytest.mark.parametrize("error", WORLD.values(), ids=WORLD)
def test_the_world_is_to_blame(error: Exception) -> None:
    assert isinstance(classified(error, "agent a"), WorldFailed)


@pytest.mark.parametrize("error", USER.values(), ids=USER)
def test_the_user_is_to_blame(error: Exception) -> None:
    assert isinstance(classified(error, "agent a"), UserBug)


@pytest.mark.parametrize(("error", "where", "signature"), CANDIDATE.values(), ids=CANDIDATE)
def test_the_candidate_is_to_blame(error: Exception, where: str, signature: str) -> None:
    found = classified(error, "agent a")

    assert isinstance(found, CandidateFailed)
    assert (where, signature) == (found.boundary, found.signature)


def test_every_error_of_a_models_answer_has_a_row() -> None:
    listed = {type(error) for error in (*WORLD.values(), *USER.values(), *(row[0] for row in CANDIDATE.values()))}
    missing = [
        kind.__name__
        for kind in vars(theirs).values()
        if isinstance(kind, type)
        and issubclass(kind, theirs.ModelAPIError)
        and not kind.__name__.startswith("_")
        and not any(issubclass(each, kind) for each in listed)
    ]

    assert [] == missing


def test_how_long_the_world_asked_to_wait_is_kept() -> None:
    limited = http(theirs.ModelRateLimitError, 429, **{"retry-after": "7"})
    sooner = http(theirs.ModelRateLimitError, 429, **{"retry-after": "2"})

    assert 7.0 == classified(limited).retry_after
    assert 2.0 == error_retry_after(theirs.FallbackExceptionGroup("all failed", [limited, plain(503), sooner]))
    assert classified(plain(503)).retry_after is None


def test_failures_from_one_place_are_failures_of_one_kind() -> None:
    def fail(with_what: str) -> CandidateFailed:
        with pytest.raises(CandidateFailed) as failed, boundary("agent a"):
            raise LookupError(with_what)
        return failed.value

    def fail_elsewhere() -> CandidateFailed:
        with pytest.raises(CandidateFailed) as failed, boundary("agent a"):
            raise LookupError("x")
        return failed.value

    assert fail("x").signature == fail("y").signature != fail_elsewhere().signature
    assert "LookupError: x" == fail("x").message


@pytest.mark.parametrize("error", [UsageError("what", "remedy"), UserBug("where", "what"), WorldFailed("a", "b")])
def test_errors_of_ours_pass_unchanged(error: SpanwrightError) -> None:
    with pytest.raises(SpanwrightError) as raised, boundary():
        raise error

    assert error is raised.value
    assert error is classified(error)


def test_the_original_is_the_cause_and_cancellation_passes() -> None:
    with pytest.raises(WorldFailed) as failed, boundary():
        raise OUTAGE
    with pytest.raises(asyncio.CancelledError), boundary():
        raise asyncio.CancelledError

    assert OUTAGE is failed.value.__cause__


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (plain(429), True),
        (plain(500), True),
        (plain(409), True),
        (OUTAGE, True),
        (http(theirs.ModelQuotaExceededError, 429), False),
        (plain(400), False),
        (plain(401), False),
        (theirs.UnexpectedModelBehavior("odd"), False),
        (theirs.FallbackExceptionGroup("all failed", [plain(400), plain(503)]), True),
        (theirs.FallbackExceptionGroup("all failed", [plain(400), plain(401)]), False),
    ],
)
def test_only_what_may_pass_is_sent_again(error: Exception, *, again: bool) -> None:
    assert again == is_transient(error)
