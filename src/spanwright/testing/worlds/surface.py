"""What worlds look like from outside: names of tools, requests of customers, and how a value is written.

All of it is plain English that anybody may know; nothing here knows what is true in any world.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from spanwright.testing.simulated.lexicon import Slots

VERBS: Final = (
    "send", "book", "ship", "print", "renew", "audit", "archive", "reserve", "inspect", "repair",
    "clean", "move", "lend", "label", "pack", "weigh", "sort", "scan", "store", "paint",
)  # fmt: skip
NOUNS: Final = (
    "parcel", "letter", "visit", "crate", "badge", "permit", "locker", "banner", "ladder", "pump",
    "boiler", "trolley", "pallet", "lamp", "cable", "filter", "valve", "fence", "roof", "piano",
    "canoe", "tent", "drill", "mirror", "carpet", "engine", "helmet", "jacket", "kettle", "magnet",
    "needle", "oven", "pillow", "rocket", "saddle", "tractor", "violin", "wagon", "zipper", "anchor",
)  # fmt: skip
REPLY: Final = "reply"
"""The wish under which a request lists what its answer should state."""
ILLEGIBLE: Final = "The rest is illegible."

_ASPECTS: Final[Mapping[str, str]] = {
    "unit": "amount",
    "date_format": "date",
    "country": "country",
    "id_spelling": "ref",
    "codes": "reason",
    "limit": "approval",
    "window": "deadline",
    "status": "state",
    "take": "source",
    "deduct": "fee",
}
_COUNTRIES: Final = {
    "Germany": ("DE", "DEU"),
    "France": ("FR", "FRA"),
    "Spain": ("ES", "ESP"),
    "Italy": ("IT", "ITA"),
    "Poland": ("PL", "POL"),
}
_DATES: Final[Mapping[str, str]] = {"iso": "%Y-%m-%d", "dmy": "%d/%m/%Y", "mdy": "%m/%d/%Y"}
_REQUEST: Final = re.compile(r"^Request (\d+): (.*?)\.(?: |$)")
_WISH: Final = re.compile(r"([^;()]+?) \(([^)]*)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One thing that a request asks for: what to do, and the values that it gives, by aspect."""

    phrase: str
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as anybody reads it."""

    number: str
    wishes: tuple[Wish, ...]
    illegible: bool = False
    """Part of it cannot be read, so that it will hardly be served."""

    @property
    def text(self) -> str:
        """Write the request as its customer does."""
        wishes = "; ".join(
            f"{wish.phrase} ({', '.join(f'{name} {value}'.strip() for name, value in wish.values)})"
            for wish in self.wishes
        )
        return f"Request {self.number}: {wishes}.{f' {ILLEGIBLE}' if self.illegible else ''}"


def aspect_of(kind: str) -> str:
    """Return the noun for what directives of this kind are about; the kind's own name where English has no better."""
    return _ASPECTS.get(kind, kind)


def read_request(text: str) -> Request | None:
    """Read a request; None where the text is none."""
    found = _REQUEST.match(text)
    if found is None:
        return None
    wishes = (Wish(phrase=phrase.strip(), values=tuple(_values(given))) for phrase, given in _WISH.findall(found[2]))
    return Request(number=found[1], wishes=tuple(wishes), illegible=ILLEGIBLE in text)


def _values(given: str) -> Sequence[tuple[str, str]]:
    parts = (part.partition(" ") for part in given.split(", ") if part)
    return [(name, value) for name, _, value in parts]


def value_for(kind: str, number: int) -> str:
    """Return a value that a customer would give for an aspect, as he would write it; `number` chooses which."""
    match kind:
        case "unit":
            return f"${3 + number % 90}.{number % 4 * 25:02d}"
        case "date_format":
            return f"{1 + number % 28} May 2024"
        case "country":
            return tuple(_COUNTRIES)[number % len(_COUNTRIES)]
        case _:
            return str(1000 + number % 9000)


@lru_cache(maxsize=65_536)  # the same customers come back with every candidate
def written(kind: str, slots: Slots, value: str) -> str:
    """Write a customer's value as a directive of this kind wants it; two directives never give the same."""
    stated = dict(slots)
    match kind:
        case "unit" if stated.get("unit") in ("minor", "major"):
            money = value.lstrip("$")
            return money.replace(".", "") if stated["unit"] == "minor" else money
        case "date_format" if stated.get("format") in _DATES:
            return date(2024, 5, int(value.split(maxsplit=1)[0])).strftime(_DATES[stated["format"]])
        case "country" if value in _COUNTRIES:
            return {"alpha2": _COUNTRIES[value][0], "alpha3": _COUNTRIES[value][1]}.get(stated.get("style", ""), value)
        case "id_spelling" if "example" in stated:
            return re.sub(r"\d+", value, stated["example"])
        case _:
            return "; ".join((value, *(text for name, text in slots if name != "param")))
