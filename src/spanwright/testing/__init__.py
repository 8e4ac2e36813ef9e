"""Doubles that ship: simulated models behind the real wire, worlds with a known truth, virtual time, conformance suites."""
