"""Sums of money, in cents."""

Cents = int


def percent(amount: Cents, points: int) -> Cents:
    """Return a share of an amount in hundredths of a percent (250 is 2.5 %), halves rounded up."""
    return (amount * points + 5_000) // 10_000


def split(amount: Cents, parts: int) -> list[Cents]:
    """Divide an amount into parts that differ by a cent at most and add up to it, the larger ones first."""
    each, left = divmod(amount, parts)
    return [each + 1] * left + [each] * (parts - left)


def shown(amount: Cents) -> str:
    """Return an amount as people read it: 123456 is "1,234.56"."""
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), 100)
    return f"{sign}{whole:,}.{rest:02d}"
