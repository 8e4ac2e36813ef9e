"""How reports write figures: scores, intervals, spending and time, in as few characters as tell the truth."""

import math

from spanwright.core.usage import Usage
from spanwright.search.statistics import Interval

_FINE = 0.005
"""Below it two decimals are all zeros."""
_COARSE = 1000
"""From it on decimals tell nothing."""
_MINUTE = 60
_HOUR = 3600


def score(value: float | None) -> str:
    """Return a score with two decimals, unless they say nothing on its scale; a dash where there is none."""
    return "-" if value is None or math.isnan(value) else f"{value:{_digits(value)}}"


def _digits(*values: float) -> str:
    """Return how figures of one scale are written: as the largest of them needs it."""
    size = max(map(abs, values))
    return ".2g" if 0 < size < _FINE else ".2f" if size < _COARSE else ",.0f"


def two_scores(before: float, after: float) -> tuple[str, str]:
    """Return two scores of any scale in as many digits as it takes to tell them apart, but no fewer than four."""
    digits = next((each for each in range(4, 12) if f"{before:.{each}g}" != f"{after:.{each}g}"), 4)
    return f"{before:.{max(digits, 6)}g}", f"{after:.{max(digits, 6)}g}"


def interval(of: Interval, *, signed: bool = False) -> str:
    """Return a mean with its interval; one that nothing bounds is left away."""
    ends = (of.low, of.high) if math.isfinite(of.low) and math.isfinite(of.high) else ()
    style = ("+" if signed else "") + _digits(of.mean, *ends)
    mean = f"{of.mean:{style}}"
    if not ends:
        return mean
    return f"{mean} [{of.low:{style}}, {of.high:{style}}]"


def count(number: int) -> str:
    """Return a large number in thousands or millions."""
    if number < 10_000:
        return f"{number:,}"
    return f"{number / 1000:,.0f} k" if number < 1_000_000 else f"{number / 1_000_000:,.1f} M"


def approximate_tokens(text: str) -> int:
    """Return about how many tokens a text is, four bytes each: tokenizers differ, and none is asked."""
    return -(-len(text.encode("utf-8", "replace")) // 4)


def dollars(usd: float) -> str:
    """Return an amount of money; small ones with two digits that count."""
    if usd == 0 or usd >= 0.1:
        return f"${usd:,.2f}"
    return f"${usd:.2g}" if usd >= 0.0001 else "under $0.0001"


def cost(usage: Usage) -> str:
    """Return what is known of the price of a usage."""
    return cost_of(usage.usd, usage.unpriced)


def cost_of(usd: float, unpriced: int) -> str:
    """Return what is known of the price of requests, some of which may have none."""
    if unpriced and not usd:
        return "price unknown"
    return dollars(usd) + (f" and {count(unpriced)} requests of unknown price" if unpriced else "")


def spent(usage: Usage) -> str:
    """Return a usage in words."""
    parts = [
        number(usage.rollouts, "rollout"),
        number(usage.reflections, "reflection"),
        number(usage.requests, "request"),
        number(usage.tokens, "token"),
        cost(usage),
    ]
    return ", ".join(parts)


def number(of: int, noun: str) -> str:
    """Return a count with its noun, in the plural where that is due."""
    return f"{count(of)} {noun}" + ("" if of == 1 else "s")


def duration(seconds: float) -> str:
    """Return a span of time in seconds, minutes or hours."""
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02d} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02d} min"
