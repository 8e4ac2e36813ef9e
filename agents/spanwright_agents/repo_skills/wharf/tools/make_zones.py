"""Write wharf/zones_table.py from data/zones.csv."""

import csv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "data" / "zones.csv"
TARGET = ROOT / "wharf" / "zones_table.py"


def made(source: str) -> str:
    """Return the module for the rows of the table."""
    rows = sorted(csv.DictReader(source.splitlines()), key=lambda row: row["country"])
    zones = "\n".join(f'    "{row["country"]}": {int(row["zone"])},' for row in rows)
    names = "\n".join(f'    "{row["country"]}": "{row["name"]}",' for row in rows)
    return f'"""Zones by country."""\n\nZONES = {{\n{zones}\n}}\n\nNAMES = {{\n{names}\n}}\n'


if __name__ == "__main__":
    TARGET.write_text(made(SOURCE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {TARGET.relative_to(ROOT)}")
