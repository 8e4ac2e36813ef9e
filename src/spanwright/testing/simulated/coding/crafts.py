"""What the simulated coder can do: the moves that an issue asks for, by what it minds while it makes them.

It has read much code, so it knows how such changes are made. What it does not know is how they are made here: that is a
rule of `house_rules.toml`, which it minds if it was told, and now and then without.
"""

import re
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Final, TypeAlias, cast

CARE: Final = "care"
"""To look twice at what a report says. No text about a repository teaches it."""


@dataclass(frozen=True, slots=True)
class Read:
    """Look into a file."""

    path: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Put a text in place of another, or write a file."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Make:
    """Run the command that a rule tells of."""

    rule: str


Move: TypeAlias = Read | Edit | Make


@dataclass(frozen=True, slots=True, kw_only=True)
class Minded:
    """The rules that are minded, with what they were told to be."""

    rules: Collection[str]
    suffix: str = ""

    def __contains__(self, rule: str) -> bool:
        return rule in self.rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Craft:
    """A change that is asked for."""

    moves: Callable[[Minded], Sequence[Move]]
    rules: tuple[str, ...]
    """Those that matter for it."""
    places: Mapping[str, str] = field(default_factory=dict[str, str])
    """The file that a rule has to name to be of use, where it names any."""

    def mended(self, before: Minded, after: Minded) -> Sequence[Move]:
        """Return the moves from a work in which less was minded to one in which more is."""
        done = self.moves(before)
        edited = {(each.path, each.old): each for each in done if isinstance(each, Edit)}
        moves: list[Move] = []
        for move in self.moves(after):
            earlier = edited.get((move.path, move.old)) if isinstance(move, Edit) else None
            if isinstance(move, Edit) and earlier is not None and earlier != move:
                moves.append(Edit(move.path, earlier.new, move.new))
            elif move not in done:
                moves.append(move)
        return moves


def craft_for(issue: str) -> Craft | None:
    """Return the change that an issue asks for; None for one that the coder cannot do."""
    for expression, craft in _CRAFTS:
        found = expression.search(issue)
        if found is not None:
            return craft(found.groupdict())
    fix = next((each for each in _fixes() if each["about"] in issue), None)
    return None if fix is None else _fix(fix)


def _fixes() -> Sequence[Mapping[str, str]]:
    text = files("spanwright.testing.simulated.coding").joinpath("fixes.toml").read_text(encoding="utf-8")
    return cast("Sequence[Mapping[str, str]]", tomllib.loads(text)["fixes"])


def _fix(row: Mapping[str, str]) -> Craft:
    def moves(minds: Minded) -> Sequence[Move]:
        put = row["put"] if CARE in minds else row["guess"]
        return [Read(row["file"]), Edit(row["file"], row["see"], put)]

    return Craft(moves=moves, rules=(CARE,))


_CARRIER = '''"""The {name}."""

from wharf.errors import TooHeavy
{imports}
from wharf.parcels import Parcel

NAME = "{name}"
HEAVIEST = {most}
DAYS = {days}


def charge(parcel: Parcel, distance: int) -> Cents:
    """Return what it costs: by weight, plus {percent} % {dues}."""
    if parcel.weight > HEAVIEST:
        raise TooHeavy(f"{name} takes {{HEAVIEST}} kg")
    freight = {base} + parcel.chargeable * {rate}
    {share}
'''


def _carrier(said: Mapping[str, str]) -> Craft:
    name, path, index = said["name"], f"wharf/carriers/{said['name']}.py", "wharf/carriers/__init__.py"
    known = ("air", "rail", "road", "sea")

    def moves(minds: Minded) -> Sequence[Move]:
        imports, share = "from wharf.money import Cents", f"return round(freight * (1 + {said['percent']} / 100), 2)"
        if "money" in minds:
            imports, share = f"{imports}, percent", f"return freight + percent(freight, {_points(said['percent'])})"
        made: list[Move] = [
            Read("wharf/carriers/road.py"),
            Edit(path, "", _CARRIER.format(**said, imports=imports, share=share)),
        ]
        if "registry" in minds:
            after = next((each for each in known if each > name), "")
            row = f"    {name}.NAME: {name},\n"
            made += [
                Read(index),
                Edit(index, f"import {', '.join(known)}", f"import {', '.join(sorted((*known, name)))}"),
                Edit(index, f"    {after}.NAME" if after else "}\n", row + (f"    {after}.NAME" if after else "}\n")),
            ]
        return made

    return Craft(moves=moves, rules=("money", "registry"), places={"registry": index})


_AMOUNTS: Final = {"freight": "freight", "declared value": "parcel.worth"}
_CONDITIONS: Final = {
    "that are fragile": "parcel.fragile",
    "of more than 1000 kg": "parcel.weight > 1_000",
    "longer than 240 cm": "parcel.length > 240",
    "worth 10000.00 and more": "parcel.worth >= 1_000_000",
    "higher than 200 cm": "parcel.height > 200",
    "wider than 150 cm": "parcel.width > 150",
    "of less than 2 kg": "parcel.weight < 2",
    "not higher than 3 cm": "parcel.height <= 3",
}


def _surcharge(said: Mapping[str, str]) -> Craft:
    path, amount, condition = "wharf/surcharges.py", _AMOUNTS[said["of"]], _CONDITIONS[said["whose"]]

    def moves(minds: Minded) -> Sequence[Move]:
        name = f"{said['name']}{minds.suffix}" if "naming" in minds else said["name"]
        share = f"round({amount} * {said['percent']} / 100, 2)"
        if "money" in minds:
            share = f"percent({amount}, {_points(said['percent'])})"
        text = (
            f"def {name}(parcel: Parcel, freight: Cents) -> Cents:\n"
            f'    """Return {said["percent"]} % of the {said["of"]}, for parcels {said["whose"]}."""\n'
            f"    return {share} if {condition} else 0\n"
        )
        return [
            Read(path),
            Edit(path, "\n\nORDER = [", f"\n\n{text}\n\nORDER = ["),
            Edit(path, "    energy_surcharge,\n]", f"    energy_surcharge,\n    {name},\n]"),
        ]

    return Craft(moves=moves, rules=("money", "naming"))


def _country(said: Mapping[str, str]) -> Craft:
    code, zone, source, table = said["code"], said["zone"], "data/zones.csv", "wharf/zones_table.py"
    new = said.get("country", "")
    row, near, named = f"{code},{new},{zone}\n", '    "SE": 3,', '    "SE": "Sweden",'
    old, was = _OLD.get(code, ("", ""))

    def moves(minds: Minded) -> Sequence[Move]:
        if "generated" in minds:
            change = Edit(source, old, f"{old[:-1]}{zone}") if old else Edit(source, "SE,", f"{row}SE,")
            return [Read(source), change, Make("generated")]
        if old:
            return [Read(table), Edit(table, f'"{code}": {was}', f'"{code}": {zone}')]
        return [
            Read(table),
            Edit(table, near, f'    "{code}": {zone},\n{near}'),
            Edit(table, named, f'    "{code}": "{new}",\n{named}'),
        ]

    return Craft(moves=moves, rules=("generated",), places={"generated": source})


_OLD: Final[Mapping[str, tuple[str, str]]] = {"DK": ("DK,Denmark,2", "2"), "FI": ("FI,Finland,4", "4")}
_REFUSED: Final[Mapping[str, tuple[str, str, str]]] = {
    "EmptyParcel": ("TooHeavy", "parcel.weight <= 0", "    if parcel.weight > HEAVIEST:"),
    "FlatParcel": ("TooHeavy", "parcel.volume <= 0", "    if parcel.weight > HEAVIEST:"),
    "HugeParcel": ("TooHeavy", "parcel.girth > 3_000", "    if parcel.weight > HEAVIEST:"),
    "NegativeWorth": ("TooHeavy", "parcel.worth < 0", "    if parcel.weight > HEAVIEST:"),
    "NothingPaid": ("AlreadyPaid", "amount < 1", "    if one.open <= 0:"),
    "TooManyInstalments": ("AlreadyPaid", "count > 12", "    return [(one.due"),
    "Overpaid": ("AlreadyPaid", "0 < one.open < amount", "    if one.open <= 0:"),
    "NoInstalments": ("AlreadyPaid", "count < 1", "    return [(one.due"),
}


def _error(said: Mapping[str, str]) -> Craft:
    error, path, place = said["error"], said["file"], "wharf/errors.py"
    known, condition, before = _REFUSED[error]
    last = '    code = "W301"\n'
    declared = f'\n\nclass {error}(WharfError):\n    """{said["what"]}"""\n\n    code = "{said["code"]}"\n'

    def moves(minds: Minded) -> Sequence[Move]:
        minded = "errors" in minds
        names = ", ".join(sorted((known, error))) if minded else known
        raised = error if minded else "ValueError"
        return [
            *([Read(place), Edit(place, last, last + declared)] if minded else []),
            Read(path),
            Edit(path, f"from wharf.errors import {known}\n", f"from wharf.errors import {names}\n"),
            Edit(path, before, f'    if {condition}:\n        raise {raised}("{said["what"]}")\n{before}'),
        ]

    return Craft(moves=moves, rules=("errors",), places={"errors": place})


def _points(percent: str) -> int:
    return round(float(percent) * 100)


_CRAFTS: Final[Sequence[tuple[re.Pattern[str], Callable[[Mapping[str, str]], Craft]]]] = (
    (
        re.compile(
            r"Add a carrier `(?P<name>\w+)`\. It takes (?P<most>\d+) kg at most and needs (?P<days>\d+) days?\."
            r" It charges (?P<base>\d+) cents and (?P<rate>\d+) cents a kilogram"
            r".*plus (?P<percent>[\d.]+) % (?P<dues>[\w ]+) on all"
        ),
        _carrier,
    ),
    (
        re.compile(
            r"Add a surcharge called (?P<name>\w+) to wharf/surcharges\.py:"
            r" (?P<percent>[\d.]+) % of the (?P<of>[\w ]+), for parcels (?P<whose>.+?)\. It comes"
        ),
        _surcharge,
    ),
    (
        re.compile(r"send to (?P<country>\w+) now\. The country code is (?P<code>\w+), and its zone is (?P<zone>\d)"),
        _country,
    ),
    (re.compile(r"nearer than it was\. The country code is (?P<code>\w+), and its zone is (?P<zone>\d)"), _country),
    (
        re.compile(
            r"(?P<what>[^.]+)\. Raise the error (?P<error>\w+), with the code (?P<code>\w+),"
            r" in `\w+` of (?P<file>[\w/]+\.py)"
        ),
        _error,
    ),
)
