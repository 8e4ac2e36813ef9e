"""Importing: redacted before it is written, once, from where the last import ended."""

import gzip
import json
import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spanwright.core.trace import Span, SpanEvent
from spanwright.errors import StoreError, UsageError
from spanwright.mining import Archive, import_files, import_spans
from spanwright.telemetry.facts import facts_of, folded
from spanwright.telemetry.otlp import LoggedEvent, encode_json, encode_logs_json
from spanwright.telemetry.redaction import Redactor
from spanwright.telemetry.span_files import read_spans

FOLDER = Path(__file__).parents[2] / "traces" / "dialects"
DIALECTS = sorted(FOLDER.glob("*.jsonl"))


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "store.traces.jsonl"


def take(archive: Path, *files: Path, redactor: Redactor | None = None):
    with Archive(archive, redactor or Redactor()) as opened:
        return import_files(files, opened)


def span(number: int, *, trace: int = 1, **attributes: str) -> Span:
    return Span(
        trace_id=f"{trace:032x}", span_id=f"{number:016x}", name="x", started=1.0, ended=2.0, attributes=attributes
    )


def write(path: Path, *spans: Span) -> Path:
    path.write_bytes(b"".join(encode_json([one]) for one in spans))
    return path


@pytest.mark.parametrize("file", DIALECTS, ids=lambda file: file.stem)
def test_what_was_imported_tells_the_facts_of_its_file(file, archive):
    take(archive, file)

    expected, told = facts_of(read_spans(file).spans), facts_of(read_spans(archive).spans)
    assert expected.agents == told.agents
    assert expected.tool_calls == told.tool_calls
    assert expected.final_output == told.final_output


def test_nothing_that_is_secret_touches_the_disk(tmp_path, archive):
    key = "sk" + "-ant-api03-" + "a1B2" * 10
    event = SpanEvent(name="exception", time=1.5, attributes={"exception.message": f"bad key {key}"})
    whole = span(1, prompt="I am ada@x.org", arguments=f'{{"api_key":"{key}","to":"ada@x.org"}}')
    logged = LoggedEvent(
        name="gen_ai.evaluation.result", trace_id=whole.trace_id, span_id=whole.span_id, time=1.0, attributes={"a": key}
    )
    source = tmp_path / "spans.jsonl"
    source.write_bytes(encode_json([whole.holding(whole.attributes, (event,))]) + encode_logs_json([logged]))
    done = take(archive, source)
    source.unlink()

    for path in tmp_path.iterdir():
        assert key.encode() not in path.read_bytes()
        assert b"ada@x.org" not in path.read_bytes()
    (kept,) = read_spans(archive).spans
    assert '{"api_key":"<secret-1>","to":"<email-1>"}' == kept.attributes["arguments"]
    assert {"email": 1, "secret": 1} == done.redacted


def test_a_file_is_read_from_where_the_last_import_ended(tmp_path, archive):
    file = write(tmp_path / "spans.jsonl", span(1), span(2))
    take(archive, file)
    with file.open("ab") as more:
        more.write(encode_json([span(3)]))
    done = take(archive, file)

    assert (1, 0) == (done.spans, done.repeated)
    assert 3 == len(read_spans(archive).spans)


def test_a_log_that_was_rotated_and_compressed_is_known_again(tmp_path, archive):
    file = write(tmp_path / "spans.jsonl", span(1), span(2))
    take(archive, file)
    (tmp_path / "spans.1.jsonl.gz").write_bytes(gzip.compress(file.read_bytes() + encode_json([span(3)])))
    write(file, span(4))
    done = take(archive, tmp_path / "spans.1.jsonl.gz", file)

    assert (2, 0) == (done.spans, done.repeated)
    assert 4 == len(read_spans(archive).spans)


def test_another_file_that_begins_alike_is_read_from_its_start(tmp_path, archive):
    take(archive, write(tmp_path / "one.jsonl", span(1), span(2)))
    done = take(archive, write(tmp_path / "other.jsonl", span(1), span(3), span(4)))

    assert (2, 1) == (done.spans, done.repeated)


def test_spans_are_kept_once_without_the_cursor_too(tmp_path, archive):
    file = write(tmp_path / "spans.jsonl", span(1), span(1), span(2))
    take(archive, file)
    archive.with_suffix(".cursor.json").write_text("broken")
    done = take(archive, file)

    assert (0, 3) == (done.spans, done.repeated)
    assert 2 == len(read_spans(archive).spans)


def test_a_line_that_is_still_being_written_is_taken_when_it_is_whole(tmp_path, archive):
    line = encode_json([span(2)])
    file = write(tmp_path / "spans.jsonl", span(1))
    with file.open("ab") as more:
        more.write(line[:40])
    take(archive, file)
    with file.open("ab") as more:
        more.write(line[40:])
    take(archive, file)

    assert {f"{1:016x}", f"{2:016x}"} == {one.span_id for one in read_spans(archive).spans}


def test_an_import_that_died_in_the_middle_of_a_line_is_made_up_for(tmp_path, archive):
    file = write(tmp_path / "spans.jsonl", span(1), span(2))
    archive.write_bytes(encode_json([span(1)]) + encode_json([span(2)])[:50])
    done = take(archive, file)

    assert (1, 1) == (done.spans, done.repeated)
    assert {f"{1:016x}", f"{2:016x}"} == {one.span_id for one in read_spans(archive).spans}


def test_events_of_the_log_are_kept_once_and_laid_on_their_spans(tmp_path, archive):
    one = span(1)
    said = LoggedEvent(
        name="gen_ai.evaluation.result",
        trace_id=one.trace_id,
        span_id=one.span_id,
        time=1.0,
        attributes={"to": "a@x.org"},
    )
    file = tmp_path / "spans.jsonl"
    file.write_bytes(encode_json([one]) + encode_logs_json([said, said]))
    take(archive, file)
    archive.with_suffix(".cursor.json").unlink()
    take(archive, file)

    (kept,) = read_spans(archive).spans
    assert [{"to": "<email-1>"}] == [event.attributes for event in kept.events]


def test_later_spans_of_a_trace_get_placeholders_of_their_own(tmp_path, archive):
    take(archive, write(tmp_path / "one.jsonl", span(1, said="a@x.org")))
    take(archive, write(tmp_path / "two.jsonl", span(2, said="b@x.org")))

    assert ["<email-1>", "<email-2>"] == [one.attributes["said"] for one in read_spans(archive).spans]


def test_bad_lines_and_bad_files_are_told_and_stop_nothing(tmp_path, archive):
    bad = tmp_path / "bad.jsonl"
    bad.write_bytes(encode_json([span(1)]) + b"{not json\n" + encode_json([span(2)]))
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(encode_json([span(number) for number in range(3, 400)]))[:-20])
    done = take(archive, tmp_path / "none.jsonl", cut, bad)

    assert 2 == done.spans
    assert 2 == len(done.unread)
    assert "line 2" in done.diagnoses[0]


def test_protobuf_is_imported_whole(archive):
    done = take(archive, FOLDER / "pydantic_ai_v6.orders.pb")

    assert len(read_spans(FOLDER / "pydantic_ai_v6.orders.pb").spans) == done.spans


def test_two_imports_at_a_time_are_refused(archive):
    with Archive(archive, None), pytest.raises(StoreError, match="another import"), Archive(archive, None):
        pass


def test_a_cursor_that_cannot_be_written_is_the_stores_fault_and_not_the_files(tmp_path, archive):
    archive.with_suffix(".cursor.part").mkdir()

    with pytest.raises(StoreError, match="cannot be written"):
        take(archive, write(tmp_path / "spans.jsonl", span(1)))


def test_only_its_owner_can_read_what_was_imported(tmp_path, archive):
    take(archive, write(tmp_path / "spans.jsonl", span(1)))

    assert {0o600} == {path.stat().st_mode & 0o777 for path in tmp_path.glob("store.*")}


def test_without_a_redactor_everything_stays(tmp_path, archive):
    with Archive(archive, None) as opened:
        import_files([write(tmp_path / "spans.jsonl", span(1, said="a@x.org"))], opened)

    assert "a@x.org" == read_spans(archive).spans[0].attributes["said"]


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(1, 12), max_size=6), max_size=5))
def test_whatever_comes_again_in_whatever_order_every_span_is_kept_once(batches):
    folder = Path(mkdtemp())
    try:
        for number, batch in enumerate(batches):
            file = write(folder / f"{number}.jsonl", *(span(one, trace=1 + one % 3) for one in batch))
            take(folder / "store.traces.jsonl", file, file)
        kept = read_spans(folder / "store.traces.jsonl").spans if batches else ()
        assert sorted({f"{one:016x}" for batch in batches for one in batch}) == sorted(one.span_id for one in kept)
    finally:
        shutil.rmtree(folder)


def test_the_archive_is_otlp_json_lines(tmp_path, archive):
    take(archive, write(tmp_path / "spans.jsonl", span(1)))

    assert [{"resourceSpans"}] == [json.loads(line).keys() for line in archive.read_text().splitlines()]


def judging(one: Span, score: float, explanation: str = "") -> Span:
    said = {"gen_ai.evaluation.name": "thumb", "gen_ai.evaluation.score.value": score}
    told = said | ({"gen_ai.evaluation.explanation": explanation} if explanation else {})
    return replace(one, events=(SpanEvent(name="gen_ai.evaluation.result", time=one.ended, attributes=told),))


async def yielding(*spans: Span):
    for one in spans:
        yield one


async def fetch(archive: Path, *spans: Span) -> Archive:
    with Archive(archive, Redactor()) as opened:
        await import_spans(yielding(*spans), opened)
    return opened


async def test_what_a_backend_yields_is_imported_once_and_redacted(archive):
    first = await fetch(archive, span(1, prompt="I am ada@x.org"), span(2))
    again = await fetch(archive, span(1, prompt="I am ada@x.org"), span(2), span(3))

    assert (2, 0, 1, 2) == (first.spans, first.repeated, again.spans, again.repeated)
    assert "ada@x.org" not in archive.read_text()


async def test_a_judgement_that_came_after_its_span_was_imported_is_not_passed_over(archive):
    await fetch(archive, span(1), judging(span(2), 1.0))
    late = await fetch(archive, judging(span(1), 0.0, "rude to ada@x.org"), judging(span(2), 1.0))
    again = await fetch(archive, judging(span(1), 0.0, "rude to ada@x.org"), judging(span(2), 1.0))

    assert (0, 1) == (late.spans, late.judgements)
    assert (0, 0) == (again.spans, again.judgements)
    trace = folded(read_spans(archive).spans)[0]
    told = {(each.span_id, each.value, each.explanation) for each in trace.evaluations}
    assert {(f"{1:016x}", 0.0, "rude to <email-1>"), (f"{2:016x}", 1.0, "")} == told


async def test_what_came_before_a_backend_failed_stays(archive):
    async def failing():
        yield span(1)
        raise UsageError("the backend is gone", "Start it")

    with Archive(archive, Redactor()) as opened, pytest.raises(UsageError, match="the backend is gone"):
        await import_spans(failing(), opened)

    assert 1 == len(read_spans(archive).spans)
