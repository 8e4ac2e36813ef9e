"""What it costs to send a parcel."""

from dataclasses import dataclass

from wharf.carriers import CARRIERS, carrier
from wharf.errors import TooHeavy
from wharf.money import Cents
from wharf.parcels import Parcel, check
from wharf.surcharges import ORDER
from wharf.zones import distance


@dataclass(frozen=True)
class Quote:
    """An offer: what each line is for, and how much."""

    carrier: str
    lines: tuple[tuple[str, Cents], ...]
    days: int

    @property
    def total(self) -> Cents:
        return sum(amount for _, amount in self.lines)


def quote(parcel: Parcel, by: str, *, origin: str, destination: str) -> Quote:
    """Return the offer of one carrier."""
    check(parcel)
    chosen = carrier(by)
    between = distance(origin, destination)
    freight = chosen.charge(parcel, between)
    lines = [("freight", freight)]
    for surcharge in ORDER:
        amount = surcharge(parcel, freight)
        if amount:
            lines.append((surcharge.__name__.removesuffix("_surcharge"), amount))
    return Quote(carrier=by, lines=tuple(lines), days=chosen.DAYS + between)


def cheapest(parcel: Parcel, *, origin: str, destination: str, within: int | None = None) -> Quote:
    """Return the cheapest offer of all carriers that take the parcel, the faster one if two cost the same."""
    offers = []
    for name in CARRIERS:
        try:
            offer = quote(parcel, name, origin=origin, destination=destination)
        except TooHeavy:
            continue
        if within is None or offer.days <= within:
            offers.append(offer)
    if not offers:
        raise TooHeavy("no carrier takes this parcel in that time")
    return min(offers, key=lambda offer: (offer.total, offer.days))
