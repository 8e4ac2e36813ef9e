"""What hostile bodies cost the receiver before they are refused: posted over the loopback, within one process.

    python benchmarks/refusing.py [--json]

By attack the status, the CPU of the best of three times with the sender's part in it, and how many megabytes the
process grew at its peak. `spans.py` shows them among its own, and a test holds them to the aims.
"""

import argparse
import json
import resource
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import anyio
import httpx
from showing import Cell, Table, figure

from spanwright.core.trace import Span
from spanwright.telemetry.receiver import receiving
from spanwright.telemetry.sink import LoggedEvent, Receipt

AIM_REFUSE_MS = 200.0
AIM_GROWN_MB = 100.0
TIMES = 3
"""How often an attack is tried: other processes only ever add to what it costs."""
_MANY = 2_000_000
_BOMB_MB = 1_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """A body that is small to send and large to read."""

    body: bytes
    kind: str = "application/x-protobuf"
    encoding: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusing:
    """What one attack cost."""

    status: int
    sent_mb: float
    cpu_ms: float
    megabytes: float
    """By which the peak of the process's memory rose beyond what the attacks before had needed."""


class Nothing:
    """A sink that takes all and keeps none."""

    busy = ""

    def take_spans(self, spans: Sequence[Span]) -> Receipt:
        """Take spans."""
        return Receipt()

    def take_events(self, events: Sequence[LoggedEvent]) -> Receipt:
        """Take events."""
        return Receipt()


def attacks() -> Iterator[tuple[str, Attack]]:
    """Yield the attacks by name."""
    yield "empty spans", Attack(body=_request(b"\x12\x00" * _MANY))
    yield "gzip bomb", Attack(body=_bomb(_BOMB_MB), encoding="gzip")
    yield "empty attributes", Attack(body=_request(_field(0x12, b"\x4a\x00" * _MANY)))
    begin, end = b'{"resourceSpans":[{"scopeSpans":[{"spans":[', b"{}]}]}]}"
    yield "JSON", Attack(body=begin + b"{}," * _MANY + end, kind="application/json")


async def measure_refusing() -> Mapping[str, Refusing]:
    """Post each attack a few times."""
    costs: dict[str, Refusing] = {}
    async with receiving(Nothing()) as endpoint, httpx.AsyncClient() as client:
        for name, attack in attacks():
            headers = {"content-type": attack.kind, "content-encoding": attack.encoding}
            before = _peak()
            spent: list[float] = []
            status = 0
            for _ in range(TIMES):
                began = time.process_time()
                answer = await client.post(f"{endpoint.url}/v1/traces", content=attack.body, headers=headers)
                spent.append(time.process_time() - began)
                status = answer.status_code
            costs[name] = Refusing(
                status=status,
                sent_mb=len(attack.body) / 2**20,
                cpu_ms=min(spent) * 1_000,
                megabytes=_peak() - before,
            )
    return costs


def _request(scope: bytes) -> bytes:
    return _field(0x0A, _field(0x12, scope))


def _field(tag: int, body: bytes) -> bytes:
    size, written = len(body), bytearray([tag])
    while size > 127:
        written.append(size & 127 | 128)
        size >>= 7
    return bytes([*written, size]) + body


def _bomb(megabytes: int) -> bytes:
    """Return gzip of so many zeros, without compressing each of them: flushed blocks can be repeated."""
    deflate = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    begin = deflate.compress(b"") + deflate.flush(zlib.Z_FULL_FLUSH)
    block = deflate.compress(bytes(2**20)) + deflate.flush(zlib.Z_FULL_FLUSH)
    return begin + block * megabytes


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def table(costs: Mapping[str, Refusing]) -> Table:
    """Return the figures for a person."""
    rows: list[tuple[Cell, ...]] = [
        (
            name,
            figure(cost.status, "d"),
            figure(cost.sent_mb, ".1f"),
            figure(cost.cpu_ms, ".0f"),
            figure(cost.megabytes, ".0f"),
        )
        for name, cost in costs.items()
    ]
    return Table(
        title="What refusing costs",
        columns=("attack", "status", "MB sent", "ms CPU", "MB grown"),
        rows=tuple(rows),
        note=f"Aims: under {AIM_REFUSE_MS:.0f} ms and {AIM_GROWN_MB:.0f} MB.",
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    costs = anyio.run(measure_refusing)
    print(json.dumps({name: asdict(cost) for name, cost in costs.items()}) if options.json else table(costs))


if __name__ == "__main__":
    main()
