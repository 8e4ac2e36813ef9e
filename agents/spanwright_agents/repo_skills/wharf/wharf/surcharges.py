"""What comes on top of the freight."""

from wharf.money import Cents, percent
from wharf.parcels import Parcel

LARGE = 300
"""Centimetres of girth above which a parcel is bulky."""


def bulky_surcharge(parcel: Parcel, freight: Cents) -> Cents:
    """Return 15.00 for what does not go on a belt."""
    return 1_500 if parcel.girth > LARGE else 0


def insurance_surcharge(parcel: Parcel, freight: Cents) -> Cents:
    """Return 0.8 % of the declared value, for values of 500.00 and more."""
    return percent(parcel.worth, 80) if parcel.worth >= 50_000 else 0


def energy_surcharge(parcel: Parcel, freight: Cents) -> Cents:
    """Return 4.5 % of the freight."""
    return percent(freight, 450)


ORDER = [
    bulky_surcharge,
    insurance_surcharge,
    energy_surcharge,
]
