"""What a component that is gone may be called now."""

from collections.abc import Iterable
from difflib import SequenceMatcher

from spanwright.core.candidate import ComponentId

_ALIKE = 0.5


def nearest(gone: ComponentId, others: Iterable[ComponentId]) -> ComponentId | None:
    """Return the component whose name is most like a given one's, of those of its kind; None where none is like it."""
    kind, _, name = gone.rpartition(":" if ":" in gone and "/" not in gone.partition(":")[2] else "/")
    known = [(other, other[len(kind) + 1 :]) for other in others if other.startswith(f"{kind}{gone[len(kind)]}")]
    rated = [(_likeness(name, named), other) for other, named in known if "/" not in named]
    likeness, best = max(rated, default=(0.0, None))
    return best if likeness >= _ALIKE else None


def _likeness(one: str, other: str) -> float:
    """Return how alike two names are; one that is a part of the other is more alike than letters tell."""
    part = min(len(one), len(other)) > 2 and (one in other or other in one)
    return SequenceMatcher(None, one, other, autojunk=False).ratio() + part
