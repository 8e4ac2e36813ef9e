"""Real damage to real files: pages, bits, torn logs, clocks. What is lost is named, and all the rest still comes."""

import json
import random
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from store_children import child, hold
from store_samples import SEED, attempt, begun, reflection, resumed, rollout, rollout_events, trace

from spanwright.core.events import RolloutEnded, RolloutStarted, RunEnded, StopReason
from spanwright.core.usage import Usage
from spanwright.errors import StoreError, UsageError
from spanwright.store import SqliteStore, audited, check, compact, export

PAGE = 4096
ROLLOUTS = 60


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed file: a run `monday` of many pages, and a small one."""

    async def write(store: SqliteStore) -> None:
        async with store.run("monday") as journal:
            journal.append(begun())
            for number in range(1, ROLLOUTS + 1):
                for event in unlike(number):
                    journal.append(event)
                journal.keep_trace(rollout(number), trace(turns=3), f"output {number}" * 40)
            journal.keep_reflection(1, reflection())
        async with store.run("tuesday") as journal:
            journal.append(begun("tuesday"))

    path = tmp_path_factory.mktemp("written") / "runs.sqlite"
    anyio.run(write, SqliteStore(path))
    return path


@pytest.fixture
def store(written: Path, tmp_path: Path) -> SqliteStore:
    """A copy of it, to be damaged."""
    shutil.copy(written, tmp_path)
    return SqliteStore(tmp_path / written.name)


def unlike(number: int) -> Iterator[RolloutStarted | RolloutEnded]:
    """Yield the events of a rollout of a cell of its own."""
    for event in rollout_events(number):
        if isinstance(event, RolloutEnded):
            key = replace(event.rollout.key, case=f"t{number}")
            yield RolloutEnded(rollout=replace(event.rollout, key=key))
        elif isinstance(event, RolloutStarted):
            yield replace(event, key=replace(event.key, case=f"t{number}"))


def pages_of(path: Path, table: str) -> list[int]:
    """Return the leaf pages of a table, numbered from 1."""
    with closing(sqlite3.connect(path)) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0]
    raw = path.read_bytes()

    def below(page: int) -> Iterator[int]:
        at = (page - 1) * PAGE
        if raw[at] == 0x0D:  # a leaf of a table
            yield page
        elif raw[at] == 0x05:
            cells = int.from_bytes(raw[at + 3 : at + 5])
            for cell in range(cells):
                offset = int.from_bytes(raw[at + 12 + 2 * cell : at + 14 + 2 * cell])
                yield from below(int.from_bytes(raw[at + offset : at + offset + 4]))
            yield from below(int.from_bytes(raw[at + 8 : at + 12]))

    return list(below(root))


def overwrite(path: Path, page: int) -> None:
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(random.Random(page).randbytes(PAGE))


def test_a_whole_store_is_all_well(store: SqliteStore):
    found = check(store.path)

    assert found.ok
    assert ["monday", "tuesday"] == [run.name for run in found.runs]
    assert (1 + 2 * ROLLOUTS, ROLLOUTS, 0) == (found.runs[0].events, found.runs[0].rollouts, found.runs[0].lost)
    assert () == found.notes


async def test_a_store_is_checked_while_it_is_written(store: SqliteStore):
    async with store.run("monday") as journal:
        journal.append(resumed())
        await journal.durable()

        assert check(store.path).ok


def test_a_damaged_page_of_events_is_told_with_what_to_do(store: SqliteStore):
    overwrite(store.path, pages_of(store.path, "events")[3])

    with pytest.raises(StoreError, match=r"reading the events of run 'monday'.*is damaged.*spanwright store check"):
        list(store.reader.events("monday"))


def test_of_a_store_with_a_damaged_page_all_other_records_are_saved(store: SqliteStore, tmp_path: Path):
    overwrite(store.path, pages_of(store.path, "events")[3])
    missing = export(store.path, "monday", tmp_path / "monday.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "monday.jsonl").read_text().splitlines()]
    events = [line["event"] for line in lines if "event" in line]
    lost = set(range(1, 2 + 2 * ROLLOUTS)) - set(events)

    assert 0 < len(lost) < 40
    assert len(missing) == len(lost)
    assert ROLLOUTS == sum("rollout" in line for line in lines)
    assert 1 == sum("reflection" in line for line in lines)
    assert {f"event {number}" for number in lost} == {said.partition(":")[0] for said in missing}


def test_a_check_names_the_damaged_rows_and_goes_on(store: SqliteStore):
    overwrite(store.path, pages_of(store.path, "events")[3])
    found = check(store.path)

    assert not found.ok
    assert any("SQLite says" in fault for fault in found.faults)
    assert any(fault.startswith("event ") for fault in found.runs[0].faults)
    assert () == found.runs[1].faults


def test_a_damaged_page_of_texts_is_told_of_the_rollouts_that_need_it(store: SqliteStore):
    overwrite(store.path, pages_of(store.path, "blobs")[-1])
    found = check(store.path)

    assert not found.ok
    assert any("the evidence of rollout" in fault for fault in found.runs[0].faults)


@pytest.mark.parametrize("page", range(1, 60, 7))
def test_whatever_page_is_damaged_the_error_is_ours(store: SqliteStore, page: int):
    pages = store.path.stat().st_size // PAGE
    overwrite(store.path, 1 + page % pages)
    try:
        found = check(store.path)
    except StoreError:
        return
    assert not found.ok


def test_a_file_that_was_cut_off_is_told(store: SqliteStore):
    with store.path.open("r+b") as file:
        file.truncate(store.path.stat().st_size // 2)

    with pytest.raises(StoreError, match="is damaged"):
        list(store.reader.events("monday"))


async def test_a_damaged_page_is_told_when_a_run_is_written_and_what_was_kept_stays(store: SqliteStore):
    overwrite(store.path, pages_of(store.path, "events")[-1])

    async def write() -> None:
        async with store.run("monday") as journal:
            for number in range(500):
                journal.append(attempt(number))
            await journal.durable()

    with pytest.raises(StoreError, match="is damaged"):
        await write()


def test_a_bit_that_flipped_is_not_read_as_another_score(store: SqliteStore):
    raw = store.path.read_bytes()
    assert 0 < raw.count(b'"value":0.5')
    store.path.write_bytes(raw.replace(b'"value":0.5', b'"value":0.9', 1))

    with pytest.raises(StoreError, match=r"event \d+ is not what was written"):
        list(store.reader.events("monday"))
    assert any("is not what was written" in fault for fault in check(store.path).runs[0].faults)


@pytest.mark.parametrize("kept", [0.0, 0.2, 0.5, 0.9, 0.999])
async def test_of_a_log_that_was_torn_all_whole_transactions_are_kept(tmp_path: Path, kept: float):
    store = SqliteStore(tmp_path / "runs.sqlite")
    torn = tmp_path / "torn"
    torn.mkdir()
    async with store.run("monday") as journal:
        for number in range(60):
            journal.append(attempt(number))
            await journal.durable()
        for name in ("runs.sqlite", "runs.sqlite-wal"):
            shutil.copy(tmp_path / name, torn)
    log = torn / "runs.sqlite-wal"
    with log.open("r+b") as file:
        file.truncate(int(log.stat().st_size * kept))
    again = SqliteStore(torn / "runs.sqlite")
    async with again.run("monday") as journal:
        seen = list(journal.events())
        journal.append(attempt(len(seen)))

    assert [attempt(number) for number in range(len(seen))] == seen
    assert len(seen) < 60
    assert check(again.path).ok


async def test_a_clock_that_jumps_loses_nothing_and_is_told(tmp_path: Path):
    store = SqliteStore(tmp_path / "runs.sqlite")
    async with store.run("monday") as journal:
        journal.append(begun(at=5_000.0))
        journal.append(resumed(at=5_000.0 + 86_400))
        journal.append(resumed(at=1_000.0))
        journal.append(resumed(at=1_001.0))
    (found,) = check(store.path).runs

    assert [5_000.0, 91_400.0, 1_000.0, 1_001.0] == [event.at for event in store.reader.events("monday")]
    assert () == found.faults
    assert ("the clock went back by 90400 s before event 3: the order still holds",) == found.notes


def test_accounts_that_cannot_be_are_told():
    intent, ended = unlike(1)
    assert isinstance(ended, RolloutEnded)
    again = RolloutEnded(rollout=replace(ended.rollout, number=2))
    told = RunEnded(reason=StopReason.BUDGET, winner=SEED.id, usage=Usage(rollouts=7), at=9.0)
    accounts = audited([begun(), intent, ended, ended, again, intent, told])

    assert [
        "rollout 1 was ended twice",
        f"{SEED.id} on 't1', repeat 0 was scored twice",
        "rollout 2 ended in a process that had not begun it",
        f"{SEED.id} on 't1', repeat 0 was scored twice",
        "rollout 1 was begun twice",
        "the end tells of 7 rollouts, its parts add up to 0",
    ] == accounts.faults


def test_a_rollout_of_a_dead_process_cannot_end_in_the_next_one():
    intent, ended = unlike(1)

    assert ["rollout 1 ended in a process that had not begun it"] == audited([begun(), intent, resumed(), ended]).faults


async def test_compacting_forgets_a_run_and_gives_its_room_back(store: SqliteStore):
    before = store.path.stat().st_size
    done = await compact(store.path, ["monday"])

    assert (before, store.path.stat().st_size) == (done.before, done.after)
    assert done.after < before / 2
    assert done.texts > ROLLOUTS
    assert ["tuesday"] == [run.name for run in store.reader.runs()]
    assert check(store.path).ok
    assert 0 == check(store.path).spare
    assert 0o600 == stat.S_IMODE(store.path.stat().st_mode)


async def test_compacting_keeps_every_text_that_somebody_needs(store: SqliteStore):
    before = [store.reader.trace("monday", number) for number in range(1, ROLLOUTS + 1)]
    done = await compact(store.path)

    assert 0 == done.texts
    assert before == [store.reader.trace("monday", number) for number in range(1, ROLLOUTS + 1)]
    assert reflection() == store.reader.reflection("monday", 1)


async def test_a_store_with_an_open_run_is_not_compacted(store: SqliteStore):
    with child(hold, store.path) as (_, tell):
        tell.recv()
        with pytest.raises(StoreError, match="run 'monday' is open"):
            await compact(store.path, ["tuesday"])

    assert ["monday", "tuesday"] == [run.name for run in store.reader.runs()]


async def test_a_damaged_store_is_not_compacted(store: SqliteStore):
    overwrite(store.path, pages_of(store.path, "rollouts")[1])
    before = store.path.read_bytes()

    with pytest.raises(StoreError, match="compacting"):
        await compact(store.path)
    assert before == store.path.read_bytes()


async def test_a_run_that_is_not_there_cannot_be_forgotten(store: SqliteStore):
    with pytest.raises(UsageError, match="there is no run 'sunday'"):
        await compact(store.path, ["monday", "sunday"])
    assert ["monday", "tuesday"] == [run.name for run in store.reader.runs()]


def test_an_export_is_private_and_overwrites_nothing(store: SqliteStore, tmp_path: Path):
    out = tmp_path / "monday.jsonl"

    assert () == export(store.path, "monday", out)
    assert 0o600 == stat.S_IMODE(out.stat().st_mode)
    with pytest.raises(StoreError, match="is there already"):
        export(store.path, "monday", out)
