"""`traces serve` as a person starts it, and as an exporter finds it."""

import os
import shlex
import signal
import subprocess
import sys

from spanwright.telemetry.otlp import decode_json

EXPORTER = """
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
with provider.get_tracer("shop").start_as_current_span("check stock"):
    pass
provider.shutdown()
"""


def exported(process: subprocess.Popen[str]) -> dict[str, str]:
    """Return the variables that the receiver prints."""
    lines = [process.stdout.readline() for _ in range(3)]
    return dict(shlex.split(line.removeprefix("export "))[0].split("=", 1) for line in lines)


def test_what_an_exporter_with_the_printed_variables_sends_is_in_the_file(start, folder):
    receiver = start("traces", "serve", "--port", "0", "--any-trace", "--out", "seen.jsonl")
    variables = exported(receiver)
    subprocess.run([sys.executable, "-c", EXPORTER], env=os.environ | variables, check=True, timeout=300)
    receiver.send_signal(signal.SIGINT)
    _, told = receiver.communicate(timeout=300)

    assert 0 == receiver.returncode, told
    assert "1 spans of 1 traces were written to seen.jsonl" in told
    assert ["check stock"] == [span.name for span in decode_json((folder / "seen.jsonl").read_bytes())]


def test_a_token_of_ones_own_is_what_senders_need(start):
    receiver = start("traces", "serve", "--port", "0", environment={"SPANWRIGHT_TOKEN": "mine alone"})
    variables = exported(receiver)
    receiver.send_signal(signal.SIGTERM)
    receiver.communicate(timeout=300)

    assert "authorization=Bearer%20mine%20alone" == variables["OTEL_EXPORTER_OTLP_HEADERS"]
    assert 0 == receiver.returncode


def test_a_port_that_is_taken_is_a_usage_error(start):
    receiver = start("traces", "serve", "--port", "0")
    port = exported(receiver)["OTEL_EXPORTER_OTLP_ENDPOINT"].rpartition(":")[2]
    second = start("traces", "serve", "--port", port)
    _, told = second.communicate(timeout=300)

    assert 2 == second.returncode
    assert f"port {port}" in told
