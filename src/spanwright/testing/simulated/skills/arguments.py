"""How a tool's parameters are filled: by their names and docs, from what the customer said and what results say.

Spelling, units, codes and formats follow the conventions that are stated; where none is, the customer's own words go
in.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from spanwright.testing.simulated.conventions import Subject, obeyed, obeyed_all
from spanwright.testing.simulated.english import ENGLISH, Goal, exact
from spanwright.testing.simulated.lexicon import Directive
from spanwright.testing.simulated.reading import ParameterReading, Reading, ToolReading
from spanwright.testing.simulated.skills.choosing import topic_is
from spanwright.testing.simulated.skills.progress import Stand
from spanwright.testing.simulated.wire import Draws
from spanwright.testing.simulated.words import split_name, stem, stems

_DATE_FORMATS: Final[Mapping[str, str]] = {"iso": "%Y-%m-%d", "dmy": "%d/%m/%Y", "mdy": "%m/%d/%Y"}
_VAGUE: Final = exact("value new data to what input text arg argument thing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """Fills the parameters of one tool for one goal."""

    reading: Reading
    draws: Draws
    stand: Stand
    tool: ToolReading
    team: str = ""
    """Where a request is passed on: to whom, as far as a rule says."""

    @property
    def goal(self) -> Goal:
        return self.stand.goal

    def arguments(self) -> dict[str, object]:
        """Return the arguments; optional parameters of which nothing is known are left out."""
        filled: dict[str, object] = {}
        for parameter in self.tool.parameters:
            value = self.value(parameter)
            if value is None and parameter.required:
                value = ""
            if value is not None:
                filled[parameter.name] = _typed(value, parameter)
        return filled

    def missing(self) -> str:
        """Return the field of a result that an argument has to be taken from and that no result has shown yet."""
        for parameter in self.tool.parameters:
            slot = self.slot(parameter)
            if slot == "amount" and self.goal.money is None and self._price() is None:
                return "price"
            if slot == "item":
                take = self._obeyed("take", parameter)
                if take is not None and self._taken(take) is None:
                    return take.slot("field") or "id"
        return ""

    def slot(self, parameter: ParameterReading) -> str:
        """Return what a parameter holds: by its name, then by its doc, else what the goal is about."""
        names = [stem(word) for word in split_name(parameter.name).lower().split()]
        for words in ([names[-1]] if names else [], names, sorted(parameter.doc.stems)):
            for slot, known in ENGLISH.slots.items():
                if known & set(words) and not (words and set(words) <= _VAGUE):
                    return slot
        return self.goal.wish.payload

    def value(self, parameter: ParameterReading) -> object | None:
        """Return what goes into one parameter, None where nothing is known."""
        slot = self.slot(parameter)
        if slot == "amount":
            return self._amount(parameter)
        said = self._said(slot, parameter)
        return self._coded(said or "", parameter) if slot in ("reason", "team") or parameter.options else said

    def amount(self, parameter: ParameterReading | None = None) -> float | None:
        """Return the sum in whole currency units, after what has to be taken off."""
        money = self.goal.money if self.goal.money is not None else self._price()
        if money is None:
            return None
        subject = self._subject(parameter)
        for fee in obeyed_all("deduct", self.reading, self.draws, subject=subject, where=self._deducts):
            money -= float(fee.slot("amount"))
        return round(max(money, 0.0), 2)

    def ref(self, parameter: ParameterReading | None = None) -> str | None:
        """Return the reference, spelled as the texts say or else as the customer wrote it."""
        if not self.goal.refs:
            return None
        spelling = self._obeyed("id_spelling", parameter)
        return self.goal.refs[0] if spelling is None else spelled(self.goal.refs[0], spelling.slot("example"))

    def _said(self, slot: str, parameter: ParameterReading) -> str | None:
        goal = self.goal
        if slot == "address":
            return self._address(parameter)
        if slot == "country":
            return self._country(goal.address.rsplit(",", 1)[-1].strip(), parameter) or None
        values: Mapping[str, str | None] = {
            "ref": self.ref(parameter),
            "date": self._date(parameter),
            "reason": goal.reason or (goal.text if parameter.required else ""),
            "team": self.team or "support",
            "item": self._item(parameter),
            "size": goal.size,
            "email": goal.email,
            "note": goal.quoted or goal.text,
            "query": goal.quoted or goal.text,
            "quantity": None if goal.quantity is None else str(goal.quantity),
        }
        return values.get(slot) or None

    def _amount(self, parameter: ParameterReading) -> float | None:
        money = self.amount(parameter)
        if money is None:
            return None
        unit = self._obeyed("unit", parameter)
        return round(money * 100) if unit is not None and unit.slot("unit") == "minor" else money

    def _deducts(self, directive: Directive) -> bool:
        topic = directive.slot("topic")
        return not topic or topic_is(topic, self.goal) or self._means(topic)

    def _means(self, topic: str) -> bool:
        meaning = self.goal.meaning
        return meaning is not None and bool(meaning.says.search(topic) or stems(topic) & meaning.stems)

    def _date(self, parameter: ParameterReading) -> str | None:
        if not self.goal.when:
            return None
        form = self._obeyed("date_format", parameter)
        return self.goal.when if form is None or self.goal.day is None else dated(self.goal.day, form.slot("format"))

    def _address(self, parameter: ParameterReading) -> str | None:
        address = self.goal.address
        if not address or "," not in address:
            return address or None
        place, _, country = address.rpartition(",")
        return f"{place}, {self._country(country.strip(), parameter)}"

    def _country(self, country: str, parameter: ParameterReading) -> str:
        known = next((each for each in ENGLISH.countries if each.name.lower() == country.lower()), None)
        style = None if known is None else self._obeyed("country", parameter)
        if known is None or style is None:
            return country
        return {"alpha2": known.alpha2, "alpha3": known.alpha3, "name": known.name}.get(style.slot("style"), country)

    def _item(self, parameter: ParameterReading) -> str | None:
        take = self._obeyed("take", parameter)
        return (self._taken(take) if take is not None else None) or self.goal.item or None

    def _taken(self, take: Directive) -> str | None:
        """Return the field's value in the record that the customer's words fit best."""
        field = stem(take.slot("field"))
        matching = [fact for fact in self.stand.facts if field in fact.key]
        words = stems(f"{self.goal.item} {self.goal.text}")

        def fits(record: int) -> int:
            said = " ".join(str(fact.value) for fact in self.stand.facts if fact.record == record)
            return len(words & stems(said))

        return str(max(matching, key=lambda fact: fits(fact.record)).value) if matching else None

    def _price(self) -> float | None:
        words = stems(self.goal.item)
        facts = self.stand.facts
        for fact in facts:
            if words and isinstance(fact.value, str) and words <= stems(fact.value):
                prices = (f.value for f in facts if f.record == fact.record and f.key & ENGLISH.slots["amount"])
                return next((float(price) for price in prices if isinstance(price, int | float)), None)
        total = self.stand.fact("total", "amount", "sum")
        return float(total) if isinstance(total, int | float) else None

    def _coded(self, said: str, parameter: ParameterReading) -> str | None:
        """Return the code for what was said, where the texts or the schema name codes, else the words themselves."""
        for rule in obeyed_all("code_for", self.reading, self.draws, subject=self._subject(parameter)):
            if self._means(rule.slot("meaning")) or (said and stems(rule.slot("meaning")) & stems(said)):
                return rule.slot("code")
        rule = None if parameter.options else self._obeyed("codes", parameter)
        codes = parameter.options or (tuple(rule.slot("codes").split(", ")) if rule is not None else ())
        if not codes or said in codes:
            return said or None
        words = stems(said).union(self.goal.meaning.stems if self.goal.meaning else ())
        fitting = [code for code in codes if words & stems(code)]
        return fitting[0] if fitting else self.draws.choice(codes, "code", self.tool.name, parameter.name)

    def _obeyed(self, kind: str, parameter: ParameterReading | None) -> Directive | None:
        return obeyed(kind, self.reading, self.draws, self._subject(parameter))

    def _subject(self, parameter: ParameterReading | None) -> Subject:
        own = self.goal.wish.stems
        return Subject(tool=self.tool, parameter=parameter, topic=own, foreign=ENGLISH.foreign(own))


def spelled(ref: str, example: str) -> str:
    """Write a reference in the way of an example: its letters, separators and places."""
    digits = re.sub(r"\D", "", ref)
    shape = re.search(r"\d+", example)
    if shape is None:
        return f"{example}{digits}"
    letters = re.sub(r"[^A-Za-z]", "", ref)
    before, after = example[: shape.start()], example[shape.end() :]
    place = re.search(r"[A-Za-z]+", before)
    if letters and place is not None and len(letters) == len(place[0]):
        before = before.replace(place[0], letters.upper() if place[0].isupper() else letters.lower())
    return f"{before}{digits}{after}"


def dated(day: date, form: str) -> str:
    """Write a date in one of the formats that directives name."""
    return day.strftime(_DATE_FORMATS.get(form, "%Y-%m-%d"))


def _typed(value: object, parameter: ParameterReading) -> object:
    """Give a value the type that the schema asks for, as well as it goes."""
    kind = parameter.type
    if kind in ("integer", "number") and not isinstance(value, int | float):
        number = re.search(r"-?\d+(?:\.\d+)?", str(value))
        value = float(number[0]) if number else 0
    if kind == "integer":
        return round(float(str(value)))
    if kind == "boolean":
        return bool(value)
    if kind == "array":
        return [value] if value != "" else []
    if kind == "object":
        return {}
    return str(value) if kind == "string" else value
