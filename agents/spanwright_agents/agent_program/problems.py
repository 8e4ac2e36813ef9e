"""Generated word problems: a story of a few steps, each of which changes a number, and the number in the end."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

_WHO = (("Mira", "she"), ("Tom", "he"), ("Ada", "she"), ("Ivo", "he"), ("Lena", "she"))
_WHAT = ("marbles", "stamps", "coins", "shells", "cards")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A question and the number that answers it."""

    question: str
    answer: int


def problems(name: str, count: int) -> Sequence[Problem]:
    """Return `count` problems, the same ones for the same name."""
    drawn = Random(f"word problems {name}")
    return tuple(_problem(drawn) for _ in range(count))


def _problem(drawn: Random) -> Problem:
    who, they = drawn.choice(_WHO)
    what = drawn.choice(_WHAT)
    has = drawn.randint(6, 30)
    told = [f"{who} has {has} {what}."]
    for _ in range(drawn.randint(4, 8)):
        has, sentence = _step(has, they.capitalize(), drawn)
        told.append(sentence)
    told.append(f"How many {what} does {who} have in the end?")
    return Problem(question=" ".join(told), answer=has)


def _step(has: int, they: str, drawn: Random) -> tuple[int, str]:
    """Return what somebody has after a step, and the sentence for it."""
    by = next((each for each in drawn.sample((2, 3, 4, 5, 6), 5) if has % each == 0), 0)
    kind = drawn.choice(("find", "lose", "times", "split"))
    if kind == "split" and by and has // by > 4:
        return has // by, f"{they} splits them evenly into {by} bags and keeps one bag."
    if kind == "times" and has < 60:
        times = drawn.randint(2, 4)
        return has * times, f"{they} trades them for {times} times as many."
    if kind == "lose" and has > 12:
        lost = drawn.randint(3, has - 5)
        return has - lost, f"{they} gives {lost} away."
    found = drawn.randint(4, 40)
    return has + found, f"{they} finds {found} more."
