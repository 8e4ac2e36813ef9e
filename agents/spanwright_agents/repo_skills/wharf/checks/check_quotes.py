import unittest

from wharf.errors import TooHeavy
from wharf.parcels import Parcel
from wharf.quotes import cheapest, quote
from wharf.report import itemized, table

SMALL = Parcel(weight=10, length=50, width=40, height=20)
WORTHY = Parcel(weight=10, length=150, width=80, height=40, worth=60_000)


class Quotes(unittest.TestCase):
    def test_a_quote_has_its_freight_and_what_comes_on_top(self):
        self.assertEqual(
            quote(WORTHY, "road", origin="DE", destination="FR").lines,
            (("freight", 3_192), ("bulky", 1_500), ("insurance", 480), ("energy", 144)),
        )

    def test_it_takes_a_day_more_a_zone(self):
        self.assertEqual(quote(SMALL, "road", origin="DE", destination="DE").days, 3)
        self.assertEqual(quote(SMALL, "road", origin="DE", destination="NO").days, 6)

    def test_the_cheapest_is_found(self):
        self.assertEqual(cheapest(SMALL, origin="DE", destination="FR").carrier, "road")
        self.assertEqual(cheapest(SMALL, origin="DE", destination="FR", within=2).carrier, "air")

    def test_nobody_takes_everything(self):
        with self.assertRaises(TooHeavy):
            cheapest(Parcel(weight=900, length=1, width=1, height=1), origin="DE", destination="FR", within=2)


class Reports(unittest.TestCase):
    def test_the_cheapest_offer_comes_first(self):
        offers = [quote(SMALL, by, origin="DE", destination="FR") for by in ("air", "road")]
        self.assertEqual(table(offers), "road        8.19    4 days\nair        28.87    2 days")

    def test_an_offer_is_itemized(self):
        lines = itemized(quote(SMALL, "road", origin="DE", destination="FR")).splitlines()
        self.assertEqual([line.split() for line in lines], [["freight", "7.84"], ["energy", "0.35"], ["total", "8.19"]])
