import json
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

STORE = Path(".spanwright") / "store.sqlite"


def test_a_healthy_store_is_all_well(optimized, spanwright):
    checked = spanwright("store", "check")

    assert 0 == checked.exit_code
    assert "first: " in checked.stdout
    assert checked.stdout.endswith("All is well.\n")


def test_what_is_damaged_is_said_with_what_to_do_and_the_exit_code_tells(optimized, spanwright):
    raw = STORE.read_bytes()
    STORE.write_bytes(raw.replace(b'"value":1.0', b'"value":0.9', 1))
    checked = spanwright("store", "check", "--json")
    said = spanwright("store", "check")

    assert 1 == checked.exit_code == said.exit_code
    assert "is not what was written" in json.loads(checked.stdout)["runs"][0]["faults"][0]
    assert "DAMAGED" in said.stdout
    assert "spanwright store export RUN --out FILE" in said.stdout


def test_a_run_is_exported_for_its_owner_alone(optimized, spanwright):
    exported = spanwright("store", "export", "first", "--out", "first.jsonl")
    lines = [json.loads(line) for line in Path("first.jsonl").read_text().splitlines()]

    assert 0 == exported.exit_code, exported.stderr
    assert {"schema": "spanwright.run/1", "run": "first"} == lines[0]
    assert "run_started" == lines[1]["value"]["kind"]
    assert "run_ended" == [line for line in lines if "event" in line][-1]["value"]["kind"]
    assert any("rollout" in line for line in lines)
    assert 0o600 == stat.S_IMODE(Path("first.jsonl").stat().st_mode)


def test_a_damaged_run_is_exported_as_far_as_it_can_be_read(optimized, spanwright):
    raw = STORE.read_bytes()
    STORE.write_bytes(raw.replace(b'"value":1.0', b'"value":0.9', 1))
    exported = spanwright("store", "export", "first", "--out", "first.jsonl")

    assert 1 == exported.exit_code
    assert "1 records could not be read: event " in exported.stderr
    assert 1 == sum("missing" in json.loads(line) for line in Path("first.jsonl").read_text().splitlines())


def test_a_run_is_forgotten_with_the_file_that_says_how_it_was_started(optimized, spanwright):
    before = STORE.stat().st_size
    compacted = spanwright("store", "compact", "--forget", "first")

    assert 0 == compacted.exit_code, compacted.stderr
    assert STORE.stat().st_size < before
    assert [STORE.name] == [entry.name for entry in STORE.parent.iterdir()]
    assert "No runs in" in spanwright("runs").stdout


def test_a_store_that_is_not_there_is_told(folder, spanwright):
    for command in (("check",), ("compact",), ("export", "first", "--out", "first.jsonl")):
        told = spanwright("store", *command)

        assert 1 == told.exit_code
        assert "there is no" in told.stderr
        assert not STORE.exists()


def test_a_store_of_before_checksums_is_read_by_every_command_that_looks(folder, spanwright):
    fixture = Path(__file__).parents[1] / "store" / "fixtures" / "v1-2026-11-20-dc07b4d.sql"
    STORE.parent.mkdir()
    with closing(sqlite3.connect(STORE)) as connection:
        connection.executescript(fixture.read_text())
    STORE.chmod(0o600)

    for command in (("runs",), ("show", "older"), ("traces", "list", "older"), ("store", "check")):
        assert 0 == spanwright(*command).exit_code
    assert "schema version 1" in spanwright("store", "check").stdout


def test_a_file_that_others_can_read_is_noted(optimized, spanwright):
    STORE.chmod(0o644)

    assert "can be read by others than its owner: chmod 600" in spanwright("store", "check").stdout
