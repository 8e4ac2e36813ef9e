"""Files that earlier versions wrote, made with their own code (`fixtures/older_run.py`): read, finished, checked."""

import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest

from spanwright import Run, optimize
from spanwright.core.annotation import Annotation
from spanwright.core.events import RolloutEnded
from spanwright.errors import RunMismatch
from spanwright.store import SqliteStore, check, schema

FIXTURES = Path(__file__).with_name("fixtures")
sys.path.insert(0, str(FIXTURES))

import older_run  # noqa: E402  # pyright: ignore[reportMissingImports]


@pytest.fixture(params=sorted(FIXTURES.glob("*.sql")), ids=lambda path: path.stem)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> SqliteStore:
    path = tmp_path / "store.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(request.param.read_text())
    return SqliteStore(path)


def version(store: SqliteStore) -> int:
    with closing(sqlite3.connect(store.path)) as connection:
        return schema.version_of(connection)


def test_every_version_before_ours_has_a_file():
    versions = {int(path.name[1 : path.name.index("-")]) for path in FIXTURES.glob("*.sql")}

    assert set(range(1, len(schema.MIGRATIONS))) == versions
    assert len(schema.MIGRATIONS) == len(schema.LENSES)


def test_an_older_file_is_read_and_checked_as_it_is(store: SqliteStore):
    store.path.chmod(0o400)
    before = store.path.read_bytes()
    found = check(store.path)
    (summary,) = store.reader.runs()
    events = store.reader.events(older_run.NAME)
    ended = [event.rollout.number for event in events if isinstance(event, RolloutEnded)]
    seen = [store.reader.trace(older_run.NAME, number) for number in ended]

    assert found.ok, (found.faults, found.runs)
    assert 14 <= len(ended) <= summary.rollouts
    assert all(each.trace.model_calls and each.output for each in seen)
    assert "They want capitals." == store.reader.reflection(older_run.NAME, 1).answer
    assert before == store.path.read_bytes()
    assert 0o400 == stat.S_IMODE(store.path.stat().st_mode)


async def test_an_older_file_has_no_annotations_until_somebody_writes_one(store: SqliteStore):
    assert () == store.reader.annotations(older_run.NAME)
    store.annotate(older_run.NAME, Annotation(rollout=1, text="It never asked.", at=7.0))

    assert ["It never asked."] == [each.text for each in store.reader.annotations(older_run.NAME)]


async def test_a_run_that_an_older_version_began_is_finished_by_this_one_or_told_why_not(store: SqliteStore):
    # Who searches otherwise must not go on with a run as if nothing were: that is told, and nothing is lost.
    before = list(store.reader.events(older_run.NAME))
    try:
        result = await optimize(
            older_run.shout(),
            older_run.words(),
            reflection_model=older_run.Capitals(),
            budget=older_run.BUDGET,
            store=store,
            run=Run(name=older_run.NAME, progress=False),
        )
    except RunMismatch as mismatch:
        (difference,) = mismatch.differences
        assert difference.startswith("policy was ")
    else:
        assert result.complete
        assert result.rollouts <= 40
    after = list(store.reader.events(older_run.NAME))

    assert before == after[: len(before)]
    assert len(schema.MIGRATIONS) == version(store)
    assert check(store.path).ok
