"""Instructions of IFBench that count: words, names, numbers, pronouns, shares, and how often something comes."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

from spanwright_evaluators.paper.instructions.given import Check, Given, words_of
from spanwright_evaluators.paper.instructions.language import (
    sentences,
    stop_words,
    tokens,
    trimmed,
    unpunctuated,
    words,
)

_CONJUNCTIONS: Final = frozenset({"and", "but", "for", "nor", "or", "so", "yet"})
NAMES: Final = words_of("names")
_PRONOUNS: Final = frozenset(words_of("pronouns"))
_TIMES: Final = (("keyword1", 1), ("keyword2", 2), ("keyword3", 3), ("keyword4", 5), ("keyword5", 7))


def _word_range(text: str, given: Given) -> bool:
    return given.number("min_words") <= len(words(text)) <= given.number("max_words")


def _unique_words(text: str, given: Given) -> bool:
    return len({trimmed(word) for word in text.lower().split()}) >= given.number("N")


def _stop_words(text: str, given: Given) -> bool:
    count = len(words(text))
    return bool(count) and 100 * stop_words(text) / count <= given.number("percentage")


def _two_to_one(text: str, given: Given) -> bool:
    ends = Counter(sentence[-1:] for sentence in sentences(text))
    return ends["."] == 2 * ends["?"]


def _balanced(text: str, given: Given) -> bool:
    ends = Counter(sentence[-1:] for sentence in sentences(text))
    return ends["."] == ends["?"] == ends["!"]


def _conjunctions(text: str, given: Given) -> bool:
    found = {word for word in text.split() if trimmed(word).lower() in _CONJUNCTIONS}
    return len(found) >= given.number("small_n")


def _names(text: str, given: Given) -> bool:
    return sum(bool(re.search(rf"\b{name}\b", text)) for name in NAMES) >= given.number("N")


def _overlap(text: str, given: Given) -> bool:
    """Compare trigrams of characters, as the benchmark does."""
    mine, theirs = (
        {each[place : place + 3] for place in range(len(each) - 2)} for each in (text, given.text("reference_text"))
    )
    return bool(mine) and abs(100 * len(mine & theirs) / len(mine) - given.number("percentage")) <= 2


def _numbers(text: str, given: Given) -> bool:
    return len(re.findall(r"\d+", unpunctuated(text))) == given.number("N")


def _punctuation(text: str, given: Given) -> bool:
    if not any(mark in text for mark in ("?!", "!?", "‽")):
        return False
    rest = text.replace("?!", "", 1)
    rest = text.replace("!?", "", 1) if rest == text else rest
    return all(mark in rest for mark in ".,!?;:")


def _pronouns(text: str, given: Given) -> bool:
    return sum(word in _PRONOUNS for word in tokens(text.replace("/", " ").lower())) >= given.number("N")


def _repeats(text: str, given: Given) -> bool:
    counts = Counter(unpunctuated(text.lower()).split())
    return max(counts.values(), default=0) <= given.number("small_n")


def _keywords(text: str, given: Given) -> bool:
    low = text.lower()
    return all(low.count(given.text(name).strip().lower()) == times for name, times in _TIMES)


def _same_length(text: str, given: Given) -> bool:
    lengths = [len(sentence.strip()) for sentence in sentences(text)]
    return len(lengths) == 3 and len(set(lengths)) == 1


COUNTING: Final[Mapping[str, Check]] = {
    "count:word_count_range": _word_range,
    "count:unique_word_count": _unique_words,
    "count:conjunctions": _conjunctions,
    "count:person_names": _names,
    "count:numbers": _numbers,
    "count:punctuation": _punctuation,
    "count:pronouns": _pronouns,
    "count:keywords_multiple": _keywords,
    "ratio:stop_words": _stop_words,
    "ratio:sentence_type": _two_to_one,
    "ratio:sentence_balance": _balanced,
    "ratio:overlap": _overlap,
    "ratio:sentence_words": _same_length,
    "words:repeats": _repeats,
}
