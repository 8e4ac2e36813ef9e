"""Ships."""

from wharf.errors import TooHeavy
from wharf.money import Cents, percent
from wharf.parcels import Parcel

NAME = "sea"
HEAVIEST = 30_000
DAYS = 14


def charge(parcel: Parcel, distance: int) -> Cents:
    """Return what ships cost: by volume, in steps of a tenth of a cubic metre, plus 6.5 % port dues."""
    if parcel.weight > HEAVIEST:
        raise TooHeavy(f"sea takes {HEAVIEST} kg")
    steps = max(1, -(-parcel.volume // 100_000))
    freight = 700 + steps * (260 + 30 * distance)
    return freight + percent(freight, 650)
