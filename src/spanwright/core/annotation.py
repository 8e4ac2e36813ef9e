"""What a person wrote about a rollout that they looked at."""

from dataclasses import dataclass

LONGEST = 4_000
"""Characters of an annotation: a reflector reads it beside everything else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A remark on one rollout of a run. It is no event: it decides nothing, and replay does without it."""

    rollout: int
    text: str
    at: float
