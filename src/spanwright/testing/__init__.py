"""Doubles that ship: simulated models behind the real wire, worlds with a known truth, controls, virtual time."""
