"""Counts what is missing in the traces and says it, a line a cause, with what to do."""

from collections import Counter
from collections.abc import Sequence

from spanwright.core.trace import Trace
from spanwright.telemetry.arrivals import Arrived
from spanwright.telemetry.collector import Collector, Sealed
from spanwright.telemetry.findings import DROPPED, findings

_CARRY = "start threads with contextvars.copy_context().run, or use asyncio.to_thread"


def check(traces: Sequence[Trace]) -> tuple[str, ...]:
    """Return one line for each thing that is missing in traces that were read from elsewhere."""
    found = Counter(finding for trace in traces for finding in findings(trace))
    dropped = sum(span.dropped for trace in traces for span in trace.spans)
    lines = [f"{count} traces of {len(traces)} {finding}" for finding, count in sorted(found.items())]
    if dropped:
        lines.append(f"{dropped} {DROPPED}")
    if traces and not any(trace.agents or trace.model_calls or trace.tool_calls for trace in traces):
        lines.append(f"{len(traces)} traces show no agent, no model call and no tool: is anything instrumented?")
    return tuple(lines)


class Tally:
    """Adds up over the recordings of one recorder."""

    def __init__(self) -> None:
        self._recordings = 0
        self._counts: Counter[str] = Counter()
        self._open: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._findings: Counter[str] = Counter()
        self._unreached: Counter[str] = Counter()

    def add(self, sealed: Sealed, trace: Trace) -> None:
        """Count what is missing in one trace."""
        self._recordings += 1
        found = (
            ("unseen", int(not sealed.seen)),
            ("incomplete", int(bool(sealed.open))),
            ("spans", sealed.dropped),
            ("cut", sealed.cut),
            ("attributes", sum([span.dropped for span in trace.spans])),
        )
        for cause, number in found:
            if number:  # mostly none is
                self._counts[cause] += number
        if sealed.open:
            self._open.update(sealed.open)
        else:
            self._findings.update(findings(trace, rooted=False))

    def miss(self, arrived: Arrived, *, unseen: bool) -> None:
        """Count what other processes were expected to send for one trace, already added, and did not."""
        if arrived.silent and unseen:  # it is known why nothing was seen
            self._counts["silent"] += 1
            self._counts["unseen"] -= 1
        if arrived.missing:
            self._counts["missing"] += arrived.missing

    def unfolded(self, error: Exception) -> None:
        """Count a trace whose spans could not be read together."""
        self._recordings += 1
        self._errors[type(error).__name__] += 1

    def unreached(self, agent: str, runs: int) -> None:
        """Count runs of an agent that began outside of every recording while there were some."""
        self._unreached[agent] += runs

    def lines(self, collector: Collector) -> tuple[str, ...]:
        """Return one line for each cause that occurred, those that `collector` counted included."""
        count, total = self._counts, self._recordings
        opened = ", ".join(repr(name) for name, _ in self._open.most_common(3))
        errors = ", ".join(sorted(self._errors))
        causes = (
            (count["unseen"], f"recordings of {total} saw no span: are the agents instrumented?"),
            *((number, _bare(agent)) for agent, number in sorted(self._unreached.items())),
            (collector.unreached, f"traces of agents began where no recording reaches, as in a raw thread: {_CARRY}"),
            *((number, f"traces of {total} {finding}") for finding, number in sorted(self._findings.items())),
            (count["incomplete"], f"traces of {total} were sealed before all their spans had ended: {opened}"),
            (collector.late, "spans ended after their trace had been sealed and are missing in it"),
            (count["spans"], "spans inside tools found no room in their traces"),
            (count["cut"], "long attributes were shortened to head and tail"),
            (count["attributes"], DROPPED),
            (collector.unreadable, "spans could not be read"),
            (count["silent"], f"recordings of {total} got no span of the service they called: does it export to us?"),
            (count["missing"], "spans that a service announced did not arrive: let it flush before it answers"),
            (self._errors.total(), f"traces could not be put together ({errors}): please report it"),
        )
        return tuple(f"{number} {line}" for number, line in causes if number)


def _bare(agent: str) -> str:
    return (
        f"runs of {agent!r} began where no rollout reaches, as in a raw thread: they had its own texts and left no "
        f"span. {_CARRY[0].upper()}{_CARRY[1:]}"
    )
