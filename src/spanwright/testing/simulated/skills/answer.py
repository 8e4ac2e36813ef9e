"""Answering from passages: the model reads what was found, works out the answer, and words it.

By habit it words it as chatty assistants do: in a sentence, with the whole date, the surname, the short form of a unit.
What the instructions say, it does instead, right or wrong.
"""

import re
from typing import Final

from spanwright.testing.simulated.reading import Reading
from spanwright.testing.simulated.skills.comprehension import Named, Plan, about, passages, told
from spanwright.testing.simulated.skills.manners import Conduct, Manner
from spanwright.testing.simulated.skills.search import lead, plan_of
from spanwright.testing.simulated.wire import ChatReply, ChatRequest, Draws

FORM: Final = Manner(
    asked={"answer_span": "bare", "answer_sentence": "sentence"}, habit={"sentence": 0.25, "bare": 0.75}
)
CLOSED: Final = Manner(
    asked={"answer_yes_no": "yes or no", "answer_true_false": "true or false"},
    habit={"yes or no": 0.25, "same or different": 0.75},
)
DATE: Final = Manner(asked={"answer_year": "year", "answer_full_date": "whole"}, habit={"whole": 0.7, "year": 0.3})
PERSON: Final = Manner(
    asked={"answer_full_name": "whole", "answer_as_written": "whole", "answer_surname": "surname"},
    habit={"surname": 0.5, "whole": 0.5},
)
QUANTITY: Final = Manner(asked={"answer_as_written": "whole"}, habit={"short": 0.8, "whole": 0.2})
UNKNOWN: Final = Manner(asked={"answer_from_passages": "admit"}, habit={"guess": 0.8, "admit": 0.2})

_POLAR: Final = {
    "yes or no": ("Yes", "No"),
    "true or false": ("True", "False"),
    "same or different": ("The same", "Different"),
}
_UNITS: Final = {"kilometres": "km", "metres": "m", "kilograms": "kg"}


class AnswerSkill:
    """Answer requests that bring passages along with a question, and no tools."""

    def reply(self, request: ChatRequest, reading: Reading, draws: Draws) -> ChatReply | None:
        """Answer from the passages; None where the request asks for something else."""
        plan = None if reading.tools or reading.outputs or "?" not in reading.task else plan_of(reading.task)
        if plan is None:
            return None
        return ChatReply(text=_Answer(Conduct(reading=reading, draws=draws), plan).text())


class _Answer:
    """One answer in the making."""

    def __init__(self, conduct: Conduct, plan: Plan) -> None:
        self._plan = plan
        self._found = passages(conduct.reading.task)
        self._draws = conduct.draws
        self._conduct = conduct
        self._way = conduct.way

    def text(self) -> str:
        """Return the answer as it is given."""
        if self._conduct.slips():
            return "I am not sure."
        known = self._compared() if self._plan.comparison else self._told(lead(self._plan, self._found))
        if not known and self._way(UNKNOWN) == "admit":
            return "The passages do not say."
        known = known or self._guess()
        if self._way(FORM) == "bare":
            return known
        noun = "answer" if self._plan.comparison else self._plan.attribute.noun
        return f"The {noun} is {known[0].lower()}{known[1:]}." if _is_word(known) else f"The {noun} is {known}."

    def _told(self, led_to: Named | None) -> str:
        """Return what the passage about the right thing tells, worded; empty where it is not there."""
        subject = led_to if self._plan.link else self._plan.named[0]
        passage = about(subject, self._found) if subject else None
        return self._worded(told(self._plan.attribute.tells, passage.text)) if passage else ""

    def _compared(self) -> str:
        subjects = [about(each, self._found) for each in self._plan.named]
        values = [told(self._plan.attribute.tells, each.text) if each else "" for each in subjects]
        if not all(values):
            return ""
        if self._plan.comparison == "same":
            return self._polar(yes=values[0] == values[1])
        first_wins = (_number(values[0]) < _number(values[1])) == (self._plan.comparison == "smaller")
        return self._plan.named[0 if first_wins else 1].name

    def _polar(self, *, yes: bool) -> str:
        return _POLAR[self._way(CLOSED)][0 if yes else 1]

    def _guess(self) -> str:
        """Return something of the right kind: what some other passage tells, or the toss of a coin."""
        if self._plan.comparison == "same":
            return self._polar(yes=self._draws.chance(0.5, "coin"))
        if self._plan.comparison:
            return self._draws.choice(self._plan.named, "coin").name
        others = (told(self._plan.attribute.tells, passage.text) for passage in self._found)
        return self._worded(next((value for value in others if value), "unknown"))

    def _worded(self, value: str) -> str:
        match self._plan.attribute.value:
            case "date" if self._way(DATE) == "year":
                return re.sub(r"^\d{1,2} \w+ (?=\d{4}$)", "", value)
            case "person" if self._way(PERSON) == "surname":
                return value.rsplit(maxsplit=1)[-1] if value else ""
            case "quantity" if self._way(QUANTITY) == "short":
                return " ".join(_UNITS.get(word, word) for word in value.split())
            case _:
                return value


def _is_word(answer: str) -> bool:
    return any(answer in ways for ways in _POLAR.values())


def _number(value: str) -> int:
    digits = re.search(r"\d+", value.replace(",", ""))
    return int(digits[0]) if digits else 0
