"""Where received spans and events go: a Sink is what the receiver and the recordings have between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from spanwright.core.trace import Attribute, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """A gen_ai event that came as a log record: an evaluation's result, or a message of a model call."""

    name: str
    trace_id: str
    """Lower-case hexadecimal; empty where the record was written outside of any span."""
    span_id: str
    time: float
    attributes: Mapping[str, Attribute] = field(default_factory=dict[str, Attribute])
    """The record's attributes, and its body as `gen_ai.event.content`: a text, or anything else as JSON."""


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
        """Take spans of any traces, in any order. Raises StoreError where they cannot be kept just now."""
        ...

    def take_events(self, events: Sequence[LoggedEvent]) -> Receipt:
        """Take gen_ai events, each of which belongs to a span. Raises StoreError likewise."""
        ...
