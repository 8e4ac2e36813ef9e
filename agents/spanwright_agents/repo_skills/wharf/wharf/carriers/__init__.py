"""The carriers: a module each, with NAME, HEAVIEST, DAYS and charge(parcel, distance)."""

from wharf.carriers import air, rail, road, sea
from wharf.errors import UnknownCarrier

CARRIERS = {
    air.NAME: air,
    rail.NAME: rail,
    road.NAME: road,
    sea.NAME: sea,
}


def carrier(name: str):
    """Return a carrier by its name."""
    if name not in CARRIERS:
        raise UnknownCarrier(f"{name}: there are {', '.join(CARRIERS)}")
    return CARRIERS[name]
