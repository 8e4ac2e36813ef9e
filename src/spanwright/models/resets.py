"""When a rate limit is whole again, as providers tell it in headers where they send no Retry-After.

OpenAI, Groq, Together   x-ratelimit-remaining-requests: 0, x-ratelimit-reset-requests: 6m0s, 1.5s, 20ms
Anthropic                anthropic-ratelimit-requests-remaining: 0, ...-reset: 2026-01-01T00:00:00Z
the IETF's draft         ratelimit-remaining: 0, ratelimit-reset: 30
OpenRouter, others       x-ratelimit-remaining: 0, x-ratelimit-reset: 1767268812, or the same in milliseconds
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Final

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+")
_EPOCH: Final = 1e9
"""A number from here on is no wait but a time: seconds since the epoch, or a thousand times as large, milliseconds."""
_PIECE: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def _now() -> datetime:
    return datetime.now(UTC)


def seconds_to_reset(headers: Mapping[str, str], now: Callable[[], datetime] = _now) -> float | None:
    """Return the seconds until the last of the limits that are used up is whole again; None where none says so."""
    told = {name.lower(): value.strip() for name, value in headers.items()}
    waits = [
        wait
        for name, value in told.items()
        if "ratelimit" in name and "reset" in name and told.get(name.replace("reset", "remaining")) == "0"
        if (wait := _seconds(value, now)) is not None
    ]
    return max(waits, default=None)


def _seconds(value: str, now: Callable[[], datetime]) -> float | None:
    if _DURATION.fullmatch(value):
        return sum(float(amount) * _UNITS[unit] for amount, unit in _PIECE.findall(value))
    try:
        return _of_number(float(value), now)
    except ValueError:
        pass
    try:
        return max(0.0, (datetime.fromisoformat(value) - now()).total_seconds())
    except (ValueError, TypeError):  # TypeError: a time without a zone
        return None


def _of_number(number: float, now: Callable[[], datetime]) -> float | None:
    if not isfinite(number):
        return None
    if number >= _EPOCH:
        number = (number / 1000 if number >= 1000 * _EPOCH else number) - now().timestamp()
    return max(0.0, number)
