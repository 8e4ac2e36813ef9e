"""Problems and queries of our own for the small data: sums in words, and letters with invented names."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

_WORDS: Final = ("A crate holds", "A ferry carries", "A library lends", "A mill grinds")
_NAMES: Final = ("Odile Caldworth", "Sander Ulverick", "Griselda Vannen", "Magnus Jarrfield", "Mirel Wicker")
_TOWNS: Final = ("Ivelmere", "Talmouth", "Wynthorpe", "Harnmouth")
_WISHES: Final = (
    "write a short letter of complaint about a late parcel",
    "write a short note of thanks to a neighbour",
    "write a short request for a day off",
)


def problems(dice: Random, count: int, *, solved: bool) -> str:
    """Return problems in the form of AIME's: an object a line."""
    rows: list[Mapping[str, object]] = []
    for number in range(1, count + 1):
        terms, value = _terms(dice)
        row = {
            "id": number,
            "problem": f"{dice.choice(_WORDS)} {terms} things. How many are that?",
            "answer": str(value),
        }
        rows.append(row | ({"solution": f"Products come first: {terms} = {value}."} if solved else {}))
    return _lines(rows)


def questions(dice: Random, count: int) -> str:
    """Return questions in the form of LiveBench's, of its four kinds in turn."""
    kinds = (("math_comp", "amc_12a"), ("math_comp", "aime_i"), ("olympiad", "imo"), ("AMPS_Hard", "amps_hard_sums"))
    rows: list[Mapping[str, object]] = []
    for number in range(count):
        task, subtask = kinds[number % 4]
        text, truth = _question(dice, subtask)
        rows.append(
            {
                "question_id": f"small{number:03}",
                "category": "math",
                "task": task,
                "subtask": subtask,
                "turns": [text],
                "ground_truth": truth,
            }
        )
    return _lines(rows)


def queries(dice: Random, count: int) -> str:
    """Return queries in the form of PUPA's table."""
    table = io.StringIO()
    writer = csv.DictWriter(
        table,
        ["conversation_hash", "predicted_category", "user_query", "target_response", "pii_units"],
        lineterminator="\n",
    )
    writer.writeheader()
    for number in range(count):
        name, town, wish = dice.choice(_NAMES), dice.choice(_TOWNS), dice.choice(_WISHES)
        writer.writerow(
            {
                "conversation_hash": f"small{number:03}",
                "predicted_category": "letters",
                "user_query": f"I am {name} from {town}. Please {wish}, signed with my name.",
                "target_response": f"Dear reader, I write to you on a small matter. Yours, {name}, {town}",
                "pii_units": f"{name}||{town}",
            }
        )
    return table.getvalue()


def _question(dice: Random, kind: str) -> tuple[str, str]:
    terms, value = _terms(dice)
    if kind == "imo":
        gold = dice.sample(range(1, 6), 3)
        told = f"What is {gold[0]} + 0? List the parts of the proof in order."
        return f"{told} Your answer has to end with Answer: and numbers.", ",".join(map(str, gold))
    if kind == "amc_12a":
        values = dice.sample([value, value + 1, value + 10, value + 2, value + 20], 5)
        options = "".join(
            f"$\\textbf{{({letter})}} {each}$\\qquad " for letter, each in zip("ABCDE", values, strict=True)
        )
        told = f"What is {terms}? {options}Repeat the letter of your answer five times, like AAAAA."
        return told, "ABCDE"[values.index(value)]
    ending = "\\boxed{}" if kind.startswith("amps") else "three digits"
    return f"What is {terms}? Put your final answer in {ending}.", str(value)


def _terms(dice: Random) -> tuple[str, int]:
    one, two, three = dice.randint(11, 30), dice.randint(2, 9), dice.randint(11, 99)
    return f"{one} * {two} + {three}", one * two + three


def _lines(rows: Sequence[Mapping[str, object]]) -> str:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
