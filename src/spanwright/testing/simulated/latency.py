"""How long a simulated model takes: a heavy-tailed law by model name, scaled to what a test can wait for.

Delays are drawn from a stream of their own, so that the answers are the same at every scale.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import exp
from statistics import NormalDist

from spanwright.testing.simulated.wire import Draws

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """The seconds before an answer begins, and those that it then takes to write."""

    first: float = 0.0
    rest: float = 0.0

    @property
    def total(self) -> float:
        return self.first + self.rest


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyLaw:
    """Log-normal seconds until an answer begins, some of them far slower, then a steady rate of tokens."""

    models: str = "*"
    """A glob: which models keep this law."""
    median: float
    sigma: float
    stragglers: float = 0.01
    straggler_factor: float = 10.0
    tokens_per_second: float = 60.0

    def delay(self, output_tokens: int, draws: Draws) -> Delay:
        """Draw the delay of one answer."""
        spread = _NORMAL.inv_cdf(max(draws.uniform("spread"), 1e-12))
        factor = self.straggler_factor if draws.chance(self.stragglers, "straggler") else 1.0
        return Delay(first=self.median * exp(self.sigma * spread) * factor, rest=output_tokens / self.tokens_per_second)


REFLECTION_LAW = LatencyLaw(models="*reflect*", median=15.0, sigma=0.5)
TASK_LAW = LatencyLaw(median=1.2, sigma=0.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """The laws of all models of a server; the first that fits a model's name holds. Scale 0 answers at once."""

    scale: float = 0.0
    laws: tuple[LatencyLaw, ...] = (REFLECTION_LAW, TASK_LAW)

    def delay(self, model: str, output_tokens: int, draws: Draws) -> Delay:
        """Draw the delay of one answer, scaled."""
        law = next((law for law in self.laws if fnmatchcase(model, law.models)), None)
        if law is None or self.scale == 0:
            return Delay()
        real = law.delay(output_tokens, draws)
        return Delay(first=real.first * self.scale, rest=real.rest * self.scale)
