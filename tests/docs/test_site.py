"""The documentation as a site: each page has its place, and little is skipped. `make docs` builds it strictly."""

import re
from pathlib import Path
from typing import Any

import yaml

import spanwright

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^ *```python(.*)$", re.MULTILINE)
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")
BESIDE_THE_SITE = ("design", "live")
"""Folders whose pages are reached from other pages."""


def pages() -> list[Path]:
    return sorted(DOCS.rglob("*.md"))


def listed(entry: Any) -> list[str]:
    match entry:
        case str():
            return [entry]
        case list():
            return [path for each in entry for path in listed(each)]
        case _:
            return [path for each in entry.values() for path in listed(each)]


def test_every_page_has_its_place_in_the_navigation() -> None:
    there = {page.relative_to(DOCS).as_posix() for page in pages()}
    placed = listed(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"])

    assert set() == set(placed) - there
    assert [] == [page for page in sorted(there - set(placed)) if not page.startswith(BESIDE_THE_SITE)]


def test_at_most_one_block_in_twenty_is_skipped_and_says_why() -> None:
    marks = [mark.strip() for page in [ROOT / "README.md", *pages()] for mark in BLOCK.findall(page.read_text())]
    skipped = [mark for mark in marks if mark]

    assert all(re.search(r"skip: \w", mark) for mark in skipped)
    assert len(skipped) <= len(marks) / 20, f"{len(skipped)} of {len(marks)} are skipped"


def test_every_public_name_is_in_the_reference_of_docstrings() -> None:
    named = re.findall(r"^::: spanwright\.(\w+)$", (DOCS / "reference" / "api.md").read_text(), re.MULTILINE)

    assert sorted(spanwright.__all__) == sorted(named)


def test_pictures_are_ours_and_say_what_they_show() -> None:
    for page in [ROOT / "README.md", *pages()]:
        for told, path in PICTURE.findall(page.read_text()):
            assert (page.parent / path).is_file(), path
            assert told, f"{path} has no text for those who cannot see it"


def test_pictures_need_nothing_from_elsewhere() -> None:
    for picture in (DOCS / "pictures").glob("*.svg"):
        text = picture.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "<title" in text
        assert not re.search(r"https?:|<script|href=", text.replace("url(#", ""))
