"""What is sent."""

from dataclasses import dataclass

from wharf.errors import TooHeavy

HEAVIEST = 30_000
"""Kilograms that anybody takes."""
VOLUME_DIVISOR = 5_000
"""Cubic centimetres that count as a kilogram."""


@dataclass(frozen=True)
class Parcel:
    """A parcel: kilograms and centimetres."""

    weight: int
    length: int
    width: int
    height: int
    fragile: bool = False
    worth: int = 0
    """Its declared value in cents."""

    @property
    def volume(self) -> int:
        return self.length * self.width * self.height

    @property
    def girth(self) -> int:
        """The longest side and once around it."""
        longest, *others = sorted((self.length, self.width, self.height), reverse=True)
        return longest + 2 * sum(others)

    @property
    def chargeable(self) -> int:
        """The weight that is paid for: the real one, or that of its volume if it is more."""
        return max(self.weight, -(-self.volume // VOLUME_DIVISOR))


def check(parcel: Parcel) -> None:
    """Refuse what cannot be sent."""
    if parcel.weight > HEAVIEST:
        raise TooHeavy(f"{parcel.weight} kg is more than {HEAVIEST} kg")
