"""What a rollout took, by its spans: the figures that nobody has to write an evaluator for."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from spanwright.core.trace import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the subject took for one case: without judges, waiting for a slot, and tries that the world failed.

    None is unknown, never nothing.
    """

    cost: float | None = None
    """US dollars; unknown where a model's price is, or no model call was seen."""
    latency: float | None = None
    """Seconds from the call of the subject to its return."""
    tokens: int | None = None
    """Input and output together."""
    requests: int | None = None
    """Model requests that were answered."""
    tool_calls: int | None = None

    @classmethod
    def of(cls, trace: Trace, seconds: float) -> "Measured":
        """Measure a rollout that took `seconds`; a trace without spans says nothing of the rest."""
        if not (trace.spans or trace.model_calls or trace.tool_calls):
            return cls(latency=seconds)
        usage = trace.usage
        return cls(
            cost=usage.usd if usage.requests and not usage.unpriced else None,
            latency=seconds,
            tokens=usage.tokens or None,
            requests=usage.requests,
            tool_calls=len(trace.tool_calls),
        )

    @property
    def known(self) -> Mapping[str, float]:
        """The figures that are known, by name."""
        figures: tuple[float | None, ...] = (self.cost, self.latency, self.tokens, self.requests, self.tool_calls)
        return {name: value for name, value in zip(_NAMES, figures, strict=True) if value is not None}


_NAMES = tuple(each.name for each in fields(Measured))
MEASURED = frozenset(_NAMES)
"""The names of these figures."""
