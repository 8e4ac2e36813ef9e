"""What went into a rollout and what came out of it, which its events do not tell: heard where evidence is kept.

Texts are cut to what a backend shows, and let go when the rollout's span has been told.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from spanwright.core.case import Case
from spanwright.core.protocols import Journal, Redaction
from spanwright.core.rollout import Rollout
from spanwright.core.trace import Trace
from spanwright.telemetry.excerpt import excerpt
from spanwright.telemetry.given import as_text

_LONGEST = 8_192
_MOST = 20_000
"""Outputs that are held: an observer that lags so far behind is detached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """Both texts of one rollout, empty where they are not known."""

    taken: str = ""
    given: str = ""


SILENT = Spoken()


class Spokens:
    """Knows the inputs of the cases, and the outputs of rollouts until they are asked for."""

    def __init__(self, redaction: Redaction | None = None) -> None:
        """Know nothing yet. Outputs come redacted; inputs are, with `redaction`, when they are asked for."""
        self._redaction = redaction
        self._cases: Mapping[str, Case] = {}
        self._outputs: dict[int, str] = {}

    def know(self, cases: Iterable[Case]) -> None:
        """Know what is put in."""
        self._cases = {case.id: case for case in cases}

    def hear(self, number: int, output: str) -> None:
        """Keep an output for the span that is going to be told."""
        if len(self._outputs) < _MOST:
            self._outputs[number] = excerpt(output, _LONGEST)

    def of(self, rollout: Rollout) -> Spoken:
        """Return what a rollout took in and gave out, and let go of it."""
        case = self._cases.get(rollout.key.case)
        taken = "" if case is None else as_text(case.inputs)
        if self._redaction is not None:
            taken = self._redaction.text(taken, rollout.trace_id)
        taken = excerpt(taken, _LONGEST)
        return Spoken(taken=taken, given=self._outputs.pop(rollout.number, ""))


class Overheard:
    """A journal whose evidence is heard on its way. It is in all else the journal that it is made of."""

    def __init__(self, journal: Journal, spokens: Spokens) -> None:
        self._journal = journal
        self._spokens = spokens
        self.append = journal.append
        self.keep_reflection = journal.keep_reflection
        self.observed = journal.observed
        self.annotations = journal.annotations
        self.durable = journal.durable
        self.events = journal.events

    def keep_trace(self, rollout: Rollout, trace: Trace, output: str) -> None:
        """Keep the evidence, and hear the output."""
        self._spokens.hear(rollout.number, output)
        self._journal.keep_trace(rollout, trace, output)
