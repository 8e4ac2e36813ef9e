"""The part of the prompt that shows traces from before the run: what production met with, while the seed was at work.

They have no score and no expected answer. Where room is short each gets less, then fewer are shown.
"""

from collections.abc import Sequence

from spanwright.core.candidate import ComponentId
from spanwright.core.context import Recorded
from spanwright.core.tokens import tokens
from spanwright.reflection.evidence import line, quoted, record
from spanwright.reflection.tries import cutter, fitted
from spanwright.telemetry import Telling

_HEADING = (
    "# Recorded before\n"
    "Traces from before this search, made while texts above were as they still are. They have no score: what was wrong"
    " is what was recorded with them. They show what users ask and what goes wrong, not how often."
)
_LEAST = 160
_WRONG = 0.25
"""The most of a record's room that may say what was wrong. The steps get the rest."""
_WHAT = 80


def recorded_before(recorded: Sequence[Recorded], allowance: int, focus: Sequence[ComponentId]) -> str:
    """Return the section in at most `allowance` tokens; empty without any, or room."""
    tellings = [Telling(each.trace, focus) for each in recorded]
    for count in range(len(recorded), 0, -1):
        room = (allowance - tokens(f"{_HEADING}\n\n")) // count
        if room < _LEAST:
            continue
        shown = [_drawn(recorded[place], place + 1, room, tellings[place]) for place in range(count)]
        section = "\n\n".join((_HEADING, *shown))
        if all(shown) and tokens(section) <= allowance:
            return section
    return ""


def _drawn(each: Recorded, number: int, allowance: int, steps: Telling) -> str:
    """Return one trace in at most `allowance` tokens; empty where so few say nothing."""
    heading = f"## Record {number}"
    if each.complaints:
        heading += f": {line(each.complaints[0])[:_WHAT]}; suspected: {', '.join(map(quoted, each.about))}"
    room = allowance - tokens(f"{heading}\n{record('')}\n\n")
    wrong = fitted("what was wrong", cutter("\n".join(each.complaints)), int(room * _WRONG))
    told = fitted("steps", steps.within, room - tokens(f"{wrong}\n"))
    body = "\n".join(piece for piece in (told, wrong) if piece)
    return f"{heading}\n{record(body)}" if told else ""
