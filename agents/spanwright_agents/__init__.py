"""Subjects: real agents to optimize, one folder each. None of them knows the optimizer beyond its decorator."""
