"""How much the receiver takes."""

from dataclasses import dataclass

from spanwright.telemetry.otlp.amount import Most


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The bounds of one request, and of all that are in flight."""

    compressed: int = 8 * 2**20
    """Bytes of a body as it is sent."""
    decompressed: int = 20 * 2**20
    """Bytes of a body as it is read; an OpenTelemetry collector takes as many."""
    records: int = 10_000
    """Spans or log records of a request; exporters send 512."""
    pieces: int = 400_000
    """Attributes, values, events and links of a request together."""
    requests: int = 64
    """Requests whose bodies are being received at once."""
    buffered: int = 64 * 2**20
    """Bytes of all the bodies that are held at once."""
    seconds: float = 10.0
    """How long a body may take to arrive."""

    @property
    def most(self) -> Most:
        """The bounds that are counted before parsing."""
        return Most(records=self.records, pieces=self.pieces)
