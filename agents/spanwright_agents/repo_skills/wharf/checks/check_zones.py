import unittest

from wharf.errors import UnknownCountry
from wharf.zones import distance, name, zone


class Zones(unittest.TestCase):
    def test_codes_are_read_in_any_case(self):
        self.assertEqual(zone("de"), 1)
        self.assertEqual(zone("NO"), 4)

    def test_distances_are_at_least_one_between_countries(self):
        self.assertEqual(distance("DE", "de"), 0)
        self.assertEqual(distance("DE", "FR"), 1)
        self.assertEqual(distance("NO", "DE"), 3)
        self.assertEqual(distance("DE", "NO"), 3)

    def test_countries_have_names(self):
        self.assertEqual(name("se"), "Sweden")
        self.assertEqual(name("IT"), "Italy")

    def test_unknown_countries_are_refused(self):
        with self.assertRaises(UnknownCountry):
            zone("XX")
