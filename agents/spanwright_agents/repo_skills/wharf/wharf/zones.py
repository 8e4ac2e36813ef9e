"""How far apart two countries are."""

from wharf.errors import UnknownCountry
from wharf.zones_table import NAMES, ZONES


def zone(country: str) -> int:
    """Return the zone of a country by its code."""
    try:
        return ZONES[country.upper()]
    except KeyError:
        raise UnknownCountry(country) from None


def distance(origin: str, destination: str) -> int:
    """Return how many zones lie between two countries: 0 within a country, at least 1 between two."""
    if origin.upper() == destination.upper():
        return 0
    return max(1, abs(zone(origin) - zone(destination)))


def name(country: str) -> str:
    """Return a country's name."""
    zone(country)
    return NAMES[country.upper()]
