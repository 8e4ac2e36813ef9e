"""The file itself: who may read it, what is refused, how an older one becomes a current one."""

import json
import sqlite3
import stat
import tempfile
import zlib
from collections.abc import AsyncGenerator
from contextlib import closing
from dataclasses import MISSING, fields, replace
from pathlib import Path

import pytest
from store_children import child, visit_as_nobody
from store_samples import begun, rollout, trace

from spanwright.core.trace import AgentRun, Evaluation, ModelCall, Span, SpanEvent, ToolCall, Trace
from spanwright.errors import StoreError, UsageError
from spanwright.store import MemoryStore, SqliteReader, SqliteStore, schema
from spanwright.store.filesystem import is_shared_over_network


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    return SqliteStore(tmp_path / "runs.sqlite")


async def keep_something(store: SqliteStore) -> None:
    async with store.run("monday") as journal:
        journal.append(begun())
        journal.keep_trace(rollout(1), trace(), "Refunded.")


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


async def test_the_files_and_their_folder_are_their_owner_s_alone(tmp_path: Path):
    store = SqliteStore(tmp_path / "memory" / "runs.sqlite")
    async with store.run("monday") as journal:
        journal.append(begun())
        await journal.durable()
        modes = {entry.suffix: stat.S_IMODE(entry.stat().st_mode) for entry in store.path.parent.iterdir()}

        assert 0o700 == stat.S_IMODE(store.path.parent.stat().st_mode)
        assert {".sqlite": 0o600, ".sqlite-wal": 0o600, ".sqlite-shm": 0o600, ".lock": 0o600} == modes


async def test_a_run_that_was_left_leaves_one_file(store: SqliteStore):
    await keep_something(store)

    assert [store.path] == list(store.path.parent.iterdir())


async def test_every_commit_reaches_the_disk(store: SqliteStore):
    await keep_something(store)
    with closing(sqlite3.connect(store.path)) as connection:
        mode = connection.execute("PRAGMA journal_mode").fetchone()

    assert ("wal",) == mode


async def test_making_a_store_and_asking_for_its_reader_touches_nothing(store: SqliteStore):
    assert store.reader is not None
    assert [] == list(store.path.parent.iterdir())


def test_reading_a_store_that_is_not_there_is_an_error(store: SqliteStore):
    with pytest.raises(StoreError, match="no such file"):
        store.reader.runs()


def test_a_store_in_memory_is_another_class():
    with pytest.raises(UsageError, match=r"MemoryStore\(\)"):
        SqliteStore(":memory:")


async def test_somebody_else_s_database_is_refused_and_left_as_it_is(store: SqliteStore):
    change(store.path, "CREATE TABLE customers (name TEXT)")
    before = store.path.read_bytes()

    with pytest.raises(StoreError, match="not a store of Spanwright"):
        await keep_something(store)
    with pytest.raises(StoreError, match="not a store of Spanwright"):
        store.reader.runs()
    assert before == store.path.read_bytes()


async def test_a_file_that_is_no_database_is_refused(store: SqliteStore):
    store.path.write_text("name: monday\n" * 200)

    with pytest.raises(StoreError, match="not a database"):
        await keep_something(store)
    with pytest.raises(StoreError, match="not a database"):
        store.reader.runs()


async def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path):
    with pytest.raises(StoreError, match="unable to open"):
        await keep_something(SqliteStore(tmp_path))


async def test_a_file_of_a_newer_version_is_refused(store: SqliteStore):
    await keep_something(store)
    change(store.path, "UPDATE meta SET value = '3' WHERE key = 'schema_version'")

    with pytest.raises(StoreError, match="its schema has version 3, this Spanwright knows versions up to 2"):
        await keep_something(store)
    with pytest.raises(StoreError, match="its schema has version 3"):
        store.reader.runs()


async def test_an_empty_file_becomes_a_store_when_a_run_is_opened(store: SqliteStore):
    store.path.touch()

    with pytest.raises(StoreError, match="it becomes a store then"):
        store.reader.runs()
    await keep_something(store)
    assert ["monday"] == [one.name for one in store.reader.runs()]


NEXT = ("ALTER TABLE runs ADD COLUMN note TEXT NOT NULL DEFAULT 'old'",)


@pytest.fixture
async def old(store: SqliteStore) -> AsyncGenerator[sqlite3.Connection, None]:
    await keep_something(store)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as connection:
        yield connection


async def test_an_older_file_is_migrated_with_what_it_holds(old: sqlite3.Connection):
    schema.migrate(old, (*schema.MIGRATIONS, NEXT))

    assert [("monday", "old")] == old.execute("SELECT name, note FROM runs").fetchall()
    assert len(schema.MIGRATIONS) + 1 == schema.version_of(old)


NEWER = {
    "service", "response_model", "response_id", "prompt", "cached_tokens", "components", "without_content",
    "evaluations", "repeated", "doubled",
}  # fmt: skip
"""What traces tell today and did not tell at first."""


def without(names: set[str], value: object) -> object:
    match value:
        case dict():
            return {key: without(names, inner) for key, inner in value.items() if key not in names}
        case list():
            return [without(names, inner) for inner in value]
        case _:
            return value


async def test_a_trace_that_an_older_spanwright_kept_is_read_with_the_defaults_of_what_came_since(store: SqliteStore):
    span = Span(trace_id="a" * 32, span_id="b" * 16, name="chat", started=1.0, ended=2.0)
    told = replace(trace(), spans=(span,))
    async with store.run("monday") as journal:
        journal.keep_trace(rollout(1), told, "Refunded.")
    with closing(sqlite3.connect(store.path, isolation_level=None)) as connection:
        (body,) = connection.execute("SELECT body FROM rollouts").fetchone()
        today = json.loads(zlib.decompress(body))
        older = json.dumps(without(NEWER, today)).encode()
        connection.execute("UPDATE rollouts SET body = ?", (zlib.compress(older),))

    assert all(f'"{name}"' in json.dumps(today) and f'"{name}"'.encode() not in older for name in NEWER)
    assert told == store.reader.trace("monday", 1).trace


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Trace, set[str]()),
        (Span, {"trace_id", "span_id", "name", "started", "ended"}),
        (SpanEvent, {"name", "time"}),
        (AgentRun, {"span_id", "name"}),
        (ModelCall, {"span_id"}),
        (ToolCall, {"span_id", "name"}),
        (Evaluation, {"span_id", "name"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_no_field_of_a_trace_is_required_that_older_files_lack(kind: type, expected: set[str]):
    bare = {each.name for each in fields(kind) if each.default is MISSING and each.default_factory is MISSING}

    assert expected == bare, "a new field of what is kept needs a default: files of before have no value for it"


async def test_a_file_is_migrated_once(old: sqlite3.Connection):
    steps = (*schema.MIGRATIONS, NEXT)
    schema.migrate(old, steps)
    schema.migrate(old, steps)

    assert len(steps) == schema.version_of(old)


async def test_a_migration_that_fails_leaves_the_file_as_it_was(old: sqlite3.Connection):
    before = old.execute("SELECT sql FROM sqlite_schema").fetchall()

    with pytest.raises(sqlite3.OperationalError):
        schema.migrate(old, (*schema.MIGRATIONS, NEXT, ("DROP TABLE nowhere",)))
    assert len(schema.MIGRATIONS) == schema.version_of(old)
    assert before == old.execute("SELECT sql FROM sqlite_schema").fetchall()


async def test_a_text_that_was_changed_on_disk_is_not_passed_off_as_what_was_written(store: SqliteStore):
    await keep_something(store)
    change(store.path, "UPDATE blobs SET body = (SELECT body FROM blobs ORDER BY hash LIMIT 1)")

    with pytest.raises(StoreError, match="is not what was written"):
        store.reader.trace("monday", 1)


async def test_a_text_that_is_lost_is_told(store: SqliteStore):
    await keep_something(store)
    change(store.path, "DELETE FROM blobs")

    with pytest.raises(StoreError, match="is missing"):
        store.reader.trace("monday", 1)


async def test_bytes_that_are_no_compressed_text_are_told(store: SqliteStore):
    await keep_something(store)
    change(store.path, "UPDATE rollouts SET body = x'00'")

    with pytest.raises(StoreError, match="reading rollout 1 of run 'monday'"):
        store.reader.trace("monday", 1)


async def test_an_event_of_an_unknown_kind_is_told(store: SqliteStore):
    await keep_something(store)
    change(store.path, """UPDATE events SET json = '{"kind": "from_the_future"}', crc = NULL""")

    with pytest.raises(StoreError, match="this Spanwright cannot read"):
        list(store.reader.events("monday"))


async def test_who_may_only_read_can_read_and_is_told_that_writing_fails():
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders cannot be entered by others
        store = SqliteStore(Path(folder) / "runs.sqlite")
        await keep_something(store)
        store.path.chmod(0o444)
        store.path.parent.chmod(0o555)
        with child(visit_as_nobody, store.path) as (_, tell):
            seen, (kind, message) = tell.recv(), tell.recv()
        store.path.parent.chmod(0o700)

        assert ["monday"] == seen
        assert StoreError is kind
        assert "Permission denied" in message


async def test_a_file_that_may_not_be_written_is_told_when_a_run_is_opened():
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "runs.sqlite")
        await keep_something(store)
        store.path.chmod(0o444)
        store.path.parent.chmod(0o777)
        with child(visit_as_nobody, store.path, run="tuesday") as (_, tell):
            seen, (kind, message) = tell.recv(), tell.recv()

        assert ["monday"] == seen
        assert StoreError is kind
        assert "readonly database" in message


@pytest.mark.parametrize(
    ("folder", "expected"),
    [("/", False), ("/srv/ada", False), ("/mnt/team", True), ("/mnt/team/runs/x", True), ("/mnt/my disk/runs", True)],
)
def test_a_folder_on_a_network_is_told_by_the_nearest_mount(tmp_path: Path, folder: str, expected: bool):
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/vda / ext4 rw 0 0\n"
        "server:/team /mnt/team nfs4 rw 0 0\n"
        "//server/disk /mnt/my\\040disk cifs rw 0 0\n"
        "broken\n"
    )

    assert expected == is_shared_over_network(Path(folder), mounts)


def test_a_system_without_a_list_of_mounts_has_no_network_folders(tmp_path: Path):
    assert not is_shared_over_network(tmp_path, tmp_path / "absent")


async def test_a_store_on_a_network_does_without_the_log_in_shared_memory(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("spanwright.store.database.is_shared_over_network", lambda path: True)
    await keep_something(store)
    with closing(sqlite3.connect(store.path)) as connection:
        mode = connection.execute("PRAGMA journal_mode").fetchone()

    assert ("delete",) == mode
    assert [begun()] == list(store.reader.events("monday"))


async def test_a_log_that_a_killed_process_left_is_read(store: SqliteStore, tmp_path: Path):
    copy = tmp_path / "copy"
    copy.mkdir()
    async with store.run("monday") as journal:
        journal.append(begun())
        await journal.durable()
        for entry in store.path.parent.glob("runs.sqlite*"):
            (copy / entry.name).write_bytes(entry.read_bytes())

    assert [begun()] == list(SqliteReader(copy / store.path.name).events("monday"))


async def test_stores_say_the_same_of_the_same_run(store: SqliteStore):
    memory = MemoryStore()
    for one in (store, memory):
        async with one.run("monday") as journal:
            journal.append(begun())

    assert store.reader.runs() == memory.reader.runs()
