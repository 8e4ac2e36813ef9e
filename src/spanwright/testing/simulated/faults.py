"""How a simulated server fails: rules that say what happens, how often and to which models.

Faults are drawn from a stream of their own, keyed by the how-manieth arrival of a request, never from the stream of the
answers: a request that failed and is repeated draws the answer that it would have had.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase

from spanwright.testing.simulated.request import ApiError
from spanwright.testing.simulated.wire import ChatReply, Draws


class FaultKind(StrEnum):
    """What goes wrong."""

    RATE_LIMIT = "429"
    SERVER_ERROR = "500"
    UNAVAILABLE = "503"
    HANG = "hang"
    """No answer until the client leaves, or until the rule's `seconds` are over and a gateway answers 504."""
    RESET = "reset"
    """The connection breaks in the middle of the answer."""
    TRUNCATED = "truncated"
    """The answer's JSON ends in the middle, though the connection is fine."""
    EMPTY_CHOICES = "empty"
    BAD_ARGUMENTS = "arguments"
    """Each tool call's arguments are invalid JSON; an answer without tool calls is not touched."""
    LENGTH = "length"
    """Half of the answer, with finish_reason `length`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One rule: with this probability, this goes wrong."""

    kind: FaultKind
    probability: float
    models: str = "*"
    """A glob: whose requests fail."""
    retry_after: float | None = None
    """Of 429 and 503: the seconds that the headers ask to wait; None leaves the headers out."""
    seconds: float = 600.0
    """Of a hang: how long it lasts at most."""


def drawn_fault(faults: Sequence[Fault], model: str, draws: Draws) -> Fault | None:
    """Return the one rule that strikes this arrival, if any; the probabilities of several rules add up."""
    left = draws.uniform("fault")
    for fault in faults:
        if fnmatchcase(model, fault.models):
            if left < fault.probability:
                return fault
            left -= fault.probability
    return None


def error_of(fault: Fault, model: str) -> ApiError | None:
    """Return the error that answers instead of the model; None where the model answers and the answer is spoiled."""
    match fault.kind:
        case FaultKind.RATE_LIMIT:
            wait = "" if fault.retry_after is None else f" Please try again in {fault.retry_after:g}s."
            return ApiError(
                status=429,
                type="requests",
                code="rate_limit_exceeded",
                message=f"Rate limit reached for {model} in organization org-simulated on requests per min (RPM): "
                f"Limit 500, Used 500, Requested 1.{wait}",
                retry_after=fault.retry_after,
            )
        case FaultKind.SERVER_ERROR:
            return ApiError(
                status=500,
                type="server_error",
                message="The server had an error while processing your request. Sorry about that!",
            )
        case FaultKind.UNAVAILABLE:
            return ApiError(
                status=503,
                type="server_error",
                message="The engine is currently overloaded, please try again later",
                retry_after=fault.retry_after,
            )
        case FaultKind.HANG:
            return ApiError(status=504, type="server_error", message="upstream request timeout")
        case _:
            return None


def with_bad_arguments(reply: ChatReply) -> ChatReply:
    """Return the reply with each call's arguments broken as models break them: the closing brace is missing."""
    broken = (replace(call, arguments=call.arguments.rstrip().removesuffix("}") + ",") for call in reply.calls)
    return replace(reply, calls=tuple(broken))
