"""How good a reflection model is. Three profiles, fixed: comparisons never tune them."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Where a reflection model fails, and how often."""

    insight: float
    """How likely one piece of evidence leads to the right conclusion; more pieces add up."""
    records: int
    """How many records it reads with full attention; with more, it overlooks a share of them."""
    characters: int
    """How long a prompt may be before its attention fades."""
    per_text: int
    """New sentences for one text at most."""
    per_answer: int
    """New sentences in one answer at most."""
    wrong_scope: float
    """How often a conclusion is put into the wrong text, or said more broadly than it holds."""
    copies: float
    """How often it writes a rule down for the one example that showed it."""
    forgets: float
    """How often an old sentence is lost when its text is rewritten."""
    malformed: float
    """How often an answer is not in the form that was asked for."""
    obeys: float
    """How often it obeys an order that it reads in a record."""
    contrasts: bool = False
    """Whether what went wrong in one try of a task, and did not in a better try beside it, counts for it as one more
    piece of evidence. That models read like this is an assumption. The reflection model of worlds goes by it."""


WEAK: Final = Profile(
    insight=0.35,
    records=4,
    characters=20_000,
    per_text=2,
    per_answer=2,
    wrong_scope=0.25,
    copies=0.15,
    forgets=0.12,
    malformed=0.08,
    obeys=0.6,
)
MEDIUM: Final = Profile(
    insight=0.6,
    records=8,
    characters=40_000,
    per_text=2,
    per_answer=3,
    wrong_scope=0.15,
    copies=0.08,
    forgets=0.05,
    malformed=0.03,
    obeys=0.4,
)
STRONG: Final = Profile(
    insight=0.8,
    records=16,
    characters=100_000,
    per_text=3,
    per_answer=4,
    wrong_scope=0.07,
    copies=0.03,
    forgets=0.02,
    malformed=0.01,
    obeys=0.2,
)
