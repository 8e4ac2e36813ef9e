import unittest

from wharf.carriers import carrier
from wharf.errors import TooHeavy, UnknownCarrier
from wharf.parcels import Parcel

SMALL = Parcel(weight=10, length=50, width=40, height=20)


class Carriers(unittest.TestCase):
    def test_each_charges_as_its_tariff_says(self):
        self.assertEqual(carrier("road").charge(SMALL, 1), 784)
        self.assertEqual(carrier("rail").charge(SMALL, 2), 1_070)
        self.assertEqual(carrier("sea").charge(SMALL, 3), 1_118)
        self.assertEqual(carrier("air").charge(SMALL, 1), 2_763)

    def test_a_ton_by_rail_is_a_percent_cheaper(self):
        self.assertEqual(carrier("rail").charge(Parcel(weight=1_000, length=1, width=1, height=1), 1), 13_900)
        self.assertEqual(carrier("rail").charge(Parcel(weight=1_001, length=1, width=1, height=1), 1), 13_774)

    def test_volume_at_sea_goes_in_steps(self):
        self.assertEqual(carrier("sea").charge(Parcel(weight=1, length=100, width=100, height=20), 0), 1_299)
        self.assertEqual(carrier("sea").charge(Parcel(weight=1, length=100, width=100, height=21), 0), 1_576)

    def test_each_has_a_heaviest_parcel(self):
        for name, heaviest in (("road", 24_000), ("rail", 30_000), ("sea", 30_000), ("air", 800)):
            carrier(name).charge(Parcel(weight=heaviest, length=1, width=1, height=1), 1)
            with self.assertRaises(TooHeavy):
                carrier(name).charge(Parcel(weight=heaviest + 1, length=1, width=1, height=1), 1)

    def test_unknown_carriers_are_refused(self):
        with self.assertRaises(UnknownCarrier):
            carrier("pigeon")
