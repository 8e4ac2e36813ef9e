"""Lorries."""

from wharf.errors import TooHeavy
from wharf.money import Cents, percent
from wharf.parcels import Parcel

NAME = "road"
HEAVIEST = 24_000
DAYS = 3


def charge(parcel: Parcel, distance: int) -> Cents:
    """Return what lorries cost: by weight and zones, plus 12 % toll."""
    if parcel.weight > HEAVIEST:
        raise TooHeavy(f"road takes {HEAVIEST} kg")
    freight = 450 + parcel.chargeable * (18 + 7 * distance)
    return freight + percent(freight, 1_200)
