"""What was read from an answer before anybody judged it."""

from collections.abc import Iterable
from dataclasses import dataclass

from spanwright.reflection.answer import Edit, Learned


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The parts of an answer, in the model's own words; component names are not resolved yet."""

    diagnosis: str = ""
    edits: tuple[Edit, ...] = ()
    lessons: tuple[Learned, ...] = ()
    whole: bool = True
    """False where something was cut off; the parts that are here were complete."""


def together(readings: Iterable[Reading]) -> Reading:
    """Return several readings of one answer as one."""
    parts = list(readings)
    return Reading(
        diagnosis="\n".join(dict.fromkeys(part.diagnosis for part in parts if part.diagnosis)),
        edits=tuple(edit for part in parts for edit in part.edits),
        lessons=tuple(lesson for part in parts for lesson in part.lessons),
        whole=all(part.whole for part in parts),
    )
