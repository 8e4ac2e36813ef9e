"""Clues: which directives about searching and answering the record of one rollout calls for, by ordinary reasoning.

It reads what a reflector is shown (input, searches with results, answer, feedback) and compares words with words: an
answer that is longer than the expected one, a name that a passage mentions and no search asked for. It knows no
question, no passage and no rule.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

_EXPECTED: Final = re.compile(
    r"expected (?P<q>['\"])(?P<expected>.+?)(?P=q),? (?:but )?got (?P<p>['\"])(?P<got>.*?)(?P=p)(?=[;.\n]|\s*$)"
)
_MISSED: Final = re.compile(r"(?:did not include|did not find|not found:?|missed:?) (?P<titles>[^\n]+)")
_QUOTED: Final = re.compile(r"(['\"])(?P<title>.+?)\1(?= and |,|;|\.|\s*$)")
_SEARCH: Final = re.compile(r'call \w*(?:search|lookup|query)\w*: \{"\w+": "(?P<query>[^\n]*?)"\}')
_USED: Final = re.compile(r"[Rr]esults for \[(?P<words>[^\]\n]*)\]")
_HEADING: Final = re.compile(r"#+ (?P<title>[^\n]+)")
_WHOLE_DATE: Final = re.compile(r"\b\d{1,2} [A-Z][a-z]+ (?P<year>\d{4})\b")
_AT_A_LOSS: Final = re.compile(r"\b(?:unknown|not say|not sure|no answer|cannot tell|not find)\b")
_MANY_WORDS: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the text of one example says about a search and its answer."""

    asked: str
    queries: tuple[str, ...]
    used: tuple[str, ...]
    """The words for which the tool says that it searched."""
    found: tuple[str, ...]
    """Titles of passages."""
    text: str
    expected: str = ""
    got: str = ""
    missed: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Record":
        """Read the record of one example."""
        verdict, missed = _EXPECTED.search(text), _MISSED.search(text)
        asked = re.search(r"(?:input|user|question): (?:Question: )?(?P<asked>[^\n]+)", text, re.IGNORECASE)
        return cls(
            asked=asked["asked"] if asked else "",
            queries=tuple(match["query"] for match in _SEARCH.finditer(text)),
            used=tuple(match["words"] for match in _USED.finditer(text)),
            found=tuple(dict.fromkeys(match["title"].strip() for match in _HEADING.finditer(text))),
            text=text[: missed.start()] if missed else text,
            expected=verdict["expected"] if verdict else "",
            got=verdict["got"] if verdict else "",
            missed=_titles(missed["titles"]) if missed else (),
        )


def search_clues(text: str) -> tuple[str, ...]:
    """Return the kinds of directives that the record of one example calls for, the most telling first."""
    record = Record.parse(text)
    if not record.queries and not record.expected:
        return ()
    return tuple(kind for kind, shows in _CLUES if shows(record))


def _titles(listed: str) -> tuple[str, ...]:
    quoted = tuple(match["title"] for match in _QUOTED.finditer(listed))
    return quoted or tuple(part.strip() for part in re.split(r",| and ", listed) if part.strip())


def _base(title: str) -> str:
    return title.partition(" (")[0]


def _namesakes(record: Record) -> Iterator[str]:
    """Yield the names that several of the found titles share."""
    names = [_base(title) for title in record.found]
    yield from (name for name in dict.fromkeys(names) if names.count(name) > 1)


def _shows_keywords(record: Record) -> bool:
    cut = any(used and used != query for query, used in zip(record.queries, record.used, strict=False))
    wordy = any(len(query.split()) >= _MANY_WORDS for query in record.queries)
    return cut or (wordy and any(_base(title) in record.asked for title in record.missed))


def _shows_entity(record: Record) -> bool:
    names = [_base(title) for title in record.missed if _base(title) not in record.asked]
    if any(name in record.text and name not in " ".join(record.queries) for name in names):
        return True
    return not record.missed and len(record.queries) == 1 and bool(_AT_A_LOSS.search(record.got or record.text))


def _shows_role(record: Record) -> bool:
    missed = {_base(title) for title in record.missed if title != _base(title)}
    asked = {query for query in record.queries if query in missed}
    return bool(asked) or bool(set(_namesakes(record)) & set(record.queries))


def _shows_span(record: Record) -> bool:
    inside = re.search(rf"\b{re.escape(record.expected)}\b", record.got, re.IGNORECASE) if record.expected else None
    return inside is not None and len(record.got.split()) > len(record.expected.split()) + 1 and not _shows_year(record)


def _shows_yes_no(record: Record) -> bool:
    return record.expected in ("yes", "no") and record.got.lower().strip(".") not in ("yes", "no")


def _shows_year(record: Record) -> bool:
    date = _WHOLE_DATE.search(record.got)
    return date is not None and date["year"] == record.expected


def _shows_full_name(record: Record) -> bool:
    first, _, last = record.expected.rpartition(" ")
    return bool(first) and bool(re.search(rf"\b{re.escape(last)}\b", record.got)) and first not in record.got


def _shows_as_written(record: Record) -> bool:
    number = re.match(r"\d[\d.,]*", record.expected)
    return (
        number is not None and number[0] in record.got and record.expected not in record.got and not _shows_year(record)
    )


_CLUES: Final[tuple[tuple[str, Callable[[Record], bool]], ...]] = (
    ("query_entity", _shows_entity),
    ("query_keywords", _shows_keywords),
    ("query_role", _shows_role),
    ("answer_span", _shows_span),
    ("answer_yes_no", _shows_yes_no),
    ("answer_year", _shows_year),
    ("answer_full_name", _shows_full_name),
    ("answer_as_written", _shows_as_written),
)
