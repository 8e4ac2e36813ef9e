"""How tools were used with the seed and with the winner: what there is to show, few lines however many tools there are.

A fold over the rollouts of both, from a run's events alone. Only what is known is counted, and how much is not.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from spanwright.core.candidate import CandidateId
from spanwright.core.rollout import Rollout
from spanwright.report import figures
from spanwright.telemetry import Successes, ToolEvidence, ToolNames, successes, tool_evidence

_SHOWN = 5
"""So many confusions are told; the matrix has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolReport:
    """What is known of the tools of the seed and of the winner."""

    seed: ToolEvidence = field(default_factory=ToolEvidence)
    best: ToolEvidence = field(default_factory=ToolEvidence)

    @classmethod
    def of(cls, rollouts: Iterable[Rollout], seed: CandidateId, best: CandidateId) -> "ToolReport":
        """Fold the rollouts of a run. Successes of any candidate tell which tools a case takes."""
        seen = list(rollouts)
        right: Successes = successes(seen)
        names = ToolNames.of(seen)

        def evidence(candidate: CandidateId) -> ToolEvidence:
            return tool_evidence((each for each in seen if each.key.candidate == candidate), right, names)

        return cls(seed=evidence(seed), best=evidence(best))

    def lines(self) -> Iterator[str]:
        """Yield what there is to show, a line each; nothing where no tool was seen."""
        both = (("seed", self.seed), ("winner", self.best))
        for name, evidence in both if self.best != self.seed else both[:1]:
            if evidence.tools:
                yield f"{name}: {_summary(evidence)}"
            for (called, should), count in list(evidence.confused.items())[:_SHOWN]:
                yield f"  {called} called in place of {should}: {figures.number(count, 'rollout')}"

    def record(self) -> dict[str, object]:
        """Return the figures for programs."""
        return {"seed": self.seed.record(), "best": self.best.record()}


def _summary(evidence: ToolEvidence) -> str:
    known, unknown = sum(evidence.known.values()), evidence.unknown
    every = evidence.tools.values()
    pieces = [f"{sum(each.refused for each in every)} of {sum(each.calls for each in every)} calls refused"]
    pieces += [f"{failed} failed"] if (failed := sum(each.raised for each in every)) else []
    pieces += [f"{ignored} with unused results"] if (ignored := sum(each.ignored for each in every)) else []
    if not known:
        return f"{', '.join(pieces)}; which tools should have been called is not known"
    counts = f"{sum(each.missed for each in every)} missed, {sum(each.needless for each in every)} needless"
    of = f"in {figures.number(known, 'rollout')}" + (f" (of {unknown} more nothing is known)" if unknown else "")
    return f"{counts} {of}; {', '.join(pieces)}"
