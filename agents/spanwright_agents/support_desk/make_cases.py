"""Write `orders.json` and `cases.yaml` anew: `python -m spanwright_agents.support_desk.make_cases`.

Both are committed; the same seed writes the same bytes, and a test compares them. The wording is in `tickets.yaml`;
here stands what each kind of ticket ought to come to, by the rules that `shop.py` keeps to itself.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Final, TypeAlias

import yaml

HERE: Final = Path(__file__).parent
SEED: Final = 2042
TODAY: Final = date(2026, 3, 2)
REFUND_LIMIT: Final = 100_00
RESTOCKING_FEE: Final = 5_00

KINDS: Final[Mapping[str, int]] = {
    "refund": 16, "refund_item": 6, "refund_unwanted": 10, "refund_large": 12, "credit": 12, "exchange": 12,
    "exchange_late": 8, "address": 12, "address_late": 8, "day": 12, "cancel": 8, "cancel_late": 8, "track": 14,
    "lost": 6, "complaint": 6, "refund_and_address": 4, "two_refunds": 3, "track_and_credit": 3,
}  # fmt: skip
"""How many cases of each kind: 160 together."""

GOODS: Final = (
    ("MUG", "blue mug", "", 1250), ("TEA", "teapot", "", 2990), ("LMP", "desk lamp", "", 4500),
    ("TSH", "red t-shirt", "S M L XL", 1990), ("JKT", "rain jacket", "S M L XL", 8900),
    ("SWT", "wool sweater", "S M L", 6400), ("SCK", "hiking socks", "S M L", 1450), ("NTB", "notebook", "", 890),
    ("BAG", "canvas bag", "", 3200), ("CLK", "wall clock", "", 5400), ("SHR", "linen shirt", "S M L XL", 4900),
    ("VAS", "glass vase", "", 3750), ("PAN", "frying pan", "", 4150), ("HDY", "grey hoodie", "S M L XL", 5500),
)  # fmt: skip
COUNTRIES: Final = {
    "Germany": ("DE", "Berlin", "Hamburg"), "France": ("FR", "Lyon", "Nantes"), "Austria": ("AT", "Graz", "Linz"),
    "Spain": ("ES", "Valencia", "Bilbao"), "Italy": ("IT", "Turin", "Bologna"), "Poland": ("PL", "Gdansk", "Lodz"),
}  # fmt: skip
STREETS: Final = ("Elm Street", "Mill Lane", "Station Road", "Garden Way", "Harbour Street", "Church Road", "Park Lane")
CARRIERS: Final = ("UPS", "DHL", "GLS", "Hermes")
PARCELS: Final = ("in transit", "out for delivery", "at the depot", "held at customs")

Texts: TypeAlias = dict[str, str]
Item: TypeAlias = tuple[str, str, str, int]


@dataclass(slots=True, kw_only=True)
class Order:
    """An order of the shop."""

    ref: str
    status: str
    delivered_days_ago: int | None
    carrier: str
    state: str
    due: str
    address: str
    items: list[Item]

    @property
    def total(self) -> int:
        return sum(item[3] for item in self.items)


@dataclass(slots=True, kw_only=True)
class Ticket:
    """A ticket in the making: what fills its template, and how it ought to end."""

    texts: Texts = field(default_factory=dict[str, str])
    books: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    reply: list[str] = field(default_factory=list[str])

    def ends(self, what: str, row: str, reply: str = "") -> None:
        """Expect a row in the books, and words in the reply: the ref, if nothing else."""
        self.books.setdefault(what, []).append(row)
        self.reply.append(reply or row.split(maxsplit=1)[0])


class World:
    """Draws orders and customers; every order belongs to one ticket."""

    def __init__(self, seed: int, reasons: Mapping[str, list[str]]) -> None:
        self.dice: Final = Random(seed)
        self.orders: Final[list[Order]] = []
        self.reasons: Final[Mapping[str, list[str]]] = reasons
        self._numbers: Final = self.dice.sample(range(1001, 1999), 400)

    def order(self, status: str, *, days: int | None = None, sized: bool = False) -> Order:
        """Place an order."""
        dice = self.dice
        goods = [good for good in GOODS if bool(good[2]) is sized]
        chosen = dice.sample(goods, 1 if not sized else dice.choice((1, 2)))
        order = Order(
            ref=f"A-{self._numbers[len(self.orders)]}",
            status=status,
            delivered_days_ago=days,
            carrier=dice.choice(CARRIERS),
            state={"processing": "not yet handed over", "delivered": "delivered"}.get(status, dice.choice(PARCELS)),
            due=(TODAY + timedelta(days=dice.randint(1, 20))).isoformat(),
            address=self.address()[1],
            items=[self._item(good) for good in chosen],
        )
        self.orders.append(order)
        return order

    def delivered(self, *, late: bool = False, sized: bool = False) -> Order:
        """Place an order that was delivered, lately or long ago."""
        return self.order(
            "delivered", days=self.dice.randint(34, 90) if late else self.dice.randint(2, 27), sized=sized
        )

    def written(self, ref: str) -> str:
        """Write a ref as customers do."""
        digits = ref[2:]
        ways = (
            "order {}",
            "order {}",
            "order #{}",
            "order no. {}",
            "my order {}",
            "order a{}",
            "order #A{}",
            "order A-{}",
        )
        return self.dice.choice(ways).format(digits)

    def address(self) -> tuple[str, str]:
        """Return an address as customers write it and as the shop wants it."""
        country = self.dice.choice(sorted(COUNTRIES))
        code, *cities = COUNTRIES[country]
        place = f"{self.dice.randint(2, 98)} {self.dice.choice(STREETS)}, {self.dice.choice(cities)}"
        return f"{place}, {country}", f"{place}, {code}"

    def day(self) -> tuple[str, str]:
        """Return a date as customers write it and as the shop wants it."""
        chosen = TODAY + timedelta(days=self.dice.randint(4, 60))
        ways = (
            f"{chosen.day} {chosen:%B %Y}",
            f"{chosen:%B} {chosen.day}, {chosen.year}",
            f"{chosen.day}.{chosen.month}.{chosen.year}",
        )
        return self.dice.choice(ways), chosen.isoformat()

    def _item(self, good: tuple[str, str, str, int]) -> Item:
        stock, name, sizes, cents = good
        size = self.dice.choice(sizes.split()) if sizes else ""
        return f"{stock}-{self.dice.randint(100, 999)}", name, size, cents


def money(cents: int) -> str:
    """Write a sum as customers do."""
    return f"${cents / 100:.2f}" if cents % 100 else f"${cents // 100}"


def exactly(cents: int) -> str:
    """Write a sum as the shop does."""
    return f"{cents / 100:.2f}"


def refund(
    world: World, ticket: Ticket, *, code: str = "", itemless: bool = False, large: bool = False, n: str = ""
) -> None:
    """Ask for a refund: of a sum, or of what an item cost; small, or above the limit."""
    order = world.delivered()
    item = order.items[0]
    code = code or world.dice.choice(("DAMAGED", "LATE", "WRONG_ITEM"))
    cents = item[3] if itemless else world.dice.randrange(800, 9_000, 50)
    if large:
        cents = world.dice.randrange(11_000, 40_000, 500)
    phrase = world.dice.choice(world.reasons[code]).format(item=item[1])
    ticket.texts |= {f"ref{n}": world.written(order.ref), f"money{n}": money(cents), f"why{n}": phrase, "item": item[1]}
    if cents > REFUND_LIMIT:
        ticket.ends("tickets", f"{order.ref} to finance")
        return
    cents -= RESTOCKING_FEE if code == "UNWANTED" else 0
    ticket.ends("refunds", f"{order.ref} {cents} {code}", exactly(cents))


def credit(world: World, ticket: Ticket, *, n: str = "") -> None:
    """Ask for store credit."""
    order, cents = world.delivered(), world.dice.randrange(300, 4_000, 50)
    ticket.texts |= {f"ref{n}": world.written(order.ref), "money": money(cents)}
    ticket.ends("credits", f"{order.ref} {exactly(cents)}", exactly(cents))


def exchange(world: World, ticket: Ticket, *, late: bool = False) -> None:
    """Ask for another size, in time or too late."""
    order = world.delivered(late=late, sized=True)
    sku, name, size, _ = order.items[0]
    sizes = next(good[2] for good in GOODS if good[1] == name).split()
    wanted = world.dice.choice([each for each in sizes if each != size])
    ticket.texts |= {"ref": world.written(order.ref), "item": name, "size": wanted}
    if late:
        ticket.ends("tickets", f"{order.ref} to tier2")
    else:
        ticket.ends("exchanges", f"{order.ref} {sku} {wanted}")


def address(world: World, ticket: Ticket, *, late: bool = False, n: str = "") -> None:
    """Ask to send an order elsewhere, in time or too late."""
    order = world.order("shipped" if late else "processing")
    said, wanted = world.address()
    ticket.texts |= {f"ref{n}": world.written(order.ref), "address": said}
    if late:
        ticket.ends("tickets", f"{order.ref} to depot")
    else:
        ticket.ends("addresses", f"{order.ref} {wanted}")


def day(world: World, ticket: Ticket) -> None:
    """Ask for another day of delivery."""
    order = world.order(world.dice.choice(("processing", "shipped")))
    said, wanted = world.day()
    ticket.texts |= {"ref": world.written(order.ref), "day": said}
    ticket.ends("delivery days", f"{order.ref} {wanted}", wanted)


def cancel(world: World, ticket: Ticket, *, late: bool = False) -> None:
    """Ask to cancel, in time or too late."""
    order = world.order("shipped" if late else "processing")
    ticket.texts |= {"ref": world.written(order.ref)}
    if late:
        ticket.ends("tickets", f"{order.ref} to depot")
    else:
        ticket.ends("cancellations", f"{order.ref} cancelled")


def track(world: World, ticket: Ticket, *, n: str = "") -> None:
    """Ask where a parcel is: nothing changes, the reply tells."""
    order = world.order("shipped")
    ticket.texts |= {f"ref{n}": world.written(order.ref)}
    ticket.reply.extend((order.ref, order.state, order.due))


def passed_on(world: World, ticket: Ticket, *, team: str, status: str) -> None:
    """Write what belongs to a team."""
    order = world.order(status, days=9 if status == "delivered" else None)
    ticket.texts |= {"ref": world.written(order.ref)}
    ticket.ends("tickets", f"{order.ref} to {team}")


def refund_and_address(world: World, ticket: Ticket) -> None:
    """Ask for two things in one ticket."""
    refund(world, ticket)
    address(world, ticket, n="2")


def two_refunds(world: World, ticket: Ticket) -> None:
    """Ask for two refunds."""
    refund(world, ticket)
    refund(world, ticket, n="2")


def track_and_credit(world: World, ticket: Ticket) -> None:
    """Ask where one parcel is, and for credit because of another."""
    track(world, ticket)
    credit(world, ticket, n="2")


MAKERS: Final[Mapping[str, Callable[[World, Ticket], None]]] = {
    "refund": refund,
    "refund_item": lambda world, ticket: refund(world, ticket, itemless=True),
    "refund_unwanted": lambda world, ticket: refund(world, ticket, code="UNWANTED"),
    "refund_large": lambda world, ticket: refund(world, ticket, large=True),
    "credit": credit,
    "exchange": exchange,
    "exchange_late": lambda world, ticket: exchange(world, ticket, late=True),
    "address": address,
    "address_late": lambda world, ticket: address(world, ticket, late=True),
    "day": day,
    "cancel": cancel,
    "cancel_late": lambda world, ticket: cancel(world, ticket, late=True),
    "track": track,
    "lost": lambda world, ticket: passed_on(world, ticket, team="depot", status="delivered"),
    "complaint": lambda world, ticket: passed_on(world, ticket, team="tier2", status="delivered"),
    "refund_and_address": refund_and_address,
    "two_refunds": two_refunds,
    "track_and_credit": track_and_credit,
}


def make() -> tuple[str, str]:
    """Return the contents of `orders.json` and `cases.yaml`."""
    wording = yaml.safe_load((HERE / "tickets.yaml").read_text(encoding="utf-8"))
    world = World(SEED, wording["reasons"])
    cases = list(_cases(world, wording))
    orders = sorted(world.orders, key=lambda order: order.ref)
    names = ("ref", "status", "delivered_days_ago", "carrier", "state", "due", "address", "items")
    rows = [json.dumps({name: getattr(order, name) for name in names}) for order in orders]
    dataset = {"name": "support_desk", "evaluators": ["EndState"], "cases": cases}
    return (
        "[\n" + ",\n".join(rows) + "\n]\n",
        yaml.safe_dump(dataset, sort_keys=False, allow_unicode=True, width=120),
    )


def _cases(world: World, wording: Mapping[str, list[str]]) -> Iterator[dict[str, object]]:
    dice = Random(SEED + 1)
    for kind, count in KINDS.items():
        for number in range(count):
            index = number % len(wording[kind])
            ticket = Ticket()
            MAKERS[kind](world, ticket)
            body = wording[kind][index].format_map(ticket.texts)
            greeting = dice.choice(wording["greetings"])
            text = greeting + (body if greeting.endswith(", ") else body[0].upper() + body[1:])
            yield {
                "name": f"{kind}-{number + 1:02}",
                "inputs": text + dice.choice(wording["farewells"]),
                "metadata": {"kind": kind, "group": f"{kind}/{index + 1}"},
                "expected_output": {"books": ticket.books, "reply": ", ".join(ticket.reply)},
            }


def main() -> None:
    """Write both files."""
    orders, cases = make()
    (HERE / "orders.json").write_text(orders, encoding="utf-8")
    (HERE / "cases.yaml").write_text(cases, encoding="utf-8")


if __name__ == "__main__":
    main()
