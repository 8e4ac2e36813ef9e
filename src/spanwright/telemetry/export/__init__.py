"""A run, told to the outside: its own trace, the roots of its rollouts' traces, and their scores.

    exporter     follows a run: the recorder whose spans go out, the observer that tells the story
    story        events into spans (told: their form and ids, wording: what they say, spoken: inputs and outputs)
    afar         spans that ended in other processes
    target       `Export`: where to, with presets
    outbox       the bounded queue and the thread that sends
    otlp (logs), mlflow, phoenix    deliver a batch (environment: the OTEL_EXPORTER_OTLP_* variables)

Off unless asked for. Nothing here slows or fails a run: what does not arrive is counted, and said once at its end.
"""

from spanwright.telemetry.export.exporter import Exporter
from spanwright.telemetry.export.outbox import Delivery, Destination, Outcome
from spanwright.telemetry.export.target import Export

__all__ = ["Delivery", "Destination", "Export", "Exporter", "Outcome"]
