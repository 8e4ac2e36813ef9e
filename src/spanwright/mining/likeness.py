"""Which texts are nearly the same: the Jaccard index of their sets of words, exactly, without comparing all pairs.

Words are runs of letters and digits in lower case; a placeholder counts as its kind alone, so that two questions that
differ in an address are one. likeness = words in both / words in either.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

_WORD = re.compile(r"\w+")
_NUMBERED = re.compile(r"<([a-z]+)-\d+>")


def words(text: str) -> frozenset[str]:
    """Return the set of words by which texts are compared."""
    return frozenset(_WORD.findall(_NUMBERED.sub(r"\1", text).lower()))


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the Jaccard index of two sets, 1 for two empty ones."""
    return len(one & other) / len(one | other) if one or other else 1.0


class Alike:
    """Texts that were taken so far, and which of them a new one is nearly the same as.

    Two sets of at least the likeness t share one of the first |a| - ceil(t·|a|) + 1 words of each, when all words are
    ordered alike: only those are indexed. Rare words come first, so that few texts share them.
    """

    def __init__(self, texts: Sequence[str], least: float) -> None:
        frequent = Counter(word for text in texts for word in words(text))
        self._order = {word: (count, word) for word, count in frequent.items()}
        self._least = least
        self._sets = list[frozenset[str]]()
        self._by_word: defaultdict[str, list[int]] = defaultdict(list)

    def place(self, text: str) -> int | None:
        """Return the number of the text that is nearly the same, the first one; else take this one in."""
        number = self.find(text)
        if number is not None:
            return number
        own = words(text)
        for word in self._first(own):
            self._by_word[word].append(len(self._sets))
        self._sets.append(own)
        return None

    def find(self, text: str) -> int | None:
        """Return the number of the text that is nearly the same, the first one; None where none is."""
        own = words(text)
        numbers = {number for word in self._first(own) for number in self._by_word.get(word, ())}
        return next((each for each in sorted(numbers) if likeness(own, self._sets[each]) >= self._least), None)

    def _first(self, own: frozenset[str]) -> Iterator[str]:
        ordered = sorted(own or {""}, key=lambda word: self._order.get(word, (0, word)))
        yield from ordered[: len(ordered) - math.ceil(self._least * len(ordered) - 1e-9) + 1]
