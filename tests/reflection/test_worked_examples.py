"""Worked examples are chosen for what they cover, and fit into the tokens that they have."""

from hypothesis import given
from hypothesis import strategies as st

from spanwright.core.tokens import tokens
from spanwright.reflection import covering


def entry(task: str, *calls: str) -> str:
    return "\n".join([f"Task: {task}", *(f"Call: {call} {{}}" for call in calls), "Answer: done"])


REFUND = entry("refund order seven", "refund")
REFUND_TOO = entry("refund order", "refund")
SEARCH = entry("find another book", "search")


def test_what_covers_another_tool_goes_before_more_of_the_same() -> None:
    room = tokens(REFUND_TOO) + tokens(SEARCH) + 12
    assert [REFUND_TOO, SEARCH] == covering([REFUND, REFUND_TOO, SEARCH], room=room)


def test_where_nothing_fits_there_are_none() -> None:
    assert [] == covering([REFUND], room=5)
    assert [] == covering([], room=1_000)


WORDS = st.lists(st.sampled_from(["refund", "order", "book", "price", "late", "other"]), min_size=1, max_size=5)
ENTRIES = st.lists(st.builds(lambda words, call: entry(" ".join(words), call), WORDS, st.sampled_from(["a", "b"])))


@given(ENTRIES, st.integers(min_value=0, max_value=200))
def test_a_set_keeps_to_its_room_and_each_of_it_adds_something(entries: list[str], room: int) -> None:
    entries = list(dict.fromkeys(entries))
    chosen = covering(entries, room)

    assert set(chosen) <= set(entries)
    assert not chosen or tokens("\n\n".join(chosen)) <= room
    assert chosen == covering(chosen, room)
