"""Words, sentences, syllables and languages, by the libraries that the benchmarks' own checks use.

Sentences are NLTK's Punkt ones, words those of its tokenizer, stop words those of its list (bm25s has it, too). Parts
of speech need a tagger that NLTK downloads once; `demand` says so before a run begins.
"""

import re
import string
from collections.abc import Collection
from functools import cache
from importlib import import_module
from typing import Any, Final

from bm25s.stopwords import STOPWORDS_EN_PLUS

from spanwright import UsageError

PUNCTUATION: Final = string.punctuation
_BARE: Final = str.maketrans("", "", string.punctuation)
_NLTK_DATA: Final = {
    "words:start_verb": ("taggers/averaged_perceptron_tagger_eng", "averaged_perceptron_tagger_eng"),
}


def demand(ids: Collection[str]) -> None:
    """Raise UsageError where a library or data that these checks need are missing."""
    for module in ("punkt", "nltk", "langdetect", "emoji", "syllapy"):
        _library(module)
    for id in sorted(_NLTK_DATA.keys() & set(ids)):
        place, name = _NLTK_DATA[id]
        try:
            _library("nltk").data.find(place)
        except LookupError as error:
            raise UsageError(
                f"the check {id!r} needs NLTK's data {name!r}, which are not there",
                f"Fetch them: python -m nltk.downloader {name}",
            ) from error


def sentences(text: str) -> list[str]:
    """Return the sentences of a text."""
    return list(_library("punkt").sent_tokenize(text))


def tokens(text: str) -> list[str]:
    """Return the words and punctuation marks of a text, as NLTK's `word_tokenize` parts them."""
    tokenizer = _word_tokenizer()
    return [word for sentence in sentences(text) for word in tokenizer.tokenize(sentence)]


def words(text: str) -> list[str]:
    """Return the runs of letters and digits."""
    return re.findall(r"\w+", text)


def unpunctuated(text: str) -> str:
    """Return a text without ASCII punctuation."""
    return text.translate(_BARE)


def trimmed(text: str) -> str:
    """Return a text without punctuation and blanks at its ends."""
    return text.strip(f"{PUNCTUATION} ")


def stop_words(text: str) -> int:
    """Count the stop words."""
    return sum(word.lower() in STOPWORDS_EN_PLUS for word in words(text))


def begins_with_verb(text: str) -> bool:
    """Say whether the first word is tagged as a verb."""
    tagged = _library("nltk").pos_tag(tokens(text))
    return bool(tagged) and "VB" in tagged[0][1]


def syllables(word: str) -> int:
    """Count the syllables of a word."""
    return int(_library("syllapy").count(word))


def is_emoji(sign: str) -> bool:
    """Say whether a character is an emoji."""
    return bool(_library("emoji").is_emoji(sign))


def language_is(text: str, code: str) -> bool:
    """Say whether a text is in a language; one that no language can be told of counts as right."""
    langdetect = _library("langdetect")
    langdetect.DetectorFactory.seed = 0  # else it draws anew each time
    try:
        return langdetect.detect(text) == code
    except langdetect.LangDetectException:
        return True


@cache
def _word_tokenizer() -> Any:
    return _library("nltk").tokenize.NLTKWordTokenizer()


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"checking instructions needs {name}, which is not installed", "Install it: pip install 'spanwright[paper]'"
        ) from error
