"""Constants."""

GREETING = """\
Say hello.
Be brief.
"""
FAREWELL = "Say " "goodbye."
