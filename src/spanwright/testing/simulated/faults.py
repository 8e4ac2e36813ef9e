"""How a simulated server fails: rules that say what happens, how often and to which models.

Faults are drawn from a stream of their own, keyed by the how-manieth arrival of a request, never from the stream of the
answers: a request that failed and is repeated draws the answer that it would have had.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from math import inf

from spanwright.testing.simulated.request import ApiError
from spanwright.testing.simulated.wire import ChatReply, Draws


class FaultKind(StrEnum):
    """What goes wrong."""

    RATE_LIMIT = "429"
    SERVER_ERROR = "500"
    UNAVAILABLE = "503"
    UNAUTHORIZED = "401"
    SLOW = "slow"
    """The answer is good, and its first byte comes the rule's `seconds` late."""
    HANG = "hang"
    """No answer until the client leaves, or until the rule's `seconds` are over and a gateway answers 504."""
    RESET = "reset"
    """The connection breaks in the middle of the answer."""
    TRUNCATED = "truncated"
    """The answer's JSON ends in the middle, though the connection is fine."""
    EMPTY_CHOICES = "empty"
    WRONG_SCHEMA = "schema"
    """JSON that is no chat completion, with status 200: a gateway's own envelope."""
    HUGE = "huge"
    """The answer is good, with 8 MB in a field that nobody asked for; a streamed one is not touched."""
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
    """Of 429 and 503: the seconds that `retry-after` asks to wait; None leaves the headers out."""
    reset_after: float | None = None
    """Of 429: the seconds that `x-ratelimit-reset-requests` tells, as OpenAI writes them; None leaves it out."""
    seconds: float = 600.0
    """Of a hang: how long it lasts at most; of a slow answer: how late it begins."""
    between: tuple[float, float] = (0.0, inf)
    """A storm: the rule holds from so many to so many seconds after the server's first request."""
    above: int = 0
    """The rule holds only while more of its models' requests than this are in flight, this one included."""

    def holds(self, moment: "Moment") -> bool:
        """Return whether the rule may strike a request that arrives now."""
        if not fnmatchcase(moment.model, self.models) or not self.between[0] <= moment.age < self.between[1]:
            return False
        return sum(count for model, count in moment.in_flight.items() if fnmatchcase(model, self.models)) > self.above


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When a request arrives, as far as rules look at it."""

    model: str
    age: float = 0.0
    """Seconds since the server's first request."""
    in_flight: Mapping[str, int] = field(default_factory=dict[str, int])
    """Requests in flight by model, this one included."""


def drawn_fault(faults: Sequence[Fault], moment: Moment, draws: Draws) -> Fault | None:
    """Return the one rule that strikes this arrival, if any; the probabilities of several rules add up."""
    left = draws.uniform("fault")
    for fault in faults:
        if fault.holds(moment):
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
                reset_after=fault.reset_after,
            )
        case FaultKind.UNAUTHORIZED:
            return ApiError(status=401, code="invalid_api_key", message="Incorrect API key provided: simulated.")
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
