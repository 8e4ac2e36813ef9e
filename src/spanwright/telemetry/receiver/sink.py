"""Where received spans go."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from spanwright.core.trace import Span
from spanwright.telemetry.otlp import LoggedEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of the records of one request."""

    rejected: int = 0
    """Those that were not taken, for good: to send them again would not help."""
    reason: str = ""
    """Why the first of them was not."""


class Sink(Protocol):
    """Takes spans in. The smallest one:

        class Kept(list):
            busy = ""
            def take_spans(self, spans):
                self.extend(spans)
                return Receipt()
            def take_events(self, events):
                return Receipt(rejected=len(events), reason="no events, please")

    A span that comes again, because its sender missed the answer, is taken without being kept twice.
    """

    @property
    def busy(self) -> str:
        """Why nothing can be taken just now; empty where all is well. Senders are asked to try again."""
        ...

    def take_spans(self, spans: Sequence[Span]) -> Receipt:
        """Take spans of any traces, in any order."""
        ...

    def take_events(self, events: Sequence[LoggedEvent]) -> Receipt:
        """Take gen_ai events, each of which belongs to a span."""
        ...
