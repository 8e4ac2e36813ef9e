import unittest
from datetime import date

from wharf.days import arrival, between, works


class Days(unittest.TestCase):
    def test_weekends_and_holidays_are_free(self):
        self.assertTrue(works(date(2024, 3, 1)))
        self.assertFalse(works(date(2024, 3, 2)))
        self.assertFalse(works(date(2024, 3, 3)))
        self.assertFalse(works(date(2024, 5, 1)))

    def test_only_working_days_count_on_the_way(self):
        self.assertEqual(arrival(date(2024, 3, 1), 1), date(2024, 3, 4))
        self.assertEqual(arrival(date(2024, 4, 30), 2), date(2024, 5, 3))
        self.assertEqual(arrival(date(2024, 3, 1), 0), date(2024, 3, 1))

    def test_days_between_are_without_the_first_and_with_the_last(self):
        self.assertEqual(between(date(2024, 3, 1), date(2024, 3, 4)), 1)
        self.assertEqual(between(date(2024, 3, 4), date(2024, 3, 8)), 4)
