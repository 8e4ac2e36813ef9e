"""What is kept comes back as it was: every kind of event, any trace, any reflection."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from store_samples import rollout, trace
from store_strategies import EVENT_KINDS, TEXT, conversations, events, records_of

from spanwright.core.events import Event, Judged, RolloutEnded
from spanwright.core.proposal import Reflection
from spanwright.core.rollout import Rollout
from spanwright.core.score import Score
from spanwright.core.trace import Attribute, Span, Trace
from spanwright.store import SqliteStore

WITHOUT_A_DISK = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - hundreds of examples, each with commits
unhurried = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def in_a_new_store(story: Callable[[SqliteStore], Coroutine[None, None, None]]) -> None:
    with tempfile.TemporaryDirectory(dir=WITHOUT_A_DISK) as folder:
        asyncio.run(story(SqliteStore(Path(folder) / "runs.sqlite")))


@pytest.mark.parametrize("kind", EVENT_KINDS, ids=lambda kind: kind.__name__)
def test_an_event_of_any_kind_comes_back_equal(kind: type):
    @settings(unhurried, max_examples=10)
    @given(records_of(kind))
    def comes_back(event: Event) -> None:
        assert [event] == told_and_read([event])

    comes_back()


@unhurried
@given(st.lists(events, max_size=8))
def test_any_history_comes_back_equal(told: list[Event]):
    assert told == told_and_read(told)


def told_and_read(told: list[Event]) -> list[Event]:
    read: list[Event] = []

    async def story(store: SqliteStore) -> None:
        async with store.run("monday") as journal:
            for event in told:
                journal.append(event)
        read.extend(store.reader.events("monday"))

    in_a_new_store(story)
    return read


@settings(unhurried, max_examples=10)
@given(records_of(Judged))
def test_a_candidate_comes_back_with_its_texts_not_only_its_id(told: Judged):
    (read,) = told_and_read([told])

    assert isinstance(read, Judged)
    assert (told.child.id, dict(told.child.texts)) == (read.child.id, dict(read.child.texts))


@pytest.mark.parametrize("figure", [float("inf"), float("-inf"), 1e308, 5e-324, -0.0])
def test_a_figure_of_an_evaluator_comes_back_however_odd(figure: float):
    score = Score(value=0.0, objectives={"Latency": figure})
    told = RolloutEnded(rollout=Rollout(number=1, key=rollout().key, purpose=rollout().purpose, score=score))

    assert [told] == told_and_read([told])


def test_a_figure_that_is_no_number_does_not_make_the_run_unreadable():
    score = Score(value=0.0, objectives={"Latency": float("nan")})
    told = RolloutEnded(rollout=Rollout(number=1, key=rollout().key, purpose=rollout().purpose, score=score))
    (read,) = told_and_read([told])

    assert isinstance(read, RolloutEnded)
    assert read.rollout.score is not None
    assert "nan" == str(read.rollout.score.objectives["Latency"])


@unhurried
@given(conversations(), records_of(Rollout), TEXT)
@example(trace(), rollout(), "")
@example(Trace(), rollout(), "\ud83d")
def test_any_evidence_comes_back_equal(told: Trace, of: Rollout, output: str):
    async def story(store: SqliteStore) -> None:
        number = of.number % 2**62
        numbered = Rollout(number=number, key=of.key, purpose=of.purpose, score=of.score, failure=of.failure)
        async with store.run("monday") as journal:
            journal.keep_trace(numbered, told, output)
            observed = journal.observed(number)

        assert observed is not None
        assert (numbered, told, output) == (observed.rollout, observed.trace, observed.output)

    in_a_new_store(story)


@unhurried
@given(records_of(Reflection))
def test_any_reflection_comes_back_equal(told: Reflection):
    async def story(store: SqliteStore) -> None:
        async with store.run("monday") as journal:
            journal.keep_reflection(1, told)

        assert told == store.reader.reflection("monday", 1)

    in_a_new_store(story)


@pytest.mark.parametrize("value", [True, 1, 1.0, (True, False), (1, 0), (1.5, 2.0), ("1",), float("inf"), 2**70])
def test_an_attribute_of_a_span_keeps_its_type(value: Attribute):
    span = Span(trace_id="a", span_id="b", name="query", started=0.0, ended=1.0, attributes={"rows": value})

    async def story(store: SqliteStore) -> None:
        async with store.run("monday") as journal:
            journal.keep_trace(rollout(1), Trace(spans=(span,)), "")
        (read,) = store.reader.trace("monday", 1).trace.spans

        assert repr(value) == repr(read.attributes["rows"])

    in_a_new_store(story)


def test_messages_that_calls_repeat_are_one_object_again():
    async def story(store: SqliteStore) -> None:
        async with store.run("monday") as journal:
            journal.keep_trace(rollout(1), trace(turns=3), "")
        first, second, _ = store.reader.trace("monday", 1).trace.model_calls

        assert first.messages[0] is second.messages[0]
        assert first.answer is second.messages[1]
        assert first.tools[0] is second.tools[0]

    in_a_new_store(story)


def test_a_conversation_of_twice_the_turns_takes_about_twice_the_room(tmp_path: Path):
    async def size_of(turns: int) -> int:
        store = SqliteStore(tmp_path / f"{turns}.sqlite")
        async with store.run("monday") as journal:
            journal.keep_trace(rollout(1), trace(turns=turns, words=100), "")
        return store.path.stat().st_size

    short, long = (asyncio.run(size_of(turns)) for turns in (50, 100))

    assert long < 2.2 * short


def test_the_same_texts_of_many_rollouts_are_kept_once(tmp_path: Path):
    async def size_of(rollouts: int) -> int:
        store = SqliteStore(tmp_path / f"{rollouts}.sqlite")
        async with store.run("monday") as journal:
            for number in range(rollouts):
                journal.keep_trace(rollout(number), trace(turns=40), "")
        return store.path.stat().st_size

    one, ten = (asyncio.run(size_of(rollouts)) for rollouts in (1, 10))

    assert ten < 2 * one
