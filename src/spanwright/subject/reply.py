"""What a service answered: its output, or an error and whose fault it is.

A service that says so decides. Otherwise the status does: what asks to be tried again is the world's, what is wrong
with address or format is the user's, and a 500 is an exception of the program, which a candidate may have brought
about; if the unchanged agent shows it in most cases, the run ends with it as the user's bug.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import httpx
from pydantic import BaseModel, ConfigDict, JsonValue, NonNegativeInt, ValidationError

from spanwright.core.candidate import ComponentId
from spanwright.errors import CandidateFailed, SpanwrightError, UserBug, WorldFailed

_WORLD = frozenset({408, 425, 429, 502, 503, 504})
_MOST_WORDS = 2_000
_REMEDY = 'Answer {"output": ...} in JSON'


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer that could be read."""

    output: JsonValue = None
    spans: int | None = None
    """How many spans the service has sent for this request, if it says so."""
    error: SpanwrightError | None = None


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    output: JsonValue = None
    spans: NonNegativeInt | None = None
    error: str | None = None
    blame: Literal["candidate", "world", "user"] | None = None


class _Texts(BaseModel):
    texts: Mapping[ComponentId, str]


def answered(response: httpx.Response) -> Answered:
    """Read an answer, errors included."""
    try:
        body = _Body.model_validate_json(response.content)
    except ValidationError as error:
        if response.is_success:
            problem = f"the answer cannot be read: {error.errors()[0]['msg']}; it begins {response.text[:80]!r}"
            return Answered(error=UserBug("the service", problem, remedy=_REMEDY))
        body = _Body()
    if response.is_success and body.error is None:
        if "output" in body.model_fields_set:
            return Answered(output=body.output, spans=body.spans)
        return Answered(
            error=UserBug("the service", "the answer has no output", remedy='Answer {"output": ...} in JSON')
        )
    message = (body.error or f"HTTP {response.status_code}: {response.text}")[:_MOST_WORDS]
    return Answered(spans=body.spans, error=_blamed(body.blame or _by_status(response.status_code), message, response))


def described_texts(response: httpx.Response) -> Mapping[ComponentId, str]:
    """Read the texts that a service says it has. Raises httpx.HTTPError for any other answer."""
    response.raise_for_status()
    try:
        return _Texts.model_validate_json(response.content).texts
    except ValidationError as error:
        raise httpx.DecodingError(error.errors()[0]["msg"], request=response.request) from error


def _by_status(status: int) -> Literal["candidate", "world", "user"]:
    if status in _WORLD:
        return "world"
    return "candidate" if status >= 500 or status < 300 else "user"


def _blamed(blame: Literal["candidate", "world", "user"], message: str, response: httpx.Response) -> SpanwrightError:
    match blame:
        case "world":
            return WorldFailed("service", message, retry_after=_retry_after(response))
        case "user":
            return UserBug("the service", message)
        case "candidate":
            return CandidateFailed("program", message, signature=f"service HTTP {response.status_code}")


def _retry_after(response: httpx.Response) -> float | None:
    asked = response.headers.get("retry-after", "")
    return float(asked) if asked.isdecimal() else None
