import unittest

from wharf.parcels import Parcel
from wharf.surcharges import bulky_surcharge, energy_surcharge, insurance_surcharge


class Surcharges(unittest.TestCase):
    def test_bulky_parcels_cost_more(self):
        self.assertEqual(bulky_surcharge(Parcel(weight=1, length=100, width=50, height=50), 0), 0)
        self.assertEqual(bulky_surcharge(Parcel(weight=1, length=101, width=50, height=50), 0), 1_500)

    def test_insurance_is_of_the_value(self):
        self.assertEqual(insurance_surcharge(Parcel(weight=1, length=1, width=1, height=1, worth=50_000), 0), 400)
        self.assertEqual(insurance_surcharge(Parcel(weight=1, length=1, width=1, height=1, worth=49_999), 0), 0)

    def test_energy_is_of_the_freight(self):
        self.assertEqual(energy_surcharge(Parcel(weight=1, length=1, width=1, height=1), 1_000), 45)
