"""The file that the receiver writes: what stands in it, what is kept out, what a full disk or a crash does to it."""

import json
import stat

import httpx
import pytest

from spanwright.core.trace import Span
from spanwright.errors import StoreError
from spanwright.telemetry.otlp import decode_json, decode_logs_json
from spanwright.telemetry.receiver import receiving
from spanwright.telemetry.receiver.tracefile import Rotation, TraceFile
from spanwright.telemetry.sink import LoggedEvent


def span(number: int, trace: int = 1, **attributes: str) -> Span:
    return Span(
        trace_id=f"{trace:032x}",
        span_id=f"{number:016x}",
        name=f"span {number}",
        started=1.0,
        ended=2.0,
        attributes={name.replace("_", "."): value for name, value in attributes.items()},
    )


def written(path) -> list[str]:
    return [span.name for line in path.read_bytes().splitlines() for span in decode_json(line)]


def test_each_span_is_written_once_for_its_owner_alone_to_read(tmp_path):
    path = tmp_path / "new" / "spans.jsonl"
    with TraceFile(path, any_trace=True) as file:
        file.take_spans([span(1), span(2), span(1)])
        file.take_spans([span(2), span(3)])

    assert ["span 1", "span 2", "span 3"] == written(path)
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert (3, 1) == (file.spans, file.traces)


def test_only_rollouts_are_written_unless_any_trace_is_asked_for(tmp_path):
    with TraceFile(tmp_path / "spans.jsonl") as file:
        first = file.take_spans([span(1), span(2, spanwright_rollout="7"), span(3, trace=2)])
        later = file.take_spans([span(4), span(5, trace=2)])

    assert ["span 1", "span 2", "span 4"] == written(tmp_path / "spans.jsonl")
    assert (1, 1) == (first.rejected, later.rejected)
    assert "--any-trace" in first.reason


def test_a_long_file_is_put_aside_and_the_oldest_is_dropped(tmp_path):
    with TraceFile(tmp_path / "spans.jsonl", any_trace=True, rotation=Rotation(bytes=300, files=2)) as file:
        for number in range(1, 6):
            file.take_spans([span(number)])

    names = ["spans.jsonl", "spans.1.jsonl", "spans.2.jsonl"]
    assert sorted(names) == sorted(path.name for path in tmp_path.iterdir())
    assert [["span 5"], ["span 4"], ["span 3"]] == [written(tmp_path / name) for name in names]


def test_a_line_that_a_crash_broke_off_does_not_spoil_the_next(tmp_path):
    path = tmp_path / "spans.jsonl"
    path.write_bytes(b'{"resourceSpans":[{"sco')
    with TraceFile(path, any_trace=True) as file:
        file.take_spans([span(1)])
    _, line = path.read_bytes().splitlines()

    assert ["span 1"] == [span.name for span in decode_json(line)]


def test_events_stand_in_a_file_beside_it(tmp_path):
    with TraceFile(tmp_path / "spans.jsonl", any_trace=True) as file:
        event = LoggedEvent(name="gen_ai.evaluation.result", trace_id="ab" * 16, span_id="cd" * 8, time=1.0)
        file.take_events([event])

    assert [event] == list(decode_logs_json((tmp_path / "spans.events.jsonl").read_bytes()))


def test_a_place_where_no_file_can_be_is_a_clear_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be written"), TraceFile(tmp_path / "file" / "spans.jsonl"):
        pass


async def test_a_sender_is_asked_to_come_again_when_the_disk_is_full(tmp_path):
    """/dev/full is a disk that is always full."""
    path = tmp_path / "spans.jsonl"
    path.symlink_to("/dev/full")
    sent = {"traceId": "ab" * 16, "spanId": "cd" * 8}
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [sent]}]}]})
    file = TraceFile(path, any_trace=True)
    async with receiving(file) as endpoint, httpx.AsyncClient() as client:
        kind = {"content-type": "application/json"}
        full = await client.post(f"{endpoint.url}/v1/traces", content=body, headers=kind)
        path.unlink()
        taken = await client.post(f"{endpoint.url}/v1/traces", content=body, headers=kind)
    file.close()

    assert (503, "1", 200) == (full.status_code, full.headers["retry-after"], taken.status_code)
    assert "cannot be written: No space left" in full.json()["message"]
    assert [""] == written(path)
