"""Claims about a country that does not exist, each of three pages: a program of four agents that finds the pages."""

from spanwright_agents.claims.evals import Claim, claims
from spanwright_agents.claims.program import (
    Hop,
    Trail,
    first_summary,
    second_query,
    second_summary,
    third_query,
    trace_claim,
)

__all__ = [
    "Claim",
    "Hop",
    "Trail",
    "claims",
    "first_summary",
    "second_query",
    "second_summary",
    "third_query",
    "trace_claim",
]
