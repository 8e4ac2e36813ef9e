"""How good an outcome was, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from spanwright.core.candidate import ComponentId


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The verdict of the evaluators on one rollout."""

    value: float
    """Finite; higher is better. 0 to 1 unless an objective of your own says otherwise."""
    feedback: str = ""
    """What was expected and what came: facts, for the reflector to read."""
    objectives: Mapping[str, float] = field(default_factory=dict[str, float])
    """Each evaluator's own figure by name."""
    blame: Mapping[ComponentId, str] = field(default_factory=dict[ComponentId, str])
    """Components at which an evaluator points, with its reason."""
