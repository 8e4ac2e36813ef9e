"""Aeroplanes."""

from wharf.errors import TooHeavy
from wharf.money import Cents, percent
from wharf.parcels import Parcel

NAME = "air"
HEAVIEST = 800
DAYS = 1


def charge(parcel: Parcel, distance: int) -> Cents:
    """Return what aeroplanes cost: by weight, plus 3.5 % security."""
    if parcel.weight > HEAVIEST:
        raise TooHeavy(f"air takes {HEAVIEST} kg")
    freight = 1_500 + parcel.chargeable * (95 + 22 * distance)
    return freight + percent(freight, 350)
