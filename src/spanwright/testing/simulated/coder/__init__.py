"""A simulated model that writes programs: it knows a handful of methods, and what its prompt tells."""

from spanwright.testing.simulated.coder.coder import CODER, Coder

__all__ = ["CODER", "Coder"]
