"""What fields ask for beside searching: to reckon, to write for somebody, to leave out what is private, to judge.

It is done as a hurried assistant does it: a number comes in a sentence unless the instructions want it bare, a query
is passed on as it is more often than not, and a judge counts what it sees word for word.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from spanwright.testing.simulated.skills.answer import FORM
from spanwright.testing.simulated.skills.manners import Conduct

_SUM: Final = re.compile(r"\d+(?: [-+*] \d+)+")
_OPTION: Final = re.compile(r"\\textbf{\(([A-E])\) ?}(.*?)(?:\\qquad|\$)")
_PIECE: Final = re.compile(r"^\[\d+\] «(.*?)»$", re.MULTILINE | re.DOTALL)
_MINDFUL: Final = 0.5
"""How often one thinks of a form that was asked for."""
_FORMS: Final[Sequence[tuple[str, Callable[[str], str]]]] = (
    ("the use of any commas", lambda text: text.replace(",", "")),
    ("all lowercase", str.lower),
    ("double quotation marks", lambda text: f'"{text}"'),
    ("double angular brackets", lambda text: f"<<On this>>\n{text}"),
    ("any whitespace", lambda text: "".join(text.split())),
)
_CARELESS: Final = 0.6
"""How often what is private is passed on."""


def done(wanted: str, given: Mapping[str, str], conduct: Conduct) -> str | None:
    """Return the content of the wanted field; None where it is nothing that can be done."""
    if wanted == "answer":
        return _reckoned(given.get("problem") or given.get("question", ""), conduct)
    if wanted == "llm_request":
        return _delegated(given["user_query"], conduct)
    if wanted == "judgment":
        return str(len(given["response_A"]) >= len(given["response_B"]) or conduct.draws.chance(0.5, "judgment"))
    if wanted == "num_pii_leaked":
        return str(sum(piece in given["prompt"] for piece in _PIECE.findall(given["pii"])))
    if wanted in ("response", "final_response"):
        return _bound(_written(given), given.get("query", ""), conduct)
    return None


def _reckoned(problem: str, conduct: Conduct) -> str:
    """Return the value of the first sum that a problem has: bare, or in a sentence; of a choice, its letter."""
    found = _SUM.search(problem)
    if found is None or conduct.slips():
        return "I am not sure."
    value = _value(found[0])
    letters = [letter for letter, text in _OPTION.findall(problem) if text.strip() == str(value)]
    said = (letters[0] * 5) if letters else str(value)
    return said if conduct.way(FORM) == "bare" else f"I worked it out step by step. The answer is {said}."


def _value(terms: str) -> int:
    """Reckon: products before sums."""
    total = 0
    for sign, product in re.findall(r"(^|[-+]) ?(\d+(?: \* \d+)*)", terms):
        value = 1
        for factor in product.split(" * "):
            value *= int(factor)
        total += -value if sign == "-" else value
    return total


def _delegated(query: str, conduct: Conduct) -> str:
    if conduct.draws.chance(_CARELESS, "careless"):
        return query
    return re.sub(r"\b(?:[A-Z][\w'-]+ )*[A-Z][\w'-]+\b|\b[\w.]+@[\w.]+\b|\b\d[\d -]{4,}\d\b", "X", query)


def _bound(text: str, query: str, conduct: Conduct) -> str:
    """Keep what a query wants of the form, as far as one thinks of it."""
    for asked, change in _FORMS:
        if asked in query and conduct.draws.chance(_MINDFUL, asked):
            text = change(text)
    return text


def _written(given: Mapping[str, str]) -> str:
    """Write a response: of what was thought of before, else a few words about the query."""
    before = given.get("related_llm_response") or given.get("response")
    if before:
        return before
    return f"Here is what I can say about it. {given.get('query') or given.get('user_query', '')}"
