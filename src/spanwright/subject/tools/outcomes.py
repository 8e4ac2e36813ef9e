"""What a call of a tool came to, as JSON and back: a result, a retry, a failure, a deferral, or an exception.

A result comes back as the model saw it: objects of the user's own classes as plain JSON, images and documents whole.
Failures of the world are no outcome: a replayed outage would be one for ever.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from pydantic import TypeAdapter
from pydantic_ai.exceptions import ApprovalRequired, CallDeferred, ModelRetry, ToolFailed
from pydantic_ai.messages import ToolReturn
from pydantic_core import PydanticSerializationError, to_jsonable_python

from spanwright.errors import CandidateFailed, UserBug
from spanwright.models import classified
from spanwright.subject.tools.calls import RehearsedCall

_RETURN: TypeAdapter[ToolReturn[Any]] = TypeAdapter(ToolReturn[Any])


class Came(StrEnum):
    """What a call came to."""

    RETURNED = "returned"
    RETURNED_MORE = "returned more"
    """A ToolReturn: a result with content or metadata beside it."""
    RETRY = "retry"
    FAILED = "failed"
    DEFERRED = "deferred"
    APPROVAL = "approval"
    RAISED = "raised"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one call came to."""

    came: Came
    value: object = None
    """The result, or the words of an error, as JSON."""


def outcome_of(result: object, call: RehearsedCall) -> Outcome:
    """Return a result as an outcome. Raises UserBug for one that is no JSON, which no model could be sent either."""
    more = isinstance(result, ToolReturn)
    told = cast("ToolReturn[Any]", result) if more else ToolReturn[Any](result)
    try:
        plain = cast("dict[str, object]", _RETURN.dump_python(told, mode="json", by_alias=True))
    except PydanticSerializationError as error:
        raise UserBug(call.named, f"its result cannot be recorded: {error}", case=call.case) from error
    return (
        Outcome(came=Came.RETURNED_MORE, value=plain)
        if more
        else Outcome(came=Came.RETURNED, value=plain["return_value"])
    )


def outcome_of_error(error: Exception, call: RehearsedCall) -> Outcome | None:
    """Return an exception of a tool as an outcome; None for one that says nothing about the tool."""
    match error:
        case ModelRetry():
            return Outcome(came=Came.RETRY, value=error.message)
        case ToolFailed():
            return Outcome(came=Came.FAILED, value=error.message)
        case CallDeferred():
            return Outcome(came=Came.DEFERRED, value=to_jsonable_python(error.metadata, fallback=repr))
        case ApprovalRequired():
            return Outcome(came=Came.APPROVAL, value=to_jsonable_python(error.metadata, fallback=repr))
        case _:
            blamed = classified(error, call.named)
            told = isinstance(blamed, CandidateFailed) and blamed is not error and blamed.boundary == "program"
            return Outcome(came=Came.RAISED, value=f"{type(error).__name__}: {error}") if told else None


def replayed(outcome: Outcome, call: RehearsedCall) -> object:
    """Return what the call returned, or raise what it raised.

    An exception of the user's own comes as CandidateFailed: whose fault it is, the seed's rollouts tell as ever.
    """
    match outcome.came:
        case Came.RETURNED:
            return _RETURN.validate_python({"return_value": outcome.value}).return_value
        case Came.RETURNED_MORE:
            return _RETURN.validate_python(outcome.value)
        case _:
            raise _error(outcome, call)


def _error(outcome: Outcome, call: RehearsedCall) -> Exception:
    value = outcome.value
    match outcome.came:
        case Came.RETRY:
            return ModelRetry(str(value))
        case Came.FAILED:
            return ToolFailed(str(value))
        case Came.DEFERRED:
            return CallDeferred(cast("dict[str, Any] | None", value))
        case Came.APPROVAL:
            return ApprovalRequired(cast("dict[str, Any] | None", value))
        case _:
            words = str(value)
            return CandidateFailed(call.named, words, signature=f"{call.named} {words.partition(':')[0]}")
