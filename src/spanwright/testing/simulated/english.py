"""What the task model understands of a request in plain English: wishes, and the references, amounts, dates, addresses
and reasons that belong to each. Ordinary knowledge of the language (`vocabulary.toml`), none of anybody's tools.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from importlib.resources import files
from typing import Final, Literal, TypeAlias, cast

from spanwright.testing.simulated.words import stem, stems

Table: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A kind of thing that people ask for."""

    name: str
    asks: re.Pattern[str]
    stems: frozenset[str]
    """Stems of the words that a tool for it would have."""
    telling: frozenset[str]
    """Those of them that tools for other things would not have."""
    topic: str
    """What a rule about it would call it."""
    payload: str
    mode: Literal["read", "write"]
    done: str
    explains: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """Something that customers say in many words and programs in one."""

    name: str
    says: re.Pattern[str]
    stems: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """A country by its names."""

    alpha2: str
    alpha3: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The ordinary English of the task model."""

    wishes: Mapping[str, Wish]
    slots: Mapping[str, frozenset[str]]
    read: frozenset[str]
    write: frozenset[str]
    meanings: tuple[Meaning, ...]
    countries: tuple[Country, ...]
    telling: frozenset[str]
    """Stems that tell a tool for one wish from tools for others, of all wishes."""

    @classmethod
    def parse(cls, text: str) -> "Vocabulary":
        """Build a vocabulary from TOML."""
        document = tomllib.loads(text)
        modes = cast("Mapping[str, str]", document["modes"])
        wishes = {name: _wish(name, cast("Table", row)) for name, row in document["wishes"].items()}
        return cls(
            wishes=wishes,
            telling=frozenset[str]().union(*(wish.telling for wish in wishes.values())),
            slots={name: exact(str(words)) for name, words in document["slots"].items()},
            read=exact(modes["read"]),
            write=exact(modes["write"]),
            meanings=tuple(_meaning(name, cast("Table", row)) for name, row in document["meanings"].items()),
            countries=tuple(
                Country(alpha2=code, name=str(names).split()[0], alpha3=str(names).split()[1])
                for code, names in document["countries"].items()
            ),
        )

    def foreign(self, own: frozenset[str]) -> frozenset[str]:
        """Return the stems of all wishes but those in `own`."""
        return self.telling - own


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One wish of a request, with what was said about it."""

    wish: Wish
    text: str
    stems: frozenset[str]
    """Stems of the wish and of the words it was said in."""
    refs: tuple[str, ...] = ()
    """References as the customer writes them."""
    money: float | None = None
    """In whole currency units."""
    when: str = ""
    day: date | None = None
    """`when`, understood."""
    address: str = ""
    email: str = ""
    reason: str = ""
    meaning: Meaning | None = None
    item: str = ""
    size: str = ""
    quoted: str = ""
    quantity: int | None = None


def exact(words: str) -> frozenset[str]:
    """Return the stems of exactly these words."""
    return frozenset(stem(word) for word in words.split())


def _wish(name: str, row: Table) -> Wish:
    return Wish(
        name=name,
        asks=re.compile(str(row["asks"]), re.IGNORECASE),
        stems=exact(f"{row['words']} {row.get('also', '')}"),
        telling=exact(str(row["words"])),
        topic=str(row["topic"]),
        payload=str(row["payload"]),
        mode="read" if row["mode"] == "read" else "write",
        done=str(row["done"]),
        explains=tuple(cast("list[str]", row["explains"])),
    )


def _meaning(name: str, row: Table) -> Meaning:
    return Meaning(name=name, says=re.compile(str(row["says"]), re.IGNORECASE), stems=exact(str(row["words"])))


ENGLISH: Final = Vocabulary.parse(
    files("spanwright.testing.simulated").joinpath("vocabulary.toml").read_text(encoding="utf-8")
)

_ABBREVIATED: Final = re.compile(r"\b(no|nr)\.\s*(?=[#A-Za-z]?-?\d)", re.IGNORECASE)
_CLAUSE: Final = re.compile(r"(?<=[.!?;])\s+|\n+")
_JOINT: Final = re.compile(r",?\s+(?:and|then|plus|also)(?: (?:also|then|please|could you|can you))?\s+", re.IGNORECASE)
_REF: Final = re.compile(
    r"(?:\border|\bref(?:erence)?|\bno\.?|\bnumber|\bnr\.?)\s*[:#]?\s*(?P<a>#?[A-Za-z]{0,3}[-_/]?\d{3,8})\b"
    r"|(?P<b>#\s?[A-Za-z]{0,3}[-_/]?\d{3,8})\b|\b(?P<c>[A-Za-z]{1,4}[-_/]?\d{4,8})\b",
    re.IGNORECASE,
)
_MONEY: Final = re.compile(
    r"(?:[$€£]\s?(?P<a>\d[\d,]*(?:\.\d{1,2})?))|(?P<b>\d[\d,]*(?:\.\d{1,2})?)\s?(?:dollars?|euros?|usd|eur|bucks|[$€£])",
    re.IGNORECASE,
)
_EMAIL: Final = re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.]+\b")
_MONTHS: Final[tuple[str, ...]] = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH: Final = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATES: Final = tuple(
    re.compile(expression, re.IGNORECASE)
    for expression in (
        r"\b(?P<year>\d{4})-(?P<m>\d\d)-(?P<day>\d\d)\b",
        r"\b(?P<day>\d{1,2})(?:st|nd|rd|th)?(?: of)? " + _MONTH + r",? (?P<year>\d{4})\b",
        r"\b" + _MONTH + r" (?P<day>\d{1,2})(?:st|nd|rd|th)?,? (?P<year>\d{4})\b",
        r"\b(?P<day>\d{1,2})[./](?P<m>\d{1,2})[./](?P<year>\d{4})\b",
    )
)
_COUNTRY: Final = "|".join(country.name for country in ENGLISH.countries)
_ADDRESS: Final = re.compile(
    rf"(?<!order )(?<!#)\b\d{{1,4}}[a-z]?\s+[A-Z][^\n.;!?]*?,[^\n.;!?]*?\b(?:{_COUNTRY})\b"
    rf"|\b[A-Z]\w+ \d{{1,4}}[a-z]?,[^\n.;!?]*?\b(?:{_COUNTRY})\b"
    r"|(?<!order )(?<!#)\b\d{1,4}[a-z]?\s+(?:[A-Z]\w+\s+)+(?:Street|Road|Avenue|Lane|Way|Square|Drive)\b[^\n.;!?]*"
)
_QUOTED: Final = re.compile(r"[\"“]([^\"”\n]{1,200})[\"”]")
_SIZE: Final = re.compile(
    r"\b(?:size|(?:in|for|to|into)(?: an?)?)\s+(?:size )?(?-i:(XXL|XL|XS|S|M|L))\b|\b(small|medium|large)\b",
    re.IGNORECASE,
)
_ITEM: Final = re.compile(
    r"\b(?:exchang\w*|swap\w*|replace\w*|return\w*|refund\w*|send(?:ing)? back|chang\w+|for|back for|of|bought)\s+"
    r"(?:the|my|a|an|this|one|that)\s+(?!order|refund|address|delivery|amount|parcel|whole|full)"
    r"(?P<item>[a-z][a-z -]{2,40}?)(?=\s+(?:from|for|in|to|on|of|that|which|with|please|because|since|as|is|was|came|"
    r"arrived|i|it|back|does)\b|[,.!?;]|\s*$)",
    re.IGNORECASE,
)
_QUANTITY: Final = re.compile(r"(?<![\w#.-])\d{1,3}(?![\w-]|\.\d)")
_SIZES: Final = {"small": "S", "medium": "M", "large": "L"}


def goals(text: str, *, vocabulary: Vocabulary = ENGLISH) -> tuple[Goal, ...]:
    """Return what a message asks for, in order."""
    text = _ABBREVIATED.sub(r"\1 ", text)
    merged: list[tuple[Wish, str]] = []
    before = ""
    for wish, clause in _wished(text, vocabulary):
        if wish is None:
            before, merged = _appended(merged, clause, before)
        elif merged and _same(merged[-1], wish, clause):
            kept = merged[-1][0] if wish.name in merged[-1][0].explains else wish
            merged[-1] = (kept, f"{merged[-1][1]} {clause}")
        else:
            merged.append((wish, f"{before} {clause}".strip()))
            before = ""
    found = [goal_of(wish, said, vocabulary) for wish, said in merged]
    everywhere = refs(text)
    return tuple(
        goal if goal.refs else replace(goal, refs=found[i - 1].refs if i and found[i - 1].refs else everywhere[:1])
        for i, goal in enumerate(found)
    )


def refs(text: str) -> tuple[str, ...]:
    """Return the references in a text as they are written, without "order" before them."""
    plain = _ADDRESS.sub(" ", _strip_amounts(text))
    return tuple(dict.fromkeys(next(g for g in m.groups() if g).replace("# ", "#") for m in _REF.finditer(plain)))


def a_date(text: str) -> tuple[str, date | None]:
    """Return the first date in a text, as written and understood."""
    for expression in _DATES:
        match = expression.search(text)
        if match is not None:
            part = match.groupdict()
            month = _MONTHS.index(part["month"][:3].lower()) + 1 if part.get("month") else int(part["m"])
            try:
                return match[0], date(int(part["year"]), month, int(part["day"]))
            except ValueError:
                return match[0], None
    return "", None


def _strip_amounts(text: str) -> str:
    for expression in (*_DATES, _MONEY):
        text = expression.sub(" ", text)
    return text


def _wished(text: str, vocabulary: Vocabulary) -> Iterator[tuple[Wish | None, str]]:
    for sentence in _CLAUSE.split(text):
        halves = [half for half in _JOINT.split(sentence) if half.strip()]
        wishes = [_wish_in(half, vocabulary) for half in halves]
        if len([wish for wish in wishes if wish is not None]) > 1:
            yield from _halves(wishes, halves)
        elif sentence.strip():
            yield _wish_in(sentence, vocabulary), sentence.strip()


def _halves(wishes: list[Wish | None], halves: list[str]) -> Iterator[tuple[Wish | None, str]]:
    yield from zip(wishes, (half.strip() for half in halves), strict=True)


def _wish_in(clause: str, vocabulary: Vocabulary) -> Wish | None:
    return next((wish for wish in vocabulary.wishes.values() if wish.asks.search(clause)), None)


def _same(last: tuple[Wish, str], wish: Wish, clause: str) -> bool:
    """Say whether a clause goes on about the wish before it."""
    before, after = set(refs(last[1])), set(refs(clause))
    if before and after and before != after:
        return False
    return last[0] is wish or wish.name in last[0].explains or last[0].name in wish.explains


def _appended(merged: list[tuple[Wish, str]], clause: str, before: str) -> tuple[str, list[tuple[Wish, str]]]:
    if not merged:
        return f"{before} {clause}".strip(), merged
    wish, said = merged[-1]
    return before, [*merged[:-1], (wish, f"{said} {clause}")]


def goal_of(wish: Wish, said: str, vocabulary: Vocabulary = ENGLISH) -> Goal:
    """Return what was said about a wish."""
    when, day = a_date(said)
    meaning = next((m for m in vocabulary.meanings if m.says.search(said)), None)
    money = _MONEY.search(said)
    address, email, quoted = _ADDRESS.search(_strip_amounts(said)), _EMAIL.search(said), _QUOTED.search(said)
    item, size = _ITEM.search(said), _SIZE.search(said)
    quantity = _QUANTITY.search(_ADDRESS.sub(" ", _strip_amounts(said)))
    return Goal(
        wish=wish,
        text=said,
        stems=wish.stems | (stems(said) & wish.stems),
        refs=refs(said),
        money=None if money is None else float((money["a"] or money["b"]).replace(",", "")),
        when=when,
        day=day,
        address="" if address is None else address[0].strip(" ,"),
        email="" if email is None else email[0],
        reason=_reason(said, meaning),
        meaning=meaning,
        item="" if item is None else item["item"].strip(),
        size="" if size is None else (size[1] or _SIZES[size[2].lower()]).upper(),
        quoted="" if quoted is None else quoted[1],
        quantity=None if quantity is None else int(quantity[0]),
    )


def _reason(said: str, meaning: Meaning | None) -> str:
    """Return the words in which the customer gives the reason."""
    if meaning is None:
        return ""
    pieces = re.split(r"[.,;!?:]\s|\b(?:because|since|as)\b", said)
    piece = next((p for p in pieces if meaning.says.search(p)), said)
    return piece.strip(" .,;!?")
