"""The house behind the tools: five domains in one SQLite database, and what was read and done in it.

Nobody tells the agent these rules. Some show when a tool refuses, some only in what the house says afterwards. Each
rollout works on a copy of its own, in memory.
"""

import json
import re
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias, cast

HERE: Final = Path(__file__).parent

Books: TypeAlias = dict[str, list[str]]
"""What was done or read, by kind: {"refunds": ["INV-7001 1250 DAMAGED"]}. What was not done has no entry."""
Told: TypeAlias = dict[str, object]

_IDS: Final[Mapping[str, str]] = {
    "orders": "O-1000", "invoices": "INV-1000", "parcels": "P-1000", "customers": "C-1000", "products": "S-1000",
}  # fmt: skip
_ROWS: Final[Mapping[str, str]] = {
    "orders": "SELECT id, customer, product, count, status FROM orders WHERE id = ?",
    "invoices": 'SELECT id, "order", cents, status FROM invoices WHERE id = ?',
    "parcels": 'SELECT id, "order", status, due FROM parcels WHERE id = ?',
    "customers": "SELECT id, name, email, level FROM customers WHERE id = ?",
    "products": "SELECT id, name, cents, stock FROM products WHERE id = ?",
}
_COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "orders": ("customer", "product", "count", "status", "held_until"),
    "invoices": ("order", "cents", "status", "instalments"),
    "parcels": ("order", "status", "due", "address"),
    "customers": ("name", "email", "address", "level", "blocked_until", "closed"),
    "products": ("name", "cents", "stock", "on_sale"),
}


class Mistake(ValueError):
    """A tool was called with something that the house cannot read."""


@dataclass(frozen=True, slots=True)
class House:
    """One copy of the house."""

    database: sqlite3.Connection

    @classmethod
    @asynccontextmanager
    async def copy(cls) -> AsyncIterator["House"]:
        """Open a fresh copy; it is gone when the block is left."""
        database = sqlite3.connect(":memory:", check_same_thread=False)
        try:
            database.deserialize(image())
            yield cls(database)
        finally:
            database.close()

    def row(self, table: str, id: str) -> Told:
        """Return a row by its id, without noting that it was read."""
        cursor = self.database.execute(_ROWS[table], (id,))
        found = cursor.fetchone()
        if found is None:
            raise Mistake(f"Nothing found under {id!r}: ids of {table} look like {_IDS[table]}.")
        return dict(zip((column[0] for column in cursor.description), found, strict=True))

    def look(self, what: str, table: str, id: str) -> Told:
        """Return a row, and note what it was read for."""
        found = self.row(table, id)
        self.database.execute("INSERT INTO reads (what, id) VALUES (?, ?)", (what, id))
        return found

    def orders_of(self, customer: str) -> list[Told]:
        """Return all orders of a customer, and note that they were read."""
        self.row("customers", customer)
        self.database.execute("INSERT INTO reads (what, id) VALUES ('order lists', ?)", (customer,))
        rows = self.database.execute("SELECT id, status FROM orders WHERE customer = ? ORDER BY id", (customer,))
        return [{"order": id, "status": status} for id, status in rows]

    def change(self, what: str, place: tuple[str, str, str], value: object) -> str:
        """Set a column of a row, `place` being table, id and column, and note the deed."""
        table, id, column = place
        self.row(table, id)
        if column not in _COLUMNS[table]:
            raise ValueError(f"{table} has no column {column!r}")
        self.database.execute(f'UPDATE {table} SET "{column}" = ? WHERE id = ?', (value, id))  # noqa: S608 - checked
        return self.did(what, id, str(value))

    def note(self, what: str, table: str, id: str, how: str) -> str:
        """Note a deed about a row that changes none of its columns."""
        self.row(table, id)
        return self.did(what, id, how)

    def did(self, what: str, id: str, how: str) -> str:
        """Note a deed."""
        self.database.execute("INSERT INTO deeds (what, id, how) VALUES (?, ?, ?)", (what, id, how))
        return "Done."

    def books(self) -> Books:
        """Return what was done, by kind, sorted."""
        return _kept(self.database.execute("SELECT what, id || ' ' || how FROM deeds ORDER BY 1, 2").fetchall())

    def reads(self) -> Books:
        """Return what was read, by kind, sorted."""
        return _kept(self.database.execute("SELECT DISTINCT what, id FROM reads ORDER BY 1, 2").fetchall())


def a_day(said: str) -> str:
    """Return a date as the house keeps it."""
    try:
        return date.fromisoformat(said if re.fullmatch(r"\d{4}-\d\d-\d\d", said) else "").isoformat()
    except ValueError as error:
        raise Mistake(f"Cannot read {said!r}: dates must be written as YYYY-MM-DD.") from error


def one_of(name: str, said: str, codes: Sequence[str]) -> str:
    """Return a code that is known."""
    if said not in codes:
        raise Mistake(f"Unknown {name} {said!r}: the {name} must be one of {', '.join(codes)}.")
    return said


def an_email(said: str) -> str:
    """Return what looks like an email address."""
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.\w+", said):
        raise Mistake(f"{said!r} is not an email address.")
    return said


def a_count(said: int) -> int:
    """Return a number of things."""
    if said < 1:
        raise Mistake("The count must be 1 or more.")
    return said


def _kept(rows: Sequence[tuple[str, str]]) -> Books:
    kept: Books = {}
    for what, how in rows:
        kept.setdefault(what, []).append(how)
    return kept


@cache
def image() -> bytes:
    """Return the house as SQLite stores it: the schema and `rows.json`. Made once, copied for each rollout."""
    tables = cast("Mapping[str, list[list[object]]]", json.loads((HERE / "rows.json").read_text(encoding="utf-8")))
    database = sqlite3.connect(":memory:")
    database.executescript((HERE / "schema.sql").read_text(encoding="utf-8"))
    for table, rows in tables.items():
        columns = [f'"{column}"' for column in ("id", *_COLUMNS[table][: len(rows[0]) - 1])]
        marks = ", ".join("?" * len(columns))
        database.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608 - ours
    database.commit()
    stored = database.serialize()
    database.close()
    return stored
