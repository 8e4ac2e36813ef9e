"""The shop behind the desk: orders in SQLite, and the rules by which it really works.

Nobody tells the agent these rules. Some show when a tool refuses, some only in what the shop's books say afterwards.
Each rollout works on a copy of its own, in memory.
"""

import json
import re
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias, cast

HERE: Final = Path(__file__).parent
REASONS: Final = ("DAMAGED", "LATE", "WRONG_ITEM", "UNWANTED")
TEAMS: Final = ("depot", "finance", "tier2")
EXCHANGE_DAYS: Final = 30

Books: TypeAlias = dict[str, list[str]]
"""What was done, by kind: {"refunds": ["A-1042 1250 DAMAGED"]}. What was not done has no entry."""
Told: TypeAlias = dict[str, object]


class Mistake(ValueError):
    """A tool was called with something that the shop cannot read."""


@dataclass(slots=True)
class Shop:
    """One copy of the shop."""

    database: sqlite3.Connection
    seen: set[str] = field(default_factory=set[str])
    """Orders that were looked up."""

    @classmethod
    @asynccontextmanager
    async def copy(cls) -> AsyncIterator["Shop"]:
        """Open a fresh copy of the shop; it is gone when the block is left."""
        database = sqlite3.connect(":memory:", check_same_thread=False)
        try:
            database.deserialize(image())
            yield cls(database)
        finally:
            database.close()

    def lookup(self, ref: str) -> Told:
        """Return an order's status and items."""
        status, days = self._order(ref)[:2]
        items = self.database.execute("SELECT sku, name, size, cents FROM items WHERE ref = ?", (ref,)).fetchall()
        self.seen.add(ref)
        shown = [{"sku": sku, "name": name, "size": size, "price": cents / 100} for sku, name, size, cents in items]
        told: Told = {"ref": ref, "status": status, "items": shown, "total": sum(row[3] for row in items) / 100}
        return told if days is None else {**told, "days_since_delivery": days}

    def check(self, ref: str) -> Told:
        """Return where an order's parcel is."""
        _, _, carrier, state, due = self._order(ref)
        return {"ref": ref, "carrier": carrier, "parcel": state, "due": due}

    def refund(self, ref: str, amount: float, reason: str) -> str:
        """Pay back: `amount` is booked as cents, whatever was meant."""
        self._order(ref)
        self._open(ref, "refund")
        if reason not in REASONS:
            raise Mistake(f"Unknown reason {reason!r}: the reason must be one of {', '.join(REASONS)}.")
        self._did("refunds", ref, f"{round(amount)} {reason}")
        return "Booked."

    def credit(self, ref: str, amount: float) -> str:
        """Give store credit: `amount` is booked as dollars."""
        self._order(ref)
        self._did("credits", ref, f"{amount:.2f}")
        return "Booked."

    def exchange(self, ref: str, item: str, size: str) -> str:
        """Send an item in another size."""
        days = self._order(ref)[1]
        names = self.database.execute("SELECT name FROM items WHERE ref = ? AND sku = ?", (ref, item)).fetchall()
        if not names:
            raise Mistake(f"No item {item!r} in {ref}: items go by their sku, as lookup shows it.")
        if days is None or days > EXCHANGE_DAYS:
            return (
                f"Refused: exchanges only within {EXCHANGE_DAYS} days of delivery; {ref} was delivered {days} days ago."
            )
        self._did("exchanges", ref, f"{item} {size}")
        return "Booked."

    def set_address(self, ref: str, address: str) -> str:
        """Overwrite where an order goes, even when it is too late for that."""
        status = self._order(ref)[0]
        self._did("addresses", ref, address)
        return f"Saved. {ref} is {status}."

    def set_day(self, ref: str, day: str) -> str:
        """Choose the day of delivery."""
        self._order(ref)
        try:
            chosen = date.fromisoformat(day) if re.fullmatch(r"\d{4}-\d\d-\d\d", day) else None
        except ValueError:
            chosen = None
        if chosen is None:
            raise Mistake(f"Cannot read {day!r} as a date.")
        self._did("delivery days", ref, chosen.isoformat())
        return "Saved."

    def cancel(self, ref: str) -> str:
        """Cancel an order that has not left the house."""
        status = self._order(ref)[0]
        self._open(ref, "cancel")
        if status != "processing":
            return f"Refused: {ref} is {status}, only orders in processing can be cancelled."
        self._did("cancellations", ref, "cancelled")
        return "Cancelled."

    def escalate(self, ref: str, team: str, note: str) -> str:
        """Open a ticket for a team."""
        self._order(ref)
        if team not in TEAMS:
            raise Mistake(f"No team {team!r}: the team must be one of {', '.join(TEAMS)}.")
        self._did("tickets", ref, f"to {team}")
        return "Opened a ticket."

    def books(self) -> Books:
        """Return what was done, by kind, sorted."""
        kept: Books = {}
        for what, ref, how in self.database.execute("SELECT what, ref, how FROM deeds ORDER BY what, ref, how"):
            kept.setdefault(what, []).append(f"{ref} {how}")
        return kept

    def _order(self, ref: str) -> tuple[str, int | None, str, str, str]:
        columns = "status, delivered_days_ago, carrier, state, due"
        row = self.database.execute(f"SELECT {columns} FROM orders WHERE ref = ?", (ref,)).fetchone()  # noqa: S608 - fixed
        if row is None:
            raise Mistake(f"No order {ref!r}: order refs look like A-1000.")
        return cast("tuple[str, int | None, str, str, str]", row)

    def _open(self, ref: str, tool: str) -> None:
        if ref not in self.seen:
            raise Mistake(f"{ref} is not open: call lookup before {tool}.")

    def _did(self, what: str, ref: str, how: str) -> None:
        self.database.execute("INSERT INTO deeds (what, ref, how) VALUES (?, ?, ?)", (what, ref, how))


@cache
def image() -> bytes:
    """Return the shop as SQLite stores it: the schema and `orders.json`. Made once, copied for each rollout."""
    orders = cast("list[Mapping[str, object]]", json.loads((HERE / "orders.json").read_text(encoding="utf-8")))
    database = sqlite3.connect(":memory:")
    database.executescript((HERE / "schema.sql").read_text(encoding="utf-8"))
    names = ("ref", "status", "delivered_days_ago", "carrier", "state", "due", "address")
    database.executemany(
        "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?)", [[order[name] for name in names] for order in orders]
    )
    items = [[order["ref"], *item] for order in orders for item in cast("list[list[object]]", order["items"])]
    database.executemany("INSERT INTO items VALUES (?, ?, ?, ?, ?)", items)
    database.commit()
    stored = database.serialize()
    database.close()
    return stored
