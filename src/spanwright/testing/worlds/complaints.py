"""How feedback and tools complain, as a reader of records takes it: of which request, of what in it, saying what.

And what a second try of the same task shows: done better, and of the same thing no complaint.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from spanwright.testing.simulated.reflecting.dossier import Record

REPLY: Final = "reply"
COMPLAINT: Final = re.compile(
    r"\bRequest (?P<number>\d+), (?P<tool>\w+)(?:, (?P<aspect>\w+))?: "
    r"(?P<said>.+?)(?=\s+Request \d+, |\s*Tool error:|\n|$)",
    re.IGNORECASE,
)
REFUSED: Final = re.compile(r"^Refused, (\w+):", re.IGNORECASE)
"""How a tool says which of its arguments it minds."""


def better_tries(record: Record, records: Sequence[Record]) -> Iterator[Record]:
    """Yield the records of the same task that scored higher."""
    if record.score is not None and record.asked:
        for other in records:
            if other.asked == record.asked and other.score is not None and other.score > record.score:
                yield other


def went_well(record: Record, tool: str, aspect: str) -> bool:
    """Return whether a record shows that it was done, and nobody complains of it; without a tool: that it was answered.

    A tool that was not called, or refused, shows nothing of how its arguments are written.
    """
    called = [move for move in record.trusted if move.tool == tool]
    done = any(not move.failed for move in called) if tool else bool(record.output)
    return done and not any(each in ("", aspect) for each in _complained_of(record, tool))


def _complained_of(record: Record, tool: str) -> Iterator[str]:
    """Yield what of a tool's call, or of the answer, a record complains of: an argument, or empty for all of it."""
    for complaint in COMPLAINT.finditer(record.feedback):
        if complaint["tool"].lower() == (tool.lower() or REPLY):
            yield complaint["aspect"] or ""
    for move in record.trusted:
        if move.failed and move.tool == tool:
            refused = REFUSED.match(move.result)
            yield refused[1] if refused else ""
