"""Judges: (case, outcome) -> score with feedback, one family a file."""
