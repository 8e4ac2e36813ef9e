"""What every store must do. A store's own tests inherit this class and give it a fixture named `store`."""

import contextlib

import pytest
from store_samples import (
    CHILD,
    SEED,
    attempt,
    begun,
    endings,
    judged,
    reflection_started,
    resumed,
    rollout,
    rollout_events,
    trace,
)

from spanwright.core.annotation import LONGEST, Annotation
from spanwright.core.events import StopReason
from spanwright.core.proposal import Proposal, Reflection, Refusal, RefusalReason
from spanwright.core.rollout import Observed
from spanwright.core.usage import Budget, Usage
from spanwright.errors import StoreError, UsageError
from spanwright.store import RunSummary, Status, Store


class StoreConformance:
    @pytest.fixture
    def store(self) -> Store:
        raise NotImplementedError("return the store to test, empty")

    async def test_events_come_back_in_the_order_of_their_appending(self, store: Store):
        told = [begun(), attempt(1), *rollout_events(), judged(accepted=True), *endings()]
        async with store.run("monday") as journal:
            for event in told:
                journal.append(event)
            await journal.durable()

            assert told == list(journal.events())
        assert told == list(store.reader.events("monday"))

    async def test_the_journal_shows_events_that_are_not_durable_yet(self, store: Store):
        async with store.run("monday") as journal:
            journal.append(begun())

            assert [begun()] == list(journal.events())

    async def test_a_reopened_run_goes_on_after_the_events_of_its_earlier_processes(self, store: Store):
        async with store.run("monday") as journal:
            journal.append(begun())
        async with store.run("monday") as journal:
            journal.append(resumed())
        async with store.run("monday") as journal:
            journal.append(attempt(1))

            assert [begun(), resumed(), attempt(1)] == list(journal.events())

    async def test_leaving_a_run_keeps_what_was_still_queued(self, store: Store):
        async with store.run("monday") as journal:
            for number in range(1_000):
                journal.append(attempt(number))
            journal.keep_trace(rollout(1), trace(), "Refunded.")

        assert [attempt(number) for number in range(1_000)] == list(store.reader.events("monday"))
        assert "Refunded." == store.reader.trace("monday", 1).output

    async def test_a_run_that_is_left_by_an_error_keeps_what_was_queued(self, store: Store):
        async def fail() -> None:
            async with store.run("monday") as journal:
                journal.append(begun())
                raise KeyError

        with pytest.raises(KeyError):
            await fail()

        assert [begun()] == list(store.reader.events("monday"))

    async def test_the_evidence_of_a_rollout_comes_back_whole(self, store: Store):
        kept = Observed(rollout=rollout(7), trace=trace(), output="Refunded 12.50 \ud83d")
        async with store.run("monday") as journal:
            journal.keep_trace(kept.rollout, kept.trace, kept.output)

            assert kept == journal.observed(7)
        assert kept == store.reader.trace("monday", 7)

    async def test_a_resumed_run_finds_the_evidence_of_its_earlier_processes(self, store: Store):
        async with store.run("monday") as journal:
            journal.keep_trace(rollout(7), trace(), "Refunded.")
        async with store.run("monday") as journal:
            observed = journal.observed(7)

            assert observed is not None
            assert rollout(7) == observed.rollout

    async def test_evidence_that_was_not_kept_is_not_there(self, store: Store):
        async with store.run("monday") as journal:
            journal.append(begun())
            await journal.durable()

            assert journal.observed(1) is None
            with pytest.raises(UsageError, match="rollout 1"):
                store.reader.trace("monday", 1)
            with pytest.raises(UsageError, match="attempt 1"):
                store.reader.reflection("monday", 1)

    @pytest.mark.parametrize(
        "result",
        [
            Proposal(parents=(SEED.id,), edits=CHILD.texts, diagnosis="It never looks the order up."),
            Refusal(reason=RefusalReason.TRUNCATED, detail="cut after 8,000 characters"),
        ],
    )
    async def test_a_reflection_comes_back_with_its_prompt_and_its_answer(
        self, store: Store, result: Proposal | Refusal
    ):
        kept = Reflection(
            result=result, prompt="Improve this. " * 900, answer="<edit>…", usage=Usage(requests=1, usd=0.1)
        )
        async with store.run("monday") as journal:
            journal.keep_reflection(3, kept)

        assert kept == store.reader.reflection("monday", 3)

    async def test_an_attempt_that_is_made_again_after_a_crash_replaces_the_lost_reflection(self, store: Store):
        lost, made = (Reflection(result=Refusal(reason=RefusalReason.EMPTY), answer=text) for text in ("lost", "made"))
        async with store.run("monday") as journal:
            journal.keep_reflection(3, lost)
        async with store.run("monday") as journal:
            journal.keep_reflection(3, made)

        assert made == store.reader.reflection("monday", 3)

    async def test_runs_that_are_written_at_the_same_time_do_not_mix(self, store: Store):
        async with store.run("monday") as monday, store.run("tuesday") as tuesday:
            for number in range(50):
                monday.append(attempt(number))
                tuesday.append(attempt(1_000 + number))
                tuesday.keep_trace(rollout(number), trace(), f"tuesday {number}")
            await monday.durable()
            await tuesday.durable()

        assert [attempt(number) for number in range(50)] == list(store.reader.events("monday"))
        assert [attempt(1_000 + number) for number in range(50)] == list(store.reader.events("tuesday"))
        with pytest.raises(UsageError):
            store.reader.trace("monday", 3)

    async def test_a_run_has_one_writer_at_a_time(self, store: Store):
        async with store.run("monday"):
            with pytest.raises(StoreError, match=r"'monday'.* is in use by this very process"):
                async with store.run("monday"):
                    pass
        async with store.run("monday") as journal:
            journal.append(begun())

    async def test_a_run_that_was_left_takes_no_more_records(self, store: Store):
        async with store.run("monday") as journal:
            journal.append(begun())

        with pytest.raises(StoreError, match=r"'monday'.* was closed"):
            journal.append(attempt(1))
        with pytest.raises(StoreError, match=r"'monday'.* was closed"):
            journal.keep_trace(rollout(1), trace(), "")

    async def test_a_name_that_no_run_has_is_refused_with_the_names_there_are(self, store: Store):
        async with store.run("monday"), store.run("tuesday"):
            pass

        with pytest.raises(UsageError, match=r"no run 'friday'\. .*'monday', 'tuesday'"):
            list(store.reader.events("friday"))

    @pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\0b", "x" * 201, "cut \ud83d"])
    async def test_a_name_that_no_run_can_bear_is_refused(self, store: Store, name: str):
        with pytest.raises(UsageError, match="cannot be the name of a run"):
            async with store.run(name):
                pass

    @pytest.mark.parametrize("name", ["../../up", "/etc/passwd", ".", "..", "a/b", "Grüße 中文", "x" * 200])
    async def test_a_run_may_have_any_printable_name(self, store: Store, name: str):
        async with store.run(name) as journal:
            journal.append(begun(name))

        assert [name] == [one.name for one in store.reader.runs()]

    async def test_a_run_is_summed_up(self, store: Store):
        told = [begun(), attempt(1), *rollout_events(1), *rollout_events(2)[:1], reflection_started()]
        async with store.run("monday") as journal:
            for event in [*told, judged(accepted=True), judged(accepted=False), *endings()]:
                journal.append(event)

        expected = RunSummary(
            name="monday",
            status=Status.ENDED,
            reason=StopReason.BUDGET,
            started=10.0,
            latest=30.0,
            resumed=0,
            rollouts=2,
            reflections=1,
            admitted=1,
            policy="default",
            budget=Budget(rollouts=600),
            seed=SEED.id,
            winner=CHILD.id,
            usage=Usage(rollouts=600, usd=1.25),
        )
        assert (expected,) == tuple(store.reader.runs())

    async def test_a_run_is_running_then_paused_then_ended(self, store: Store):
        seen: list[Status] = []
        async with store.run("monday") as journal:
            journal.append(begun())
            await journal.durable()
            seen += [one.status for one in store.reader.runs()]
        seen += [one.status for one in store.reader.runs()]
        async with store.run("monday") as journal:
            for event in endings():
                journal.append(event)
        seen += [one.status for one in store.reader.runs()]

        assert [Status.RUNNING, Status.PAUSED, Status.ENDED] == seen

    async def test_a_run_that_had_ended_and_is_resumed_has_not_ended(self, store: Store):
        async with store.run("monday") as journal:
            for event in [begun(), *endings(), resumed(at=40.0)]:
                journal.append(event)
        (summary,) = store.reader.runs()

        assert (Status.PAUSED, None, None, None) == (summary.status, summary.reason, summary.winner, summary.usage)
        assert (1, Budget(rollouts=900)) == (summary.resumed, summary.budget)

    async def test_runs_are_listed_by_their_age_and_one_that_has_not_begun_is_not(self, store: Store):
        async with store.run("late") as late, store.run("early") as early, store.run("never"):
            late.append(begun("late", at=9.0))
            early.append(begun("early", at=3.0))

        assert ["early", "late"] == [one.name for one in store.reader.runs()]

    async def test_waiting_for_nothing_takes_no_time(self, store: Store):
        async with store.run("monday") as journal:
            with contextlib.closing(journal.durable()) as nothing, pytest.raises(StopIteration):
                nothing.send(None)

    async def test_events_are_read_on_from_where_a_reader_was(self, store: Store):
        async with store.run("monday") as journal:
            for event in [begun(), attempt(1), judged(accepted=True)]:
                journal.append(event)

        assert [judged(accepted=True)] == list(store.reader.events("monday", after=2))
        assert [] == list(store.reader.events("monday", after=3))

    async def test_an_annotation_is_read_by_the_run_that_goes_on_and_by_everybody_later(self, store: Store):
        first, second = (
            Annotation(rollout=1, text=text, at=7.0) for text in ("It never asked.", "On two lines.\n</script>")
        )
        async with store.run("monday") as journal:
            journal.append(begun())
            journal.keep_trace(rollout(1), trace(), "Refunded.")
            await journal.durable()
            store.annotate("monday", first)

            assert (first,) == tuple(journal.annotations())
            journal.append(attempt(1))
        store.annotate("monday", second)

        assert ["It never asked.", "On two lines.\n</script>"] == [
            each.text for each in store.reader.annotations("monday")
        ]

    @pytest.mark.parametrize("text", ["", " \n", "x" * (LONGEST + 1)])
    async def test_an_annotation_without_words_or_with_too_many_is_refused(self, store: Store, text: str):
        async with store.run("monday") as journal:
            journal.append(begun())
            journal.keep_trace(rollout(1), trace(), "Refunded.")

        with pytest.raises(UsageError, match=r"an annotation of .* cannot be kept"):
            store.annotate("monday", Annotation(rollout=1, text=text, at=7.0))

    async def test_an_annotation_of_what_is_not_there_is_refused(self, store: Store):
        async with store.run("monday") as journal:
            journal.append(begun())

        with pytest.raises(UsageError, match="no finished rollout 9"):
            store.annotate("monday", Annotation(rollout=9, text="Well.", at=7.0))
        with pytest.raises(UsageError, match="there is no run 'tuesday'"):
            store.annotate("tuesday", Annotation(rollout=1, text="Well.", at=7.0))
