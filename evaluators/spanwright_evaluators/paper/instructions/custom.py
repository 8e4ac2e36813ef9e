"""Instructions of IFBench with a content of their own: a list of capitals, a table, a story by the alphabet."""

import csv
import io
import re
import unicodedata
from collections.abc import Mapping
from itertools import pairwise
from string import ascii_lowercase
from typing import Final

from spanwright_evaluators.paper.instructions.given import Check, Given, words_of
from spanwright_evaluators.paper.instructions.language import sentences, trimmed, unpunctuated

_MULTIPLES: Final = ["14", "21", "28", "35", "42", "49"]
_OPTION: Final = re.compile(r"^[A-Ea-e][\.|\)]\s*\w+")
_QUESTION: Final = re.compile(r"\n*(?:Question \d+[\.|\):;]?\s*)")
_CAPITALS: Final = words_of("capitals")
_CITIES: Final = ["ID", "Country", "City", "Year", "Count"]
_PRODUCTS: Final = ("ProductID", "Category", "Brand", "Price", "Stock")
_GRADES: Final = ("StudentID", "Subject", "Grade", "Semester", "Score")
_SPECIAL: Final = re.compile(r'".*[^\d\w\s].*"')
_DATE: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_LONG_MONTHS: Final = frozenset({1, 3, 5, 7, 8, 10, 12})
_SHORT_MONTHS: Final = frozenset({4, 6, 9, 11})


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _multiples(text: str, given: Given) -> bool:
    return re.findall(r"\d+", text.replace(",", ", ")) == _MULTIPLES


def _choices(text: str, given: Given) -> bool:
    if not text.startswith("Question"):
        return False
    questions = [part.strip() for part in _QUESTION.split(text) if part.strip()]
    lengths: list[int] = []
    for question in questions:
        lines = [line.strip() for line in question.split("\n")]
        options = [place for place, line in enumerate(lines) if _OPTION.match(line)]
        if len(options) != 5:
            return False
        lengths.append(len(" ".join(lines[: options[0]]).strip()))
    return len(questions) == 4 and all(one < other for one, other in pairwise(lengths))


def _africa(text: str, given: Given) -> bool:
    lines = [bare for line in text.split("\n") if (bare := trimmed(line))]
    start = next((place for place, line in enumerate(lines) if "Zimbabwe" in line), None)
    if start is None or len(lines) - start < 52:
        return False
    told = [_ascii(line) for line in lines[start:]]
    return told == sorted(told, reverse=True)


def _reversed_words(text: str, given: Given) -> bool:
    turned = " ".join(unpunctuated(text.lower().strip()).split()[::-1])
    return "bald eagle" in turned and turned in sentences(turned)


def _reversed_letters(text: str, given: Given) -> bool:
    return "elgae dlab" in text.lower()


def _alphabet_story(text: str, given: Given) -> bool:
    found = [sentence.lstrip()[:1].lower() for sentence in sentences(text)]
    return found == list(ascii_lowercase)


def _capitals(text: str, given: Given) -> bool:
    return [part.strip() for part in _ascii(text).split(",") if part.strip()] == _CAPITALS


def _cities(text: str, given: Given) -> bool:
    rows = list(csv.reader(io.StringIO(text)))
    return len(rows) == 8 and rows[0] == _CITIES and all(len(row) == 5 for row in rows[1:])


def _headed(text: str, names: tuple[str, ...], parting: str) -> bool:
    head = text.split("\n", maxsplit=1)[0].strip()
    return bool(re.fullmatch(parting.join(f'({name}|"{name}")' for name in names), head))


def _unread(text: str, parting: str = ",") -> list[list[str]]:
    """Return the rows of a table with its quotation marks left in the fields."""
    return list(csv.reader(io.StringIO(text.replace('"', '"""')), delimiter=parting))


def _products(text: str, given: Given) -> bool:
    rows = _unread(text)
    if not _headed(text, _PRODUCTS, r",[ \t]*") or len(rows) != 15:
        return False
    for row in rows[1:]:
        if len(row) != 5:
            return False
        if any(_SPECIAL.match(field) for field in row):
            return True
    return False


def _grades(text: str, given: Given) -> bool:
    rows = _unread(text, "\t")
    if not _headed(text, _GRADES, r"\t *") or len(rows) != 4 or any(len(row) != 5 for row in rows):
        return False
    return all(field.strip()[:1] == field.strip()[-1:] == '"' for row in rows for field in row)


def _dates(text: str, given: Given) -> bool:
    found = [_DATE.fullmatch(part.strip()) for part in text.strip().split(",")]
    return all(match and _possible(*map(int, match.groups())) for match in found)


def _possible(year: int, month: int, day: int) -> bool:
    """Say whether a date is one of Napoleon's life, as far as the benchmark looks."""
    longest = 31 if month in _LONG_MONTHS else 30 if month in _SHORT_MONTHS else 29 if month == 2 else 99
    return 1769 <= year <= 1821 and month <= 12 and day <= longest


CUSTOM: Final[Mapping[str, Check]] = {
    "custom:multiples": _multiples,
    "custom:mcq_count_length": _choices,
    "custom:reverse_newline": _africa,
    "custom:word_reverse": _reversed_words,
    "custom:character_reverse": _reversed_letters,
    "custom:sentence_alphabet": _alphabet_story,
    "custom:european_capitals_sort": _capitals,
    "custom:csv_city": _cities,
    "custom:csv_special_character": _products,
    "custom:csv_quotes": _grades,
    "custom:date_format_list": _dates,
}
