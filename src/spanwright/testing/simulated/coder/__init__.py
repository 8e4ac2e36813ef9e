"""A simulated model that writes programs: what it knows is a handful of methods, what it learns stands in its prompt."""

from spanwright.testing.simulated.coder.coder import CODER, Coder

__all__ = ["CODER", "Coder"]
