"""Inputs of any type as text: readable, within an allowance, the same in every process."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from spanwright.core.tokens import tokens
from spanwright.reflection.evidence import clean, cut
from spanwright.reflection.values import show, show_within


class Size(Enum):
    SMALL = "small"


class Address(BaseModel):
    street: str
    tags: set[str]


@dataclass
class Order:
    ref: str
    total: Decimal
    day: date
    address: Address
    password: str = field(default="hidden", repr=False)
    size: Size = Size.SMALL
    notes: tuple[str, ...] = ()


class Opaque:
    pass


class Broken:
    def __repr__(self):
        raise RuntimeError("no")


ORDER = Order("A-1", Decimal("24.50"), date(2026, 5, 3), Address(street="Quay 1", tags={"b", "a"}), notes=("x\ny", ""))


def test_a_value_is_told_by_its_fields():
    assert (
        "ref: A-1\ntotal: 24.50\nday: 2026-05-03\naddress:\n  street: Quay 1\n  tags: a, b\nsize: small\n"
        'notes:\n  -\n    x\n    y\n  - ""'
    ) == show(ORDER)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is\n", "as it is\n"),
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        ({}, "{}"),
        ({"a": []}, "a: []"),
        ([1, 2], "- 1\n- 2"),
        ({"pages": [1, 2], "ok": None}, "pages: 1, 2\nok: null"),
        (b"\xff\x00", "<2 bytes>"),
        (UUID(int=0), "00000000-0000-0000-0000-000000000000"),
        (Broken(), "<Broken: its repr raised RuntimeError>"),
    ],
)
def test_each_type_has_a_plain_form(value, text):
    assert text == show(value)


def test_nothing_that_differs_between_processes_is_shown():
    assert "0x" not in show({"thing": Opaque(), "call": print, "items": [Opaque()]})
    assert show({"s": {"b", "a", "c"}}) == show({"s": frozenset(["c", "b", "a"])})


def test_a_value_that_holds_itself_ends():
    loop: dict[str, object] = {"name": "loop"}
    loop["self"] = loop

    assert "name: loop\nself: …" == show(loop)


def test_long_strings_are_shortened_before_the_outline_is():
    text = show_within({"document": "word " * 2_000, "question": "Which page?"}, 200)

    assert "question: Which page?" in text
    assert "characters left out" in text
    assert tokens(text) <= 200


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=20,
)


@given(json_values, st.integers(0, 120))
def test_no_value_exceeds_its_allowance(value, allowance):
    assert tokens(show_within(value, allowance)) <= allowance


@given(st.text(), st.integers(0, 50))
def test_a_cut_text_fits_and_keeps_its_ends(text, allowance):
    shortened = cut(clean(text), allowance)

    assert tokens(shortened) <= allowance
    assert clean(text)[:2].startswith(shortened[:2])


@given(st.text(st.characters(categories=["Cf", "Cc", "Cs", "Lu", "Zs"])))
def test_cleaning_twice_changes_nothing(text):
    assert clean(text) == clean(clean(text))


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\u200bb\u202ec\ufeff\x00", "abc"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("line\r\nline\u2028line", "line\nline\nline"),
        ("tag\U000e0041\U000e0042", "tag"),
        ("\ud800", "\ufffd"),
        ("👩\u200d💻 می\u200cخواهم", "👩\u200d💻 می\u200cخواهم"),
        ("a\u200db\u200d", "ab"),
        ("tab\tstays", "tab\tstays"),
    ],
)
def test_what_a_person_would_not_see_is_taken_out(text, cleaned):
    assert cleaned == clean(text)
