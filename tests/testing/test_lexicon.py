"""The public lexicon reads what people write, and what it writes itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanwright.testing.simulated.lexicon import PUBLIC, Directive, read, understood, write

WORDS = {
    "param": "reason",
    "meaning": "broken items",
    "code": "DAMAGED",
    "codes": "DAMAGED, LATE",
    "first": "lookup",
    "then": "refund",
    "field": "sku",
    "source": "lookup",
    "tool": "check",
    "topic": "lost parcels",
    "team": "depot",
    "example": "ORD-1001",
    "amount": "20.00",
    "days": "14",
    "status": "processing",
}

SAID = [
    ("Amounts are in cents, e.g. $12.50 is 1250.", "unit", {"unit": "minor"}),
    ("amount: integer cents", "unit", {"unit": "minor"}),
    ("The amount has to be given as a whole number of cents.", "unit", {"unit": "minor"}),
    ("Convert dollars to cents before calling.", "unit", {"unit": "minor"}),
    ("Pass the amount in minor units.", "unit", {"unit": "minor"}),
    ("$4.20 becomes 420", "unit", {"unit": "minor"}),
    ("Amounts are in dollars, not cents.", "unit", {"unit": "major"}),
    ("Do not convert the amount to cents.", "unit", {"unit": "major"}),
    ("Order refs look like A-1042.", "id_spelling", {"example": "A-1042"}),
    ("Order numbers are written as A-1042.", "id_spelling", {"example": "A-1042"}),
    ("Write the order number in the form A-1042", "id_spelling", {"example": "A-1042"}),
    ("order 1042 -> A-1042", "id_spelling", {"example": "A-1042"}),
    ("The ref must look like `A-1042`, not 1042.", "id_spelling", {"example": "A-1042"}),
    ("References have the format A-NNNN.", "id_spelling", {"example": "A-1111"}),
    ("The reason must be one of DAMAGED, LATE or UNWANTED.", "codes", {"codes": "DAMAGED, LATE, UNWANTED"}),
    ("Valid reasons: DAMAGED | LATE | UNWANTED", "codes", {"codes": "DAMAGED, LATE, UNWANTED"}),
    ("One of depot, finance and tier2.", "codes", {"codes": "depot, finance, tier2"}),
    ("Choose from depot, finance, tier2", "codes", {"codes": "depot, finance, tier2"}),
    ("Teams are depot, finance and tier2.", "codes", {"codes": "depot, finance, tier2", "param": "team"}),
    ("Dates are YYYY-MM-DD.", "date_format", {"format": "iso"}),
    ("Use ISO dates.", "date_format", {"format": "iso"}),
    ("Write the date like 2026-03-05.", "date_format", {"format": "iso"}),
    ("dates in ISO 8601", "date_format", {"format": "iso"}),
    ("The date goes as DD/MM/YYYY.", "date_format", {"format": "dmy"}),
    ("The country is a two-letter code.", "country", {"style": "alpha2"}),
    ("ISO 3166 country code", "country", {"style": "alpha2"}),
    ("Write DE instead of Germany.", "country", {"style": "alpha2"}),
    ("Germany is DE, France is FR.", "country", {"style": "alpha2"}),
    ("Give the country's alpha-2 code.", "country", {"style": "alpha2"}),
    ("Call lookup before refund.", "before", {"first": "lookup", "then": "refund"}),
    ("Before calling refund, call lookup.", "before", {"first": "lookup", "then": "refund"}),
    ("Never call refund without calling lookup first.", "before", {"first": "lookup", "then": "refund"}),
    ("Look up the order before refunding.", "before", {"first": "Look up the order", "then": "refunding"}),
    ("Requires lookup first.", "before", {"first": "lookup"}),
    ("Refunds over $100 must be escalated to finance.", "limit", {"amount": "100.00", "team": "finance"}),
    ("If the amount is above 100 dollars, pass it on to finance.", "limit", {"amount": "100.00", "team": "finance"}),
    ("Escalate refunds over 100.00 to finance.", "limit", {"amount": "100.00", "team": "finance"}),
    ("At most $100. Larger refunds go to finance.", "limit", {"amount": "100.00", "team": "finance"}),
    ("Refunds of more than 10000 cents go to finance.", "limit", {"amount": "100.00", "team": "finance"}),
    ("Only within 30 days of delivery; otherwise escalate to tier2.", "window", {"days": "30", "team": "tier2"}),
    ("Orders delivered more than 30 days ago are escalated to tier2.", "window", {"days": "30", "team": "tier2"}),
    ("There is a 30-day window. After that, pass it on to tier2.", "window", {"days": "30", "team": "tier2"}),
    ("Refused: only within 30 days of delivery.", "window", {"days": "30"}),
    ("Not possible after 30 days, refuse it.", "window", {"days": "30"}),
    ("Up to 14 days after delivery. Otherwise escalate to tier2.", "window", {"days": "14", "team": "tier2"}),
    ("Only while the order is processing, otherwise escalate to depot.", "status", {"status": "processing"}),
    ("If the order has already shipped, escalate to depot.", "status", {"status": "shipped", "when": "if"}),
    ("Once shipped, pass it on to depot.", "status", {"status": "shipped", "team": "depot"}),
    ("The order must still be processing.", "status", {"status": "processing", "when": "only"}),
    ("Never change the address after the order was shipped.", "status", {"status": "shipped", "when": "if"}),
    ("Lost parcels go to depot.", "route", {"topic": "Lost parcels", "team": "depot"}),
    ("Escalate complaints to tier2.", "route", {"topic": "complaints", "team": "tier2"}),
    ("For lost parcels, escalate to depot.", "route", {"topic": "lost parcels", "team": "depot"}),
    ("depot handles lost parcels", "route", {"topic": "lost parcels", "team": "depot"}),
    ("Complaints are handled by tier2.", "route", {"topic": "Complaints", "team": "tier2"}),
    ("Use this for changing the address.", "use", {"topic": "changing the address"}),
    ("Use `check` to track parcels.", "use", {"tool": "check", "topic": "track parcels"}),
    ("For tracking, use check.", "use", {"tool": "check", "topic": "tracking"}),
    ("check is for tracking parcels", "use", {"tool": "check", "topic": "tracking parcels"}),
    ("Call this when the customer asks where a parcel is.", "use", {"topic": "where a parcel is"}),
    ("Do not use this for refunds.", "avoid", {"topic": "refunds"}),
    ("Not for tracking.", "avoid", {"topic": "tracking"}),
    ("Use the sku from lookup.", "take", {"field": "sku", "source": "lookup"}),
    ("Pass the sku returned by lookup.", "take", {"field": "sku", "source": "lookup"}),
    ("item is the sku shown by lookup", "take", {"field": "sku", "param": "item"}),
    ("Items go by their sku.", "take", {"field": "sku"}),
    ("The item must be the sku, not its name.", "take", {"field": "sku"}),
    ("Deduct $5 for unwanted items.", "deduct", {"amount": "5.00", "topic": "unwanted items"}),
    ("A restocking fee of $5.00 applies to unwanted items.", "deduct", {"amount": "5.00", "topic": "unwanted items"}),
    ("If the item is unwanted, subtract $5.", "deduct", {"amount": "5.00", "topic": "unwanted"}),
    ("Keep back 5 dollars for unwanted goods.", "deduct", {"amount": "5.00"}),
    ("Minus $5 for unwanted items.", "deduct", {"amount": "5.00"}),
    ("The reply must state the order ref.", "reply", {"item": "ref"}),
    ("Tell the customer the amount.", "reply", {"item": "amount"}),
    ("Always mention the order number and the amount in your answer.", "reply", {"item": "amount"}),
    ("Confirm the order reference to the customer.", "reply", {"item": "ref"}),
    ("In your reply, repeat the date.", "reply", {"item": "date"}),
]


@pytest.mark.parametrize(("sentence", "kind", "slots"), SAID, ids=[sentence for sentence, _, _ in SAID])
def test_plain_english_is_read(sentence, kind, slots):
    found = [directive for directive in read(sentence) if directive.kind == kind]

    if understood(kind, sentence.rstrip()):
        assert found, read(sentence)
        assert any(all(each.slot(name) == value for name, value in slots.items()) for each in found), found


@pytest.mark.parametrize(
    "text",
    [
        "Help the customer.",
        "Refund.",
        "Look up.",
        "Write a search query.",
        "You are a helpful assistant for a shop. Be kind.",
        "The customer may be in a hurry, so mind the weather.",
        *PUBLIC.junk,
    ],
)
def test_words_that_settle_nothing_are_read_as_nothing(text):
    assert not read(text)


@pytest.mark.parametrize("kind", PUBLIC.kinds.values(), ids=lambda kind: kind.name)
def test_every_kind_has_five_ways_to_be_read_and_what_is_written_is_read_again(kind):
    assert len(kind.reads) >= 5
    for template in kind.writes:
        slots = {**dict(template.given), **{name: WORDS[name] for name in template.needed}}
        for about in ("", "refund"):
            directive = Directive(kind=kind.name, slots=tuple(sorted(slots.items())), about=about)
            sentences = {write(directive, variant=variant / 10) for variant in range(10)}
            for sentence in sentences:
                body = PUBLIC.statements(sentence)[0].text
                if understood(kind.name, body):
                    assert directive in read(sentence), sentence


def test_a_sentence_is_narrowed_by_its_opening_its_heading_or_its_subject():
    assert read("When calling `refund`, amounts are in cents.")[0].about == "refund"
    assert read("## refund\n\n- amounts are in cents")[0].about == "refund"
    assert read("Refund amounts are in cents.")[0].about.lower() == "refund"
    assert not read("Amounts are in cents.")[0].about


def test_what_is_right_and_what_is_wrong_are_read_alike():
    assert read("Give the amount in dollars.")[0].slot("unit") == "major"
    assert read("Give the amount in cents.")[0].slot("unit") == "minor"


def test_few_sentences_are_misread_and_always_the_same():
    sentences = [f"Order refs look like A-{number}." for number in range(1000, 2000)]
    misread = [sentence for sentence in sentences if not read(sentence)]

    assert 0 < len(misread) < 60
    assert misread == [sentence for sentence in sentences if not read(sentence)]


@given(st.text(max_size=300))
def test_any_text_can_be_read(text):
    assert isinstance(read(text), tuple)
