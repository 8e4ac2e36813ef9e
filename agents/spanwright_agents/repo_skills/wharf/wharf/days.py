"""Working days."""

from datetime import date, timedelta

HOLIDAYS = frozenset({(1, 1), (5, 1), (12, 25), (12, 26)})
"""Month and day."""


def works(day: date) -> bool:
    """Say whether anything moves on a day."""
    return day.weekday() < 5 and (day.month, day.day) not in HOLIDAYS


def arrival(sent: date, days: int) -> date:
    """Return the day on which something arrives that takes so many working days after the day it was sent."""
    day = sent
    while days > 0:
        day += timedelta(days=1)
        if works(day):
            days -= 1
    return day


def between(first: date, last: date) -> int:
    """Return the number of working days after the first day, up to and with the last."""
    return sum(works(first + timedelta(days=each)) for each in range(1, (last - first).days + 1))
