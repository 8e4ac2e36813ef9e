"""What spans cost: to collect one, to read one of protobuf, to receive them from an exporter, to refuse hostile ones,
to keep and tell many.

    python benchmarks/spans.py [--quick] [--json]

The spans have ten short attributes and one text of 4 KB, each text its own. What is compared is measured in turn in
one process, block by block, and the best block counts: other processes only ever add to it. Throughput is that of a
receiver in a process of its own, fed over the loopback by the OpenTelemetry SDK's own HTTP exporter; the CPU that each
of the two took says who was the slower one. What is told are rollouts of forty turns with a tool each, whose model
calls repeat the history as agents' do: 2 MB of attributes for 94 KB of messages.
"""

import argparse
import gc
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import anyio
from measuring import cpu, tracer_of
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, Tracer
from opentelemetry.sdk.trace.export import SpanExportResult
from refusing import AIM_GROWN_MB, AIM_REFUSE_MS, Refusing
from showing import Cell, Table, figure
from telling import TURNS, Telling, measure_telling

from spanwright.core.trace import Span
from spanwright.telemetry.collector import Collector
from spanwright.telemetry.otlp import decode_json, decode_protobuf, encode_json
from spanwright.telemetry.providers import remote_parent
from spanwright.telemetry.receiver import Place, receiving
from spanwright.telemetry.sink import LoggedEvent, Receipt

AIM_COLLECT_US = 15.0
AIM_RECEIVED = 5_000.0
AIM_PARSED = 40_000.0
AIM_MEGABYTES = 250.0
AIM_PROMPT_MS = 2_000.0
BATCH = 512
"""As many spans as a batch exporter sends at once."""
TRACE = 20
"""Spans of one trace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured."""

    blocks: int
    batches: int
    kept: int
    told: int


QUICK = Sizes(blocks=20, batches=20, kept=10_000, told=50)
FULL = Sizes(blocks=200, batches=100, kept=100_000, told=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collecting:
    """Microseconds of CPU a span, in process."""

    bare_us: float
    """Of the SDK alone, with a processor that does nothing."""
    collected_us: float
    added_us: float
    added_median_us: float
    """By the median over the pairs of blocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsing:
    """Spans a second that are read in process."""

    protobuf: float
    json: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiving:
    """Spans a second from a real exporter over the loopback."""

    plain: float
    """By the best batch."""
    plain_median: float
    gzip: float
    receiver_us: float
    """CPU of the receiver a span, uncompressed."""
    sender_us: float
    """CPU of the exporter a span, uncompressed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """Megabytes that 100,000 spans take in a collector, beyond what the process had before."""

    unique: float
    """Each span with a text of its own of 1 KB."""
    repeated: float
    """Model calls whose texts of 4 KB repeat what the ones before said, as agents' do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that was measured."""

    collecting: Collecting
    parsing: Parsing
    receiving: Receiving
    refusing: Mapping[str, Refusing]
    keeping: Keeping
    telling: Telling


class Idle(SpanProcessor):
    """Does nothing with a span."""


class Count:
    """A sink that only counts."""

    def __init__(self) -> None:
        self.busy = ""
        self.spans = 0

    def take_spans(self, spans: Sequence[Span]) -> Receipt:
        """Count spans."""
        self.spans += len(spans)
        return Receipt()

    def take_events(self, events: Sequence[LoggedEvent]) -> Receipt:
        """Pass events over."""
        return Receipt()


ATTRIBUTES = {f"gen_ai.short.{number}": f"value {number}" for number in range(10)}
TEXT = "the customer asks where order A-17 is " * 110


def sdk_spans(count: int) -> list[ReadableSpan]:
    """Return finished spans of the SDK."""
    tracer = tracer_of(Idle())
    spans: list[ReadableSpan] = []
    for number in range(count):
        with tracer.start_as_current_span("chat", attributes={**ATTRIBUTES, "text": f"{number} {TEXT}"}) as span:
            assert isinstance(span, ReadableSpan)
            spans.append(span)
    return spans


def measure_collecting(sizes: Sizes) -> Collecting:
    """Make spans with and without a collector, block by block in turn."""
    collector = Collector()
    idle, collecting = tracer_of(Idle()), tracer_of(collector)
    texts = [f"{number} {TEXT}" for number in range(TRACE)]

    def block(tracer: Tracer) -> None:
        trace_id = collector.mint()
        collector.begin(trace_id, 1)
        context = remote_parent(trace_id, 1)
        for text in texts:
            with tracer.start_as_current_span("chat", context, attributes={**ATTRIBUTES, "text": text}):
                pass
        collector.seal(trace_id)

    for tracer in (idle, collecting) * 20:
        block(tracer)
    pairs = [(cpu(lambda: block(idle)), cpu(lambda: block(collecting))) for _ in range(sizes.blocks)]
    bare, collected = (min(times) / TRACE * 1e6 for times in zip(*pairs, strict=True))
    median = statistics.median(with_us - without_us for without_us, with_us in pairs) / TRACE * 1e6
    return Collecting(bare_us=bare, collected_us=collected, added_us=collected - bare, added_median_us=median)


def measure_parsing(sizes: Sizes) -> Parsing:
    """Read one batch again and again."""
    body = encode_spans(sdk_spans(BATCH)).SerializeToString()
    as_json = encode_json(decode_protobuf(body))
    turns = max(10, sizes.blocks // 4)
    protobuf = min(cpu(lambda: list(decode_protobuf(body))) for _ in range(turns))
    text = min(cpu(lambda: list(decode_json(as_json))) for _ in range(turns))
    return Parsing(protobuf=BATCH / protobuf, json=BATCH / text)


async def serve_counting() -> None:
    """Receive until standard input ends; say where, and at last how many spans came and the CPU that they took."""
    sink = Count()
    async with receiving(sink, Place()) as endpoint:
        print(endpoint.url, flush=True)
        before = time.process_time()
        await anyio.to_thread.run_sync(sys.stdin.read)
        print(json.dumps([sink.spans, time.process_time() - before]), flush=True)


def measure_receiving(sizes: Sizes) -> Receiving:
    """Export batches with the SDK's exporter to a receiver in another process."""
    batch = sdk_spans(BATCH)
    zipped = export(batch, sizes.batches, Compression.Gzip)
    return replace(export(batch, sizes.batches, Compression.NoCompression), gzip=zipped.plain)


def export(batch: Sequence[ReadableSpan], times: int, compression: Compression) -> Receiving:
    """Return what one exporter measured; `gzip` is left to the caller."""
    command = [sys.executable, __file__, "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as receiver:
        assert receiver.stdin is not None
        assert receiver.stdout is not None
        url = receiver.stdout.readline().strip()
        exporter = OTLPSpanExporter(endpoint=f"{url}/v1/traces", compression=compression)
        exporter.export(batch)
        rates: list[float] = []
        before = time.process_time()
        for _ in range(times):
            began = time.perf_counter()
            assert exporter.export(batch) is SpanExportResult.SUCCESS
            rates.append(len(batch) / (time.perf_counter() - began))
        sent = time.process_time() - before
        exporter.shutdown()
        receiver.stdin.close()
        count, took = json.loads(receiver.stdout.readline())
    assert count == len(batch) * (times + 1)
    return Receiving(
        plain=max(rates),
        plain_median=statistics.median(rates),
        gzip=0.0,
        receiver_us=took / count * 1e6,
        sender_us=sent / (len(batch) * times) * 1e6,
    )


def measure_refusing() -> Mapping[str, Refusing]:
    """Attack a receiver in a fresh process."""
    command = [sys.executable, str(Path(__file__).with_name("refusing.py")), "--json"]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return {name: Refusing(**cost) for name, cost in told.items()}


def keep(kind: str, count: int) -> None:
    """Fill a collector with traces and print how many megabytes that took for 100,000 spans."""
    collector = Collector()
    tracer = tracer_of(collector)
    traces: list[int] = []
    text = ""
    gc.collect()
    before = resident()
    for number in range(count):
        if number % TRACE == 0:
            traces.append(collector.mint())
            collector.begin(traces[-1], 1)
            text = f'[{{"role":"user","content":"{number}"}}]'
        if kind == "unique":
            text = f"{number} {TEXT[:1_000]}"
            extra = {"gen_ai.operation.name": "execute_tool"}
        else:
            text = f'{text[:-1]},{{"role":"assistant","content":"{number} {TEXT[:200]}"}}]'
            extra = {"gen_ai.operation.name": "chat"}
        with tracer.start_as_current_span("chat", remote_parent(traces[-1], 1), attributes={**extra, "text": text}):
            pass
    gc.collect()
    print((resident() - before) / 2**20 / count * 100_000)


def resident() -> int:
    """Return the bytes of memory that this process has."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no path of ours
        return int(file.read().split()[1]) * resource.getpagesize()


def measure_keeping(sizes: Sizes) -> Keeping:
    """Fill collectors, each in a fresh process."""

    def megabytes(kind: str) -> float:
        command = [sys.executable, __file__, "--keep", kind, str(sizes.kept)]
        return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    return Keeping(unique=megabytes("unique"), repeated=megabytes("repeated"))


def measure(sizes: Sizes) -> Report:
    """Measure all."""
    return Report(
        collecting=measure_collecting(sizes),
        parsing=measure_parsing(sizes),
        receiving=measure_receiving(sizes),
        refusing=measure_refusing(),
        keeping=measure_keeping(sizes),
        telling=measure_telling(sizes.told),
    )


def table(report: Report) -> Table:
    """Return the figures for a person."""
    collecting, parsing, received, keeping = report.collecting, report.parsing, report.receiving, report.keeping
    telling = report.telling
    rate, each = " spans/s", " us"
    refused: list[tuple[Cell, ...]] = [
        (f"{cost.sent_mb:.1f} MB of {name}, refused", figure(of, ".0f", unit), f"under {aim:.0f}{unit}")
        for name, cost in report.refusing.items()
        for of, unit, aim in ((cost.cpu_ms, " ms", AIM_REFUSE_MS), (cost.megabytes, " MB", AIM_GROWN_MB))
    ]
    rows: list[tuple[Cell, ...]] = [
        ("a span of the bare SDK", figure(collecting.bare_us, ".1f", each), ""),
        ("added by the collector", figure(collecting.added_us, ".1f", each), f"under {AIM_COLLECT_US:.0f} us"),
        ("    by the median pair of blocks", figure(collecting.added_median_us, ".1f", each), ""),
        ("read from protobuf", figure(parsing.protobuf, ".0f", rate), f"over {AIM_PARSED:.0f}"),
        ("read from JSON", figure(parsing.json, ".0f", rate), ""),
        ("received from a real exporter", figure(received.plain, ".0f", rate), f"over {AIM_RECEIVED:.0f}"),
        ("    by the median batch", figure(received.plain_median, ".0f", rate), ""),
        ("    with gzip", figure(received.gzip, ".0f", rate), ""),
        ("    CPU of the receiver, a span", figure(received.receiver_us, ".1f", each), ""),
        ("    CPU of the exporter, a span", figure(received.sender_us, ".1f", each), ""),
        *refused,
        ("100,000 spans, texts of 1 KB", figure(keeping.unique, ".0f", " MB"), f"under {AIM_MEGABYTES:.0f} MB"),
        ("100,000 model calls, histories", figure(keeping.repeated, ".0f", " MB"), ""),
        (f"a rollout of {TURNS} turns, {telling.megabytes:.1f} MB, folded", figure(telling.fold_ms, ".1f", " ms"), ""),
        ("    told in 4,000 tokens", figure(telling.render_ms, ".1f", " ms"), ""),
        ("    without its secrets", figure(telling.secrets_ms, ".1f", " ms"), ""),
        ("    and personal data", figure(telling.personal_ms, ".1f", " ms"), ""),
        (
            f"a prompt of {telling.prompts} of them",
            figure(telling.prompt_ms, ".0f", " ms"),
            f"under {AIM_PROMPT_MS:.0f} ms for {FULL.told}",
        ),
    ]
    return Table(title="What spans cost", columns=("of what", "figure", "aim"), rows=tuple(rows))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer and smaller blocks: seconds, and less exact")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--keep", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        anyio.run(serve_counting)
    elif options.keep:
        keep(options.keep[0], int(options.keep[1]))
    else:
        report = measure(QUICK if options.quick else FULL)
        print(json.dumps(asdict(report)) if options.json else table(report))


if __name__ == "__main__":
    main()
