import unittest

from wharf.errors import TooHeavy
from wharf.parcels import Parcel, check


class Parcels(unittest.TestCase):
    def test_girth_is_the_longest_side_and_once_around(self):
        self.assertEqual(Parcel(weight=1, length=20, width=100, height=10).girth, 160)

    def test_volume_counts_where_it_is_more_than_the_weight(self):
        self.assertEqual(Parcel(weight=3, length=100, width=50, height=10).chargeable, 10)
        self.assertEqual(Parcel(weight=3, length=101, width=50, height=10).chargeable, 11)
        self.assertEqual(Parcel(weight=30, length=100, width=50, height=10).chargeable, 30)

    def test_what_is_too_heavy_is_refused(self):
        check(Parcel(weight=30_000, length=1, width=1, height=1))
        with self.assertRaises(TooHeavy):
            check(Parcel(weight=30_001, length=1, width=1, height=1))
