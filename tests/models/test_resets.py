"""When a limit is whole again, in every form in which providers tell it."""

from datetime import UTC, datetime

import pytest

from spanwright.models.resets import seconds_to_reset

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def told(value: str, *, remaining: str = "0", name: str = "x-ratelimit-{}-requests") -> float | None:
    headers = {name.format("remaining"): remaining, name.format("reset"): value}
    return seconds_to_reset(headers, lambda: NOW)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("20ms", 0.02),
        ("1s", 1.0),
        ("1.5s", 1.5),
        ("1m30s", 90.0),
        ("6m0s", 360.0),
        ("1h2m3s", 3_723.0),
        ("1d", 86_400.0),
        ("2m59.56s", 179.56),
        ("0s", 0.0),
        ("30", 30.0),
        ("0.25", 0.25),
        (" 7 ", 7.0),
        ("-3", 0.0),
        ("2026-01-01T12:00:30Z", 30.0),
        ("2026-01-01T13:00:30+01:00", 30.0),
        ("2026-01-01T11:59:00Z", 0.0),
    ],
)
def test_durations_seconds_and_times_are_read(value: str, seconds: float) -> None:
    assert seconds == pytest.approx(told(value))


def test_seconds_since_the_epoch_are_a_time_and_no_wait_of_fifty_years() -> None:
    assert told(f"{NOW.timestamp() + 12:.0f}") == pytest.approx(12.0)
    assert told(f"{(NOW.timestamp() + 12) * 1000:.0f}") == pytest.approx(12.0), "in milliseconds, too"
    assert told(f"{NOW.timestamp() - 5:.0f}") == pytest.approx(0.0)


@pytest.mark.parametrize("value", ["", "soon", "1m30", "30 seconds", "2026-01-01T12:00:30", "nan", "inf", "1e9999"])
def test_what_says_no_time_says_nothing(value: str) -> None:
    assert told(value) is None


def test_a_limit_that_is_not_used_up_says_nothing() -> None:
    assert told("1m30s", remaining="17") is None
    assert seconds_to_reset({"x-ratelimit-reset-requests": "1m30s"}, lambda: NOW) is None


def test_of_several_limits_that_are_used_up_the_last_one_counts() -> None:
    headers = {
        "X-RateLimit-Remaining-Requests": "0",
        "X-RateLimit-Reset-Requests": "2s",
        "X-RateLimit-Remaining-Tokens": "0",
        "X-RateLimit-Reset-Tokens": "6m0s",
        "x-ratelimit-remaining-images": "3",
        "x-ratelimit-reset-images": "9h",
    }

    assert 360.0 == seconds_to_reset(headers, lambda: NOW)


@pytest.mark.parametrize("kind", ["requests", "tokens", "input-tokens", "output-tokens"])
def test_anthropics_names_put_the_word_last(kind: str) -> None:
    assert told("2026-01-01T12:00:07Z", name=f"anthropic-ratelimit-{kind}-{{}}") == pytest.approx(7.0)


def test_the_ietfs_draft_has_no_prefix() -> None:
    assert told("30", name="ratelimit-{}") == pytest.approx(30.0)
