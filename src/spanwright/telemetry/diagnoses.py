"""Counts what is missing in the traces and says it, a line a cause, with what to do."""

from collections import Counter

from spanwright.core.trace import Trace
from spanwright.telemetry.collector import Sealed


class Tally:
    """Adds up over the recordings of one recorder."""

    def __init__(self) -> None:
        self._recordings = 0
        self._counts: Counter[str] = Counter()
        self._open: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()

    def add(self, sealed: Sealed, trace: Trace) -> None:
        """Count what is missing in one trace."""
        self._recordings += 1
        found = (
            ("unseen", int(not sealed.seen)),
            ("incomplete", int(bool(sealed.open))),
            ("spans", sealed.dropped),
            ("cut", sealed.cut),
            ("attributes", sum([span.dropped for span in trace.spans])),
            ("contentless", int(trace.without_content)),
        )
        for cause, number in found:
            if number:  # mostly none is
                self._counts[cause] += number
        if sealed.open:
            self._open.update(sealed.open)

    def unfolded(self, error: Exception) -> None:
        """Count a trace whose spans could not be read together."""
        self._recordings += 1
        self._errors[type(error).__name__] += 1

    def lines(self, *, late: int, unreadable: int) -> tuple[str, ...]:
        """Return one line for each cause that occurred."""
        count, total = self._counts, self._recordings
        opened = ", ".join(repr(name) for name, _ in self._open.most_common(3))
        errors = ", ".join(sorted(self._errors))
        causes = (
            (count["unseen"], f"recordings of {total} saw no span: are the agents instrumented?"),
            (count["contentless"], f"traces of {total} show no content: instrument with include_content=True"),
            (count["incomplete"], f"traces of {total} were sealed before all their spans had ended: {opened}"),
            (late, "spans ended after their trace had been sealed and are missing in it"),
            (count["spans"], "spans inside tools found no room in their traces"),
            (count["cut"], "long attributes were shortened to head and tail"),
            (count["attributes"], "attributes were dropped by a limit: raise OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"),
            (unreadable, "spans could not be read"),
            (self._errors.total(), f"traces could not be put together ({errors}): please report it"),
        )
        return tuple(f"{number} {line}" for number, line in causes if number)
