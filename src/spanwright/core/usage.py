"""What was spent and what may be spent: two records of the same shape."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What something cost. Usages add."""

    rollouts: int = 0
    reflections: int = 0
    requests: int = 0
    """Model requests that were answered, of agents, judges and reflections."""
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0
    unpriced: int = 0
    """Requests without a known price: `usd` does not contain them."""
    seconds: float = 0.0
    """Working time, summed over what ran at the same time."""

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            rollouts=self.rollouts + other.rollouts,
            reflections=self.reflections + other.reflections,
            requests=self.requests + other.requests,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            usd=self.usd + other.usd,
            unpriced=self.unpriced + other.unpriced,
            seconds=self.seconds + other.seconds,
        )

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(
            rollouts=self.rollouts - other.rollouts,
            reflections=self.reflections - other.reflections,
            requests=self.requests - other.requests,
            input_tokens=self.input_tokens - other.input_tokens,
            output_tokens=self.output_tokens - other.output_tokens,
            usd=max(0.0, self.usd - other.usd),
            unpriced=self.unpriced - other.unpriced,
            seconds=max(0.0, self.seconds - other.seconds),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The most that a run may spend; None is no limit. Rollouts and reflections are never exceeded.

    `requests`, `tokens` and `usd` can be exceeded by at most what is in flight when they are reached, the largest
    rollout times `Run(concurrency=...)` and a reflection for each attempt: their cost is known only afterwards.
    `seconds` is wall-clock time of this process; when it is over, what is in flight is finished.
    """

    rollouts: int | None = None
    reflections: int | None = None
    requests: int | None = None
    tokens: int | None = None
    usd: float | None = None
    seconds: float | timedelta | None = None
