"""Tables for people."""

from wharf.money import shown
from wharf.quotes import Quote


def table(quotes: list[Quote]) -> str:
    """Return offers as lines of text, the cheapest first."""
    rows = sorted(quotes, key=lambda each: each.total)
    width = max((len(each.carrier) for each in rows), default=0)
    return "\n".join(f"{each.carrier:<{width}}  {shown(each.total):>10}  {each.days:>3} days" for each in rows)


def itemized(one: Quote) -> str:
    """Return an offer with its lines and its sum."""
    lines = [f"{name:<12} {shown(amount):>10}" for name, amount in one.lines]
    return "\n".join([*lines, f"{'total':<12} {shown(one.total):>10}"])
