import unittest
from datetime import date

from wharf.errors import AlreadyPaid
from wharf.invoices import Invoice, instalments, invoice, late_fee, pay
from wharf.quotes import Quote

QUOTE = Quote(carrier="road", lines=(("freight", 1_000), ("energy", 45)), days=4)
ONE = Invoice(number="W-1", amount=10_000, issued=date(2024, 3, 1))


class Invoices(unittest.TestCase):
    def test_tax_comes_on_top(self):
        self.assertEqual(invoice("W-1", [QUOTE, QUOTE], date(2024, 3, 1)).amount, 2_487)

    def test_it_is_overdue_the_day_after_it_is_due(self):
        self.assertFalse(ONE.overdue(date(2024, 3, 15)))
        self.assertTrue(ONE.overdue(date(2024, 3, 16)))

    def test_what_is_paid_is_not_overdue(self):
        self.assertFalse(pay(ONE, 10_000).overdue(date(2024, 3, 16)))

    def test_what_is_paid_is_no_more_open(self):
        self.assertEqual(pay(pay(ONE, 4_000), 1_000).open, 5_000)

    def test_nothing_is_paid_twice(self):
        with self.assertRaises(AlreadyPaid):
            pay(pay(ONE, 10_000), 1)

    def test_instalments_begin_when_it_is_due(self):
        self.assertEqual(
            instalments(pay(ONE, 1), 2), [(date(2024, 3, 15), 5_000), (date(2024, 4, 14), 4_999)]
        )

    def test_who_is_late_pays_a_fee(self):
        self.assertEqual(late_fee(ONE, date(2024, 3, 15)), 0)
        self.assertEqual(late_fee(ONE, date(2024, 3, 20)), 1_000)
        self.assertEqual(late_fee(Invoice(number="W-2", amount=90_010, issued=date(2024, 3, 1)), date(2024, 4, 1)), 4_501)
