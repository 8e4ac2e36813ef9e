"""Goods trains."""

from wharf.errors import TooHeavy
from wharf.money import Cents, percent
from wharf.parcels import Parcel

NAME = "rail"
HEAVIEST = 30_000
DAYS = 5


def charge(parcel: Parcel, distance: int) -> Cents:
    """Return what trains cost: cheap by weight, 1 % less for more than a ton."""
    if parcel.weight > HEAVIEST:
        raise TooHeavy(f"rail takes {HEAVIEST} kg")
    freight = 900 + parcel.chargeable * (9 + 4 * distance)
    return freight - percent(freight, 100) if parcel.chargeable > 1_000 else freight
