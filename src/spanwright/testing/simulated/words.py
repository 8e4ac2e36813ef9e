"""Ordinary English for simulated models: stems, so that "refunds", "refunded" and "refunding" are one word."""

import re
from functools import lru_cache
from typing import Final

_WORD: Final = re.compile(r"[A-Za-z]+|\d+")
_SUFFIX: Final = re.compile(r"(?:ing|ments?|ions?|ers?|ed|es|s|e)$")
_STOP: Final = """
    a an and any are as at be been by can do does for from had has have he her him his how i if in into is it
    its me my no not of on or our out please she so some than that the their them then there these they this
    those to up us was we were what when which who will with would you your hello hi hey thanks thank could
    should must may might just also
"""
STOP: Final = frozenset(_STOP.split())


def stem(word: str) -> str:
    """Cut the ending of one word."""
    lower = word.lower()
    cut = _SUFFIX.sub("", lower)
    return cut if len(cut) >= 3 else lower


@lru_cache(maxsize=32_768)  # the same names and descriptions come back with every request
def stems(text: str) -> frozenset[str]:
    """Return the stems of the words that carry meaning; `snake_case` and `camelCase` names fall into their words."""
    return frozenset(stem(word) for word in _WORD.findall(split_name(text)) if word.lower() not in STOP)


def split_name(text: str) -> str:
    """Part the words of names as programmers write them."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text).replace("_", " ")
