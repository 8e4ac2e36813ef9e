"""Receives spans of other processes: an OTLP/HTTP endpoint on the loopback.

    app       the ASGI app: what each request is answered
    body      the body of a request, decompressed within bounds
    replies   answers by the OTLP/HTTP specification
    hosting   the app behind a socket, from here to the end of a block
    tracefile a sink that writes a file

Another sink are the recordings of this process (see arrivals).

Refused are: other tokens, other formats, bodies and requests beyond the caps, spans of traces that nobody waits for.
Whatever arrives, the answer says what became of it, and nothing that arrived before is harmed.
"""

from spanwright.telemetry.receiver.app import otlp_app
from spanwright.telemetry.receiver.caps import Caps
from spanwright.telemetry.receiver.hosting import Endpoint, Place, listening, receiving, serving

__all__ = ["Caps", "Endpoint", "Place", "listening", "otlp_app", "receiving", "serving"]
