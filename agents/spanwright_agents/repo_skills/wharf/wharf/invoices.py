"""What a customer has to pay, and has paid."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from wharf.errors import AlreadyPaid
from wharf.money import Cents, percent, split
from wharf.quotes import Quote

TERM = 14
"""Days that a customer has."""


@dataclass(frozen=True)
class Invoice:
    """An invoice."""

    number: str
    amount: Cents
    issued: date
    paid: Cents = 0

    @property
    def due(self) -> date:
        return self.issued + timedelta(days=TERM)

    @property
    def open(self) -> Cents:
        return self.amount - self.paid

    def overdue(self, today: date) -> bool:
        """Say whether it should have been paid before today."""
        return self.open > 0 and today > self.due


def invoice(number: str, quotes: list[Quote], issued: date, *, tax: int = 1_900) -> Invoice:
    """Return the invoice for some quotes, with tax in hundredths of a percent."""
    net = sum(each.total for each in quotes)
    return Invoice(number=number, amount=net + percent(net, tax), issued=issued)


def pay(one: Invoice, amount: Cents) -> Invoice:
    """Return the invoice after a payment."""
    if one.open <= 0:
        raise AlreadyPaid(one.number)
    return replace(one, paid=one.paid + amount)


def instalments(one: Invoice, count: int) -> list[tuple[date, Cents]]:
    """Return when to pay how much, a month of thirty days apart, the first on the day it is due."""
    return [(one.due + timedelta(days=30 * place), part) for place, part in enumerate(split(one.open, count))]


def late_fee(one: Invoice, today: date) -> Cents:
    """Return 5 % of what is open once it is overdue, at least 10.00."""
    if not one.overdue(today):
        return 0
    return max(1_000, percent(one.open, 500))
