"""Comprehension: what a question asks for, and what a passage says about it.

It is ordinary English (`comprehension.toml`) without knowledge of any world. Who reads a question gets a plan: start
here, follow this, look for that. Who reads a passage gets the words that stand in it, or nothing.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BeforeValidator, TypeAdapter

NAME: Final = r"[A-Z][\w'’&-]*(?:(?: of the| of)? [A-Z][\w'’&-]*)*"
_PLACEHOLDERS: Final = {"NAME": rf"(?P<value>{NAME})", "YEAR": r"(?P<value>\d{4})"}


def _expanded(expression: str) -> str:
    return re.sub(r"\b(?:NAME|YEAR)\b", lambda match: _PLACEHOLDERS[match[0]], expression)


Expression: TypeAlias = Annotated[re.Pattern[str], BeforeValidator(_expanded)]
Comparison: TypeAlias = Literal["smaller", "larger", "same"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """Something that one can ask about a thing."""

    asks: tuple[Expression, ...]
    noun: str
    value: Literal["date", "place", "person", "quantity"]
    tells: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Something through which one thing leads to another."""

    asks: tuple[Expression, ...]
    leads_to: str
    tells: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class English:
    """The content of `comprehension.toml`."""

    attributes: Mapping[str, Attribute]
    links: Mapping[str, Link]
    comparisons: Mapping[Comparison, tuple[Expression, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Something that a text calls by its name, with the word for what it is where the text gives one."""

    name: str
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A question as it is understood."""

    named: tuple[Named, ...]
    """One thing to start from, or two to compare."""
    attribute: Attribute
    link: Link | None = None
    comparison: Comparison | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A piece of text under its title."""

    title: str
    text: str

    @property
    def name(self) -> str:
        """The title without what stands in brackets behind it."""
        return self.title.partition(" (")[0]


_NAMED: Final = re.compile(rf"(?:(?P<role>[a-z]+) )?(?P<name>{NAME})")
_KIND_ASKED: Final = re.compile(r"^which (?P<role>[a-z]+) (?:is|was)\b")
_HEADED: Final = re.compile(r"^#+ (?P<title>.+)\n(?P<text>(?:(?!#).+\n?)*)", re.MULTILINE)
_NO_ROLE: Final = re.compile(
    r"(?:the|an?|is|was|are|were|of|and|or|for|by|first|do|does|did|that|in|on|at|to|than|founded|wrote|)"
)


@cache
def english() -> English:
    """Return what there is to know of English, read once."""
    raw = files("spanwright.testing.simulated.skills").joinpath("comprehension.toml").read_text("utf-8")
    return TypeAdapter(English).validate_python(tomllib.loads(raw))


def passages(text: str) -> tuple[Passage, ...]:
    """Return the passages of a text in which each stands under a heading, without duplicates."""
    found = (Passage(title=match["title"].strip(), text=match["text"].strip()) for match in _HEADED.finditer(text))
    return tuple(dict.fromkeys(found))


def understand(question: str) -> Plan | None:
    """Return what a question asks for, or None where it asks for nothing that one could look up."""
    asked = question.strip().rstrip("?")
    attribute = next((each for each in english().attributes.values() if _any(each.asks, asked)), None)
    named = names(asked)
    if attribute is None or not named:
        return None
    comparison: Comparison | None = next(
        (kind for kind, cues in english().comparisons.items() if _any(cues, asked)), None
    )
    if len(named) > 1 and comparison is not None:
        return Plan(named=named[:2], attribute=attribute, comparison=comparison)
    link = next((each for each in english().links.values() if _any(each.asks, asked)), None)
    one_step = link is None or link.tells == attribute.tells
    return Plan(named=named[:1], attribute=attribute, link=None if one_step else link)


def names(question: str) -> tuple[Named, ...]:
    """Return what a question calls by name; its first word has a capital for another reason."""
    body = re.sub(r"\b([a-z]+s) of (?=[A-Z])", r"\1 ", question[:1].lower() + question[1:])  # "the towns of X and Y"
    found = [(match["name"], match["role"] or "") for match in _NAMED.finditer(body)]
    kind = _KIND_ASKED.match(body)
    shared = kind["role"] if kind else next((singular(role) for _, role in found[:1] if role.endswith("s")), "")
    return tuple(
        Named(name=name, role=singular(role) if not _NO_ROLE.fullmatch(role) else shared) for name, role in found
    )


def singular(noun: str) -> str:
    """Return the singular of a regular noun."""
    return f"{noun[:-3]}y" if noun.endswith("ies") else noun.removesuffix("s")


def told(tells: Iterable[re.Pattern[str]], text: str) -> str:
    """Return what a passage says, in its own words; empty where it does not say it."""
    for expression in tells:
        match = expression.search(text)
        if match is not None:
            return match["value"]
    return ""


def about(named: Named, found: Sequence[Passage]) -> Passage | None:
    """Return the passage about a thing: of several with its name the one that also has its role, else the first."""
    candidates = [each for each in found if bare(each.name) == bare(named.name)]
    fitting = [each for each in candidates if named.role and named.role in f"{each.title} {each.text}".lower()]
    return next(iter(fitting or candidates), None)


def bare(name: str) -> str:
    """Return a name without case and article."""
    return name.lower().removeprefix("the ")


def _any(cues: Iterable[re.Pattern[str]], asked: str) -> bool:
    return any(cue.search(asked[:1].lower() + asked[1:]) for cue in cues)
