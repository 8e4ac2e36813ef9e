import unittest

from wharf.money import percent, shown, split


class Money(unittest.TestCase):
    def test_percentages_round_halves_up(self):
        self.assertEqual(percent(1_000, 250), 25)
        self.assertEqual(percent(30, 500), 2)
        self.assertEqual(percent(29, 500), 1)

    def test_parts_add_up(self):
        self.assertEqual(split(100, 3), [34, 33, 33])
        self.assertEqual(split(101, 3), [34, 34, 33])
        self.assertEqual(sum(split(9_999, 7)), 9_999)

    def test_amounts_are_shown_with_two_digits(self):
        self.assertEqual(shown(123_456), "1,234.56")
        self.assertEqual(shown(5), "0.05")
        self.assertEqual(shown(-250), "-2.50")
