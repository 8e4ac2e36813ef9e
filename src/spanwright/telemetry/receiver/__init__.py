"""Receives spans of other processes: an OTLP/HTTP endpoint on the loopback.

    app       the ASGI app: what each request is answered
    body      the body of a request, decompressed within bounds
    replies   answers by the OTLP/HTTP specification
    hosting   the app behind a socket, from here to the end of a block
    sink      where received spans go: into recordings (see arrivals), or into a file (tracefile)

Refused are: other tokens, other formats, bodies and requests beyond the caps, spans of traces that nobody waits for.
Whatever arrives, the answer says what became of it, and nothing that arrived before is harmed.
"""

from spanwright.telemetry.receiver.app import otlp_app
from spanwright.telemetry.receiver.caps import Caps
from spanwright.telemetry.receiver.hosting import Endpoint, Place, receiving
from spanwright.telemetry.receiver.sink import Receipt, Sink

__all__ = ["Caps", "Endpoint", "Place", "Receipt", "Sink", "otlp_app", "receiving"]
