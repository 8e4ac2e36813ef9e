"""Write `rows.json` and `cases.jsonl` anew: `python -m spanwright_agents.tool_desk.make_cases`.

Both are committed; the same seed writes the same bytes, and a test compares them. The wording is in `requests.yaml`;
here stands what each family of requests ought to come to.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Final, TypeAlias

import yaml

HERE: Final = Path(__file__).parent
SEED: Final = 4711
TODAY: Final = date(2026, 3, 2)
EACH: Final = 2
"""Cases of each wording."""
PAIRS: Final = 24
"""Cases that ask for two things."""

Wording: TypeAlias = Mapping[str, list[str]]
Row: TypeAlias = tuple[object, ...]

READS: Final[Mapping[str, tuple[str, str]]] = {
    "order_info": ("orders", "{order}"),
    "order_history": ("order lists", "{customer}"),
    "billing_view": ("invoices", "{invoice}"),
    "parcel_status": ("parcels", "{parcel}"),
    "account_get": ("accounts", "{customer}"),
    "item_show": ("products", "{product}"),
    "item_check": ("stock", "{product}"),
}
DEEDS: Final[Mapping[str, tuple[str, str]]] = {
    "order_stop": ("cancellations", "{order} {code}"),
    "order_close": ("archived orders", "{order} archived"),
    "order_hold": ("held orders", "{order} {iso}"),
    "order_amend": ("quantities", "{order} {count}"),
    "billing_return": ("refunds", "{invoice} {cents} {code}"),
    "billing_apply": ("vouchers", "{customer} {dollars}"),
    "billing_reverse": ("void invoices", "{invoice} void"),
    "billing_send": ("copies", "{invoice} {email}"),
    "billing_split": ("instalments", "{invoice} {count}"),
    "parcel_trace": ("searches", "{parcel} search"),
    "parcel_redirect": ("parcel addresses", "{parcel} {place}"),
    "parcel_move": ("delivery days", "{parcel} {iso}"),
    "parcel_recall": ("recalls", "{parcel} recalled"),
    "parcel_claim": ("claims", "{parcel} {damage}"),
    "account_update": ("emails", "{customer} {email}"),
    "account_set": ("addresses", "{customer} {place}"),
    "account_close": ("closed accounts", "{customer} 1"),
    "account_block": ("suspensions", "{customer} {iso}"),
    "account_level": ("levels", "{customer} {member}"),
    "item_price": ("prices", "{product} {cents}"),
    "item_reserve": ("reservations", "{product} {count}"),
    "item_alert": ("alerts", "{product} {email}"),
    "item_retire": ("withdrawn products", "{product} 0"),
}
CODES: Final[Mapping[str, Sequence[str]]] = {
    "order_stop": ("DUPLICATE", "LATE", "UNWANTED"),
    "billing_return": ("DAMAGED", "LATE", "UNWANTED", "WRONG_ITEM"),
}
NAMES: Final = ("Ann Weber", "Tom Reed", "Lea Moreau", "Jan Nowak", "Eva Lind", "Max Huber", "Ida Rossi", "Sam Clark")
GOODS: Final = ("blue mug", "teapot", "desk lamp", "rain jacket", "notebook", "canvas bag", "wall clock", "glass vase")
STREETS: Final = ("Elm Street", "Mill Lane", "Station Road", "Garden Way", "Harbour Street", "Church Road")
PLACES: Final = ("Berlin, Germany", "Lyon, France", "Graz, Austria", "Bilbao, Spain", "Turin, Italy", "Lodz, Poland")
STATUSES: Final = ("processing", "shipped", "delivered")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One thing that is asked for, in words, and what it ought to come to."""

    family: str
    group: str
    text: str
    books: Mapping[str, list[str]]
    reads: Mapping[str, list[str]]


class World:
    """Draws rows, and requests about rows of their own."""

    def __init__(self, seed: int, wording: Mapping[str, list[str]], why: Wording) -> None:
        self.dice: Final = Random(seed)
        self.rows: Final[dict[str, list[Row]]] = {
            "customers": [], "products": [], "orders": [], "invoices": [], "parcels": [],
        }  # fmt: skip
        self._wording: Final = wording
        self._why: Final = why
        self._numbers: Final = self.dice.sample(range(1000, 9999), 600)

    def asked(self, family: str, place: int) -> Asked:
        """Ask for one thing in the wording at a place."""
        slots = self._placed() | self._drawn(family)
        slots["caller"] = slots["customer"]
        template = self._wording[family][place]
        if "{customer}" not in template:
            template = self.dice.choice(self._wording["callers"]) + template[0].upper() + template[1:]
        return Asked(
            family=family,
            group=f"{family}/{place + 1}",
            text=template.format(**slots),
            books=_expected(DEEDS, family, slots) if family in DEEDS else {},
            reads=_expected(READS, family, slots) if family in READS else {},
        )

    def _placed(self) -> dict[str, str]:
        """Place a customer with an order, its invoice and parcel, and a product."""
        dice, number = self.dice, self._numbers.pop()
        ids = {"customer": "C", "product": "S", "order": "O", "invoice": "INV", "parcel": "P"}
        found = {name: f"{letters}-{number + i}" for i, (name, letters) in enumerate(ids.items())}
        name, cents = dice.choice(NAMES), dice.randrange(900, 9000, 50)
        email = f"{name.split()[0].lower()}{number}@example.com"
        self.rows["customers"].append((found["customer"], name, email, self._address()))
        self.rows["products"].append((found["product"], dice.choice(GOODS), cents, dice.randint(0, 40)))
        status, count = dice.choice(STATUSES), dice.randint(1, 9)
        self.rows["orders"].append((found["order"], found["customer"], found["product"], count, status))
        self.rows["invoices"].append((found["invoice"], found["order"], cents * count, dice.choice(("open", "paid"))))
        due = (TODAY + timedelta(days=dice.randint(1, 20))).isoformat()
        self.rows["parcels"].append((found["parcel"], found["order"], "in transit", due, self._address()))
        return found

    def _drawn(self, family: str) -> dict[str, str]:
        """Draw what a request may name besides: as colleagues write it, and as the house keeps it."""
        dice = self.dice
        cents = dice.randrange(500, 9000, 50)
        day = TODAY + timedelta(days=dice.randint(4, 60))
        ways = (f"{day.day} {day:%B %Y}", f"{day:%B} {day.day}, {day.year}", f"{day.day}.{day.month}.{day.year}")
        code = dice.choice(CODES.get(family, ("LATE",)))
        damage, level = dice.choice(("CRUSHED", "OPENED", "WET")), dice.choice(("BASIC", "GOLD", "PLUS"))
        return {
            "money": f"${cents / 100:.2f}", "cents": str(cents), "dollars": f"{cents / 100:.2f}",
            "day": dice.choice(ways), "iso": day.isoformat(), "place": self._address(),
            "count": str(dice.randint(2, 9)), "email": f"{dice.choice(NAMES).split()[1].lower()}@example.org",
            "code": code, "why": dice.choice(self._why[code]), "kind": damage.lower(), "damage": damage,
            "level": level.lower(), "member": level,
        }  # fmt: skip

    def _address(self) -> str:
        return f"{self.dice.randint(2, 98)} {self.dice.choice(STREETS)}, {self.dice.choice(PLACES)}"


def _expected(kinds: Mapping[str, tuple[str, str]], family: str, slots: Mapping[str, str]) -> dict[str, list[str]]:
    what, row = kinds[family]
    return {what: [row.format_map(slots)]}


def make() -> tuple[str, str]:
    """Return the contents of `rows.json` and `cases.jsonl`."""
    wording = yaml.safe_load((HERE / "requests.yaml").read_text(encoding="utf-8"))
    world = World(SEED, wording, wording["why"])
    cases = list(_cases(world, wording))
    rows = ",\n".join(f"{json.dumps(table)}: {json.dumps(some)}" for table, some in world.rows.items())
    lines = (json.dumps(case, ensure_ascii=False) for case in cases)
    return "{\n" + rows + "\n}\n", "\n".join(lines) + "\n"


def _cases(world: World, wording: Wording) -> Iterator[dict[str, object]]:
    families = (*READS, *DEEDS)
    dice = Random(SEED + 1)
    for family in sorted(families):
        for number in range(EACH * len(wording[family])):
            yield _case(
                f"{family}-{number + 1:02}", [world.asked(family, number % len(wording[family]))], wording, dice
            )
    for number in range(PAIRS):
        first, second = dice.sample(sorted(families), 2)
        place = dice.randrange(len(wording[first]))
        asked = [world.asked(first, place), world.asked(second, place)]
        yield _case(f"two-{number + 1:02}", asked, wording, dice) | {"group": f"two/{number + 1}"}


def _case(name: str, asked: Sequence[Asked], wording: Wording, dice: Random) -> dict[str, object]:
    texts = [each.text for each in asked]
    text = texts[0][0].upper() + texts[0][1:]
    if len(texts) > 1:
        text += f" {dice.choice(wording['joints'])}{texts[1]}"
    return {
        "name": name,
        "inputs": f"{dice.choice(wording['openings'])}{text}{dice.choice(wording['closings'])}",
        "family": asked[0].family if len(asked) == 1 else "two",
        "group": asked[0].group,
        "tools": [each.family for each in asked],
        "books": {what: rows for each in asked for what, rows in each.books.items()},
        "reads": {what: rows for each in asked for what, rows in each.reads.items()},
    }


def main() -> None:
    """Write both files."""
    rows, cases = make()
    (HERE / "rows.json").write_text(rows, encoding="utf-8")
    (HERE / "cases.jsonl").write_text(cases, encoding="utf-8")


if __name__ == "__main__":
    main()
