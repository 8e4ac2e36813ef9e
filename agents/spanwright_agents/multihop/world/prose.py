"""Write the paragraph of an entity: two to five sentences, each of them one of several ways to say the same fact."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

import yaml
from pydantic import TypeAdapter

from spanwright_agents.multihop.world.entities import HERE, Entity, Words, with_article


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentences:
    """What paragraphs of one kind are made of."""

    required: list[list[str]]
    optional: list[str]


SENTENCES = TypeAdapter(dict[str, Sentences])
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh")
NUMBERS = ("three", "four", "five", "six", "seven", "eight", "nine", "eleven", "twelve")
ANIMALS = ("goose", "goat", "piglet", "carp", "ram")
RELATIVES = ("sister", "brother", "cousin", "aunt", "uncle")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenery:
    """What fillers of a paragraph may name, whatever it is about."""

    towns: tuple[str, ...]
    trades: tuple[str, ...]
    provinces: tuple[str, ...]

    def drawn(self, dice: Random, *, after: int) -> dict[str, str]:
        """Return one filler for each slot; `late_year` comes some years after the year `after`."""
        trade = dice.choice(self.trades)
        return {
            "year": str(dice.randint(1785, 1999)),
            "late_year": str(min(after + dice.randint(2, 21), 2019)),
            "population": f"{dice.randint(3, 89)},{dice.randint(0, 999):03}",
            "metres": str(dice.randint(21, 480)),
            "number": dice.choice(NUMBERS),
            "ordinal": dice.choice(ORDINALS),
            "animal": dice.choice(ANIMALS),
            "relative": dice.choice(RELATIVES),
            "other_town": dice.choice(self.towns),
            "trade": trade,
            "a_trade": with_article(trade),
            "province": dice.choice(self.provinces),
        }


class Prose:
    """Writes paragraphs. The same entity and dice give the same paragraph."""

    def __init__(self, towns: tuple[str, ...], words: Words) -> None:
        self._kinds = SENTENCES.validate_python(yaml.safe_load((HERE / "prose.yaml").read_text("utf-8")))
        self._scenery = Scenery(
            towns=towns, trades=tuple(words.plain("trades")), provinces=tuple(words.plain("provinces"))
        )

    def paragraph(self, entity: Entity, dice: Random) -> str:
        """Return the paragraph of an entity."""
        sentences = self._kinds[entity.kind]
        opening, *rest = [dice.choice(ways) for ways in sentences.required]
        fillers = dice.sample(sentences.optional, dice.randint(0, 4 - len(rest)))
        body = rest + fillers
        dice.shuffle(body)
        return " ".join(self._said(sentence, entity.facts, dice) for sentence in (opening, *body))

    def _said(self, sentence: str, facts: Mapping[str, str], dice: Random) -> str:
        drawn = self._scenery.drawn(dice, after=int(facts.get("since", "1900")))
        said = sentence.format_map({**drawn, **facts})
        return said[0].upper() + said[1:]
