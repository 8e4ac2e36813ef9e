"""Values: what travels between the rooms. Frozen, slotted, keyword-only; no I/O, no async, no clock, no randomness."""
