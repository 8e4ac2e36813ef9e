"""Texts that say the same in other clothes, and texts that only look alike."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spanwright.search.wording import gist, normal

WORDS = ["ask", "order", "refund", "tool", "id", "customer", "before", "amount", "never", "cents", "EUR", "3", "'Yes'"]
SENTENCE = st.lists(st.sampled_from(WORDS), min_size=2, max_size=12)
TEXT = st.lists(SENTENCE, min_size=1, max_size=6)


def written(sentences):
    return "\n".join(f"{' '.join(words)}." for words in sentences)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ask for the order id.", "ask for  the order id"),
        ("Ask for the order id.", "- **Ask** for an order id!"),
        ("Don't guess. You can't.", "You can not.\nDo not guess."),
        ("NEVER guess.", "Never guess"),
        ("Say it. Say it.", "Say it."),
        ("Use ISO dates; then, ask.", "Use ISO dates, then ask."),
    ],
)
def test_texts_are_the_same_whatever_carries_no_meaning(one, other):
    assert normal(one) == normal(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Refunds within 30 days.", "Refunds within 31 days."),
        ("Refund gifts.", "Do not refund gifts."),
        ("Refund gifts.", "Don't refund gifts."),
        ("Always ask.", "Never ask."),
        ("Ask the agent before the customer.", "Ask the customer before the agent."),
        ("Answer 'Yes'.", "Answer 'yes'."),
        ("Give `EUR`.", "Give `eur`."),
        ("Give EUR.", "Give eur."),
        ("Write YYYY-MM-DD.", "Write YYYY/MM/DD."),
        ("Amounts above 5.50.", "Amounts above 550."),
        ("It is -5.", "It is 5."),
        ("if a != b", "if a = b"),
        ("Greet {name}.", "Greet {names}."),
        ("At least 5.", "At most 5."),
        ("First ask.\nThen refund.", "Then refund.\nFirst ask."),
        ("1. ask\n2. refund", "1. refund\n2. ask"),
        ("Use the search tool.", "Use the order tool."),
        ("A. B", "A. B C"),
    ],
)
def test_texts_differ_where_anything_can_carry_meaning(one, other):
    assert normal(one) != normal(other)


@settings(deadline=None)
@given(text=TEXT, other=st.sampled_from(WORDS), place=st.integers(0, 71))
def test_no_text_is_the_same_with_another_word_in_one_place(text, other, place):
    flat = [(n, m) for n, words in enumerate(text) for m in range(len(words))]
    n, m = flat[place % len(flat)]
    assume(text[n][m] != other)
    changed = [list(words) for words in text]
    changed[n][m] = other
    assume({tuple(words) for words in text} != {tuple(words) for words in changed})

    assert normal(written(text)) != normal(written(changed))


@settings(deadline=None)
@given(text=TEXT, data=st.data())
def test_a_text_is_the_same_in_another_order_spaced_and_capitalized_otherwise(text, data):
    shuffled = data.draw(st.permutations(text))
    gap = data.draw(st.sampled_from([" ", "  ", "\t"]))
    lines = [gap.join(words) for words in shuffled]
    dressed = "\n\n".join(f"- {line[0].upper() if line[0].islower() else line[0]}{line[1:]}." for line in lines)

    assert normal(written(text)) == normal(dressed)


@settings(deadline=None)
@given(text=st.text(max_size=200))
def test_the_normal_form_of_anything_is_its_own(text):
    assert normal(text) == normal(f"  {text}\n\n")


@settings(deadline=None)
@given(one=SENTENCE, other=SENTENCE)
def test_likeness_of_lessons_is_mutual_and_excludes_opposition(one, other):
    first, second = gist(" ".join(one)), gist(" ".join(other))

    assert first.is_like(first)
    assert first.is_like(second) == second.is_like(first)
    assert first.is_opposite_of(second) == second.is_opposite_of(first)
    assert not (first.is_like(second) and first.is_opposite_of(second))


@settings(deadline=None)
@given(words=SENTENCE, number=st.integers(0, 99))
def test_a_number_or_a_negation_more_is_another_lesson(words, number):
    said = gist(" ".join(words))

    assert not said.is_like(gist(f"{' '.join(words)} {number + 100}"))
    assert said.is_opposite_of(gist(f"not {' '.join(words)}"))


def test_a_lesson_that_says_a_little_more_is_the_same_and_one_about_another_thing_is_not():
    seen = gist("The order id comes from the lookup tool.")

    assert seen.is_like(gist("Order ids: the order id always comes from the lookup tool"))
    assert not seen.is_like(gist("The customer id comes from the lookup tool."))
    assert not gist("Amounts are in cents.").is_like(gist("Amounts are in euros."))
