"""The facts of Orrenmark, drawn from a seed: rivers, towns, people and their works, and who is linked to whom."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, product
from pathlib import Path
from random import Random

import yaml
from pydantic import TypeAdapter

HERE = Path(__file__).parent
STOCK = TypeAdapter(dict[str, list[str] | dict[str, list[str]]])

COUNTS = {
    "river": 55,
    "town": 110,
    "bridge": 85,
    "company": 90,
    "book": 90,
    "college": 30,
    "film": 65,
    "museum": 35,
    "newspaper": 22,
    "festival": 20,
    "ship": 15,
    "lake": 10,
}
LINKED_PEOPLE = {
    "engineer": 50,
    "novelist": 55,
    "industrialist": 55,
    "film director": 35,
    "architect": 20,
    "journalist": 10,
}
SHARED_NAMES = 37  # this many linked people share their name ...
NAMESAKES = 4  # ... with this many others
COMPATRIOTS = 20  # pairs of linked people born in the same town, so that a comparison can come out equal

HER = {"she": "she", "She": "She", "her": "her", "Her": "Her"}
HIS = {"she": "he", "She": "He", "her": "his", "Her": "His"}
BEGINNINGS = ("opened", "founded", "published", "released", "launched")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """Something that a paragraph is about."""

    title: str
    name: str
    kind: str
    facts: Mapping[str, str]
    links: Mapping[str, str] = field(default_factory=dict[str, str])
    """The titles of the entities that the paragraph names, by the fact that names them."""


def people_names(words: "Words", dice: Random) -> Iterator[tuple[str, str, bool]]:
    """Yield first name, surname and whether she is a woman; no name comes twice."""
    surnames = compounds(words.part("surname"))
    full = [(first, last, woman) for woman in (True, False) for first in words.given(woman=woman) for last in surnames]
    dice.shuffle(full)
    yield from full


def compounds(parts: Mapping[str, Sequence[str]], *, joint: str = "") -> list[str]:
    """Return every first part with every last part."""
    return [
        re.sub(r"(.)\1\1", r"\1\1", f"{first}{joint}{last}") for first, last in product(parts["first"], parts["last"])
    ]


def without_article(name: str) -> str:
    """Return the name as a title: `the Royal Polytechnic` is filed under R."""
    return name.removeprefix("the ")


def with_article(noun: str) -> str:
    """Return `noun` with its indefinite article."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def spoken(name: str) -> dict[str, str]:
    """Return the forms of a name that is spoken with or without an article."""
    return {"name": without_article(name), "the_name": name, "The_name": name[0].upper() + name[1:]}


class Words:
    """The stock of names in `words.yaml`."""

    def __init__(self) -> None:
        self._stock = STOCK.validate_python(yaml.safe_load((HERE / "words.yaml").read_text("utf-8")))

    def plain(self, key: str) -> list[str]:
        """Return a flat list of words."""
        found = self._stock[key]
        assert isinstance(found, list)
        return found

    def part(self, key: str) -> dict[str, list[str]]:
        """Return the named lists of one kind of name."""
        found = self._stock[key]
        assert isinstance(found, dict)
        return found

    def given(self, *, woman: bool) -> list[str]:
        """Return first names."""
        return self.plain("women" if woman else "men")


class World:
    """Every entity of Orrenmark. Kinds are made in order, since later ones name earlier ones."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.words = Words()
        self.entities: list[Entity] = []
        self._names = people_names(self.words, self.dice)
        self._rivers()
        self._towns()
        self._colleges()
        self._people()
        self._works()
        self._customs()

    def of(self, kind: str) -> list[Entity]:
        """Return the entities of a kind."""
        return [entity for entity in self.entities if entity.kind == kind]

    def people(self, profession: str) -> list[Entity]:
        """Return the people of a profession."""
        return [person for person in self.of("person") if person.facts["profession"] == profession]

    def titled(self, title: str) -> Entity:
        """Return the entity with this title."""
        return next(entity for entity in self.entities if entity.title == title)

    def _add(self, kind: str, title: str, facts: Mapping[str, str], links: Mapping[str, str] | None = None) -> None:
        began = next((facts[key] for key in BEGINNINGS if key in facts), "")
        named = {"name": title, **({"since": began} if began else {}), **facts}
        self.entities.append(Entity(title=title, name=named["name"], kind=kind, facts=named, links=links or {}))

    def _any(self, kind: str) -> Entity:
        return self.dice.choice(self.of(kind))

    def _some(self, key: str) -> str:
        return self.dice.choice(self.words.plain(key))

    def _year(self, first: int = 1790, last: int = 1995) -> str:
        return str(self.dice.randint(first, last))

    def _pick(self, names: list[str], kind: str) -> list[str]:
        return self.dice.sample(names, COUNTS[kind])

    def _rivers(self) -> None:
        names = self._pick(compounds(self.words.part("river")), "river")
        towns = compounds(self.words.part("town"))
        for name, length in zip(names, self.dice.sample(range(41, 690), len(names)), strict=True):
            facts = {
                "province": self._some("provinces"),
                "length": str(length),
                "length_text": f"{length} kilometres",
                "other_river": self.dice.choice([other for other in names if other != name]),
                "town": self.dice.choice(towns),
            }
            self._add("river", f"{name} (river)", {"name": name, **facts})

    def _towns(self) -> None:
        sources = {river.facts["town"] for river in self.of("river")}
        names = sorted(sources)
        others = [name for name in compounds(self.words.part("town")) if name not in sources]
        names += self.dice.sample(others, COUNTS["town"] - len(names))
        for name in names:
            river = self._any("river")
            first, last, _ = next(self._names)
            facts = {
                "province": river.facts["province"],
                "river": river.name,
                "mayor": f"{first} {last}",
                "mayor_since": self._year(2001, 2019),
                "industry": self._some("industries"),
            }
            self._add("town", name, facts, {"river": river.title})

    def _colleges(self) -> None:
        for name, town in zip(self.words.plain("college"), self.dice.sample(self.of("town"), 30), strict=True):
            facts = {**spoken(name), "town": town.name, "founded": self._year(1710, 1960)}
            self._add("college", without_article(name), facts, {"town": town.title})

    def _people(self) -> None:
        people = [(profession, *next(self._names)) for profession, n in LINKED_PEOPLE.items() for _ in range(n)]
        towns = [self._any("town") for _ in people]
        for first, second in zip(*[iter(self.dice.sample(range(len(people)), 2 * COMPATRIOTS))] * 2, strict=True):
            towns[first] = towns[second]
        shared = {f"{first} {last}" for _, first, last, _ in self.dice.sample(people, SHARED_NAMES)}
        for (profession, first, last, woman), town in zip(people, towns, strict=True):
            names = [(profession, town)]
            if f"{first} {last}" in shared:
                others = self.dice.sample(self.words.plain("namesake_professions"), NAMESAKES)
                names += [(other, self._any("town")) for other in others]
            for each, birthplace in names:
                title = f"{first} {last} ({each})" if len(names) > 1 else f"{first} {last}"
                self._person(title, birthplace, profession=each, woman=woman)

    def _person(self, title: str, town: Entity, *, profession: str, woman: bool) -> None:
        name = title.partition(" (")[0]
        college = self._any("college")
        born = self.dice.randint(1815, 1930)
        day = f"{self.dice.randint(1, 28)} {self._some('months')}"
        facts = {
            "name": name,
            "surname": name.split()[-1],
            "profession": profession,
            "professions": f"{profession}s",
            "a_profession": with_article(profession),
            "born": f"{day} {born}",
            "birth_year": str(born),
            "died": str(born + self.dice.randint(45, 90)),
            "degree_year": str(born + self.dice.randint(20, 27)),
            "since": str(born + 32),
            "birthplace": town.name,
            "university": college.name,
            "the_university": college.facts["the_name"],
            "province": town.facts["province"],
            **(HER if woman else HIS),
        }
        self._add("person", title, facts, {"birthplace": town.title, "university": college.title})

    def _works(self) -> None:
        self._bridges()
        self._companies()
        self._books()
        self._films()
        self._museums()
        self._newspapers()

    def _work(self, kind: str, name: str, role: str, profession: str) -> tuple[dict[str, str], dict[str, str]]:
        maker, town = self.dice.choice(self.people(profession)), self._any("town")
        facts = {"name": name, role: maker.name, "town": town.name, "river": town.facts["river"]}
        return facts, {role: maker.title, "town": town.title, "river": town.links["river"]}

    def _bridges(self) -> None:
        for name in self._pick(compounds(self.words.part("bridge"), joint=" "), "bridge"):
            facts, links = self._work("bridge", name, "engineer", "engineer")
            self._add("bridge", name, {**facts, "opened": self._year(1840, 1990)}, links)

    def _companies(self) -> None:
        parts = self.words.part("company")
        goods = dict(zip(parts["last"], self.words.part("company")["product"], strict=True))
        plain = compounds(parts, joint=" ")
        yards = compounds({"first": parts["first"], "last": parts["yard"]}, joint=" ")
        names = self.dice.sample(plain, COUNTS["company"] - 12) + self.dice.sample(yards, 12)
        founded = self.dice.sample(range(1835, 1975), len(names))
        for name, year in zip(names, founded, strict=True):
            facts, links = self._work("company", name, "founder", "industrialist")
            made = next((made for last, made in goods.items() if name.endswith(last)), "ships and dredgers")
            self._add("company", name, {**facts, "founded": str(year), "product": made}, links)

    def _books(self) -> None:
        adjectives, nouns = self.words.part("book")["adjective"], self.words.part("book")["noun"]
        names = [f"The {adjective} {noun}" for adjective, noun in product(adjectives, nouns)]
        names += [f"{one} of the {other}" for one, other in product(nouns, nouns) if one != other]
        for name in self._pick(names, "book"):
            facts, links = self._work("book", name, "author", "novelist")
            subject = self.dice.choice(self.words.part("book")["subject"])
            self._add("book", name, {**facts, "subject": subject, "published": self._year(1850, 1985)}, links)

    def _films(self) -> None:
        adjectives = self.words.part("book")["adjective"]
        names = [f"The {adjective} {noun}" for adjective, noun in product(adjectives, self.words.plain("film_last"))]
        for name in self._pick(names, "film"):
            facts, links = self._work("film", name, "director", "film director")
            genre = self._some("film_genre")
            self._add("film", name, {**facts, "genre": genre, "released": self._year(1921, 1989)}, links)

    def _museums(self) -> None:
        forms, topics = self.words.part("museum")["form"], self.words.part("museum")["topic"]
        for name in self._pick([form.format(topic) for form, topic in product(forms, topics)], "museum"):
            facts, links = self._work("museum", name, "architect", "architect")
            self._add("museum", name, {**facts, "opened": self._year(1880, 1990)}, links)

    def _newspapers(self) -> None:
        for name in self._pick(compounds(self.words.part("newspaper"), joint=" "), "newspaper"):
            facts, links = self._work("newspaper", name, "editor", "journalist")
            self._add("newspaper", name, {**facts, "founded": self._year(1830, 1950)}, links)

    def _customs(self) -> None:
        for name in self.words.plain("festival"):
            town = self._any("town")
            facts = {"town": town.name, "month": self._some("months"), "founded": self._year(1650, 1950)}
            self._add("festival", without_article(name), {**spoken(name), **facts}, {"town": town.title})
        yards = [company for company in self.of("company") if company.facts["product"].startswith("ships")]
        for name, builder in zip(self.words.plain("ship"), (self.dice.choice(yards) for _ in count()), strict=False):
            facts = {"builder": builder.name, "ship_type": self._some("ship_type"), "launched": self._year(1870, 1980)}
            self._add("ship", name, facts, {"builder": builder.title})
        for name in self.words.plain("lake"):
            river = self._any("river")
            facts = {"river": river.name, "province": river.facts["province"]}
            self._add("lake", name, facts, {"river": river.title})
