"""Instructions of IFBench about words: their letters, lengths and order, and where a word has to stand."""

import re
from collections.abc import Mapping
from itertools import pairwise
from string import ascii_lowercase
from typing import Final

from spanwright_evaluators.paper.instructions.given import Check, Given
from spanwright_evaluators.paper.instructions.language import (
    PUNCTUATION,
    begins_with_verb,
    sentences,
    syllables,
    tokens,
    trimmed,
    unpunctuated,
)

_PRIMES: Final = frozenset(
    (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97)
)
_CLUSTER: Final = re.compile(r"[bcdfghjklmnpqrstvwxyz]{2}")
_JAPANESE: Final = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


def _alphabet(text: str, given: Given) -> bool:
    found = trimmed(unpunctuated(text)).lower().split()
    if not found or found[0][0] not in ascii_lowercase:
        return False
    start = ascii_lowercase.index(found[0][0])
    return all(word[0] == ascii_lowercase[(start + place) % 26] for place, word in enumerate(found))


def _vowels(text: str, given: Given) -> bool:
    bare = text.strip()
    return "\n" not in bare and len(set(bare.lower()) & set("aeiou")) <= 3


def _clusters(text: str, given: Given) -> bool:
    return all(_CLUSTER.search(word) for word in text.lower().split())


def _alliteration(text: str, given: Given) -> bool:
    before = -1
    for sentence in sentences(text):
        found = [bare for word in sentence.lower().split() if (bare := word.lstrip(f"{PUNCTUATION} "))]
        count = _alliterating(found)
        if count <= before:
            return False
        before = count
    return True


def _alliterating(found: list[str]) -> int:
    """Count the words in runs that begin with the same letter."""
    alike = [one[0] == other[0] for one, other in pairwise(found)]
    return sum(1 if before else 2 for before, this in zip([False, *alike], alike, strict=False) if this)


def _palindromes(text: str, given: Given) -> bool:
    found = [word for word in unpunctuated(text).lower().split() if len(word) >= 5 and word == word[::-1]]
    return len(found) >= 10


def _prime_lengths(text: str, given: Given) -> bool:
    return all(len(word) in _PRIMES for word in unpunctuated(text).split())


def _japanese(text: str, given: Given) -> bool:
    every = given.whole("N")
    nth = (trimmed(word) for word in text.split()[every - 1 :: every])
    return all(_JAPANESE.search(word) for word in nth if word and not word.isdigit())


def _verb(text: str, given: Given) -> bool:
    return begins_with_verb(text)


def _keyword_in_sentence(text: str, given: Given) -> bool:
    found, place = sentences(text), given.whole("N")
    return len(found) >= place and bool(
        re.search(rf"\b{re.escape(given.text('word'))}\b", found[place - 1], re.IGNORECASE)
    )


def _syllables(text: str, given: Given) -> bool:
    parities = [syllables(word) % 2 for word in unpunctuated(text).lower().split()]
    return all(one != other for one, other in pairwise(parities))


def _chained_sentences(text: str, given: Given) -> bool:
    for one, other in pairwise(sentences(text)):
        last, first = one.rstrip(f"{PUNCTUATION} ").split(), other.lstrip(f"{PUNCTUATION} ").split()
        if not last or not first or last[-1].lower() != first[0].lower():
            return False
    return True


def _framed_paragraphs(text: str, given: Given) -> bool:
    parts = (trimmed(part.strip().lower()).split() for part in text.split("\n"))
    return all(found[0] == found[-1] for found in parts if found)


def _growing_sentences(text: str, given: Given) -> bool:
    lengths = [len(unpunctuated(sentence).split()) for sentence in sentences(text)]
    return bool(lengths) and all(other == one + given.number("small_n") for one, other in pairwise(lengths))


def _no_consecutive(text: str, given: Given) -> bool:
    return all(one[0] != other[0] for one, other in pairwise(unpunctuated(text.lower()).split()))


def _keyword_at(text: str, given: Given) -> bool:
    found, sentence, place = sentences(text), given.whole("n"), given.whole("m")
    if len(found) < sentence:
        return False
    spoken = [word for word in tokens(found[sentence - 1]) if any(sign.isalnum() for sign in word)]
    return len(spoken) >= place and spoken[place - 1].lower() == given.text("keyword").strip().lower()


def _second_and_second_to_last(text: str, given: Given) -> bool:
    found = tokens(text)
    at_end = 3 if found and found[-1] in PUNCTUATION else 2
    return len(found) >= at_end and found[1].lower() == found[-at_end].lower() == given.text("keyword").strip().lower()


WORDING: Final[Mapping[str, Check]] = {
    "words:alphabet": _alphabet,
    "words:vowel": _vowels,
    "words:consonants": _clusters,
    "words:palindrome": _palindromes,
    "words:prime_lengths": _prime_lengths,
    "words:start_verb": _verb,
    "words:odd_even_syllables": _syllables,
    "words:last_first": _chained_sentences,
    "words:paragraph_last_first": _framed_paragraphs,
    "words:no_consecutive": _no_consecutive,
    "words:keywords_specific_position": _keyword_at,
    "words:words_position": _second_and_second_to_last,
    "count:words_japanese": _japanese,
    "sentence:alliteration_increment": _alliteration,
    "sentence:keyword": _keyword_in_sentence,
    "sentence:increment": _growing_sentences,
}
