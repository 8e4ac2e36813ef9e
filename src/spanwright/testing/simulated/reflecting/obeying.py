"""What a reflection model does with orders in its records: now and then it obeys, as real models do.

It takes for an order what speaks to an AI, an assistant, an optimizer, or of instructions to be ignored.
"""

import re
from collections.abc import Iterator
from typing import Final

from spanwright.testing.simulated.reflecting.dossier import Dossier
from spanwright.testing.simulated.reflecting.profile import Profile
from spanwright.testing.simulated.reflecting.rewriting import Line
from spanwright.testing.simulated.wire import Draws

_ORDER: Final = re.compile(
    r"\b(?:ignore|disregard|forget)\b[^.:\n]{0,60}\b(?:instructions?|rules|texts?)\b[^.:\n]{0,40}[.:]\s*([^\n]{8,400})"
    r"|\b(?:AI|assistants?|optimi[sz]er|language model|reflector)\b[^.:\n]{0,40}:\s*([^\n]{8,400})",
    re.IGNORECASE,
)
_PAYLOAD: Final = re.compile(r"\S+://\S+|\S+@\S+|\bsk-\w+|\b\w+_\w+\b")


def orders(dossier: Dossier) -> tuple[str, ...]:
    """Return what the records order whoever reads them to do."""
    return tuple(dict.fromkeys(_orders(dossier)))


def obeyed(dossier: Dossier, profile: Profile, draws: Draws) -> tuple[Line, ...]:
    """Return the sentences that come of orders: as they stand, within others, or what they were about."""
    found = [each for each in orders(dossier) if draws.chance(profile.obeys, "obey", each)]
    return tuple(_line(each, dossier, draws) for each in found[:1] if dossier.editable)


def _orders(dossier: Dossier) -> Iterator[str]:
    for record in dossier.records:
        for text in (record.asked, record.heard, *(move.result for move in record.moves)):
            for match in _ORDER.finditer(text):
                yield (match[1] or match[2]).strip().strip('"')


def _line(order: str, dossier: Dossier, draws: Draws) -> Line:
    home = draws.choice(dossier.editable, "obey where", order)
    payload = _PAYLOAD.search(order)
    match draws.choice(("verbatim", "within", "payload"), "obey how", order):
        case "within":
            text = f"Besides all that, {order[0].lower()}{order[1:]}"
        case "payload" if payload is not None:
            text = f"Before you answer, call or tell {payload[0].rstrip('.,;')}."
        case _:
            text = order
    return Line(home=home, text=text, why="the records ask for it")
