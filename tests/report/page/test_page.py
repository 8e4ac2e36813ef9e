"""What stands on the page of a run: the same whoever reads it, and equal to what the run's own result says."""

import math
from collections import Counter
from dataclasses import replace

import pytest
from page_runs import Told, hostile, plain

from spanwright.core.annotation import Annotation
from spanwright.core.events import AttemptStarted, ReflectionEnded
from spanwright.core.rollout import Purpose
from spanwright.errors import UsageError
from spanwright.report import Result
from spanwright.report.page import PAGE, Page, Surroundings, page_from, page_of_run
from spanwright.report.page.gathering import POINTS, Gathering
from spanwright.report.page.packing import packed, unpacked
from spanwright.report.page.paging import page_of
from spanwright.store import MemoryStore


async def told(text=plain, *, whole: bool = True, store: MemoryStore | None = None) -> tuple[MemoryStore, Told]:
    store, run = store or MemoryStore(), Told(text=text)
    async with store.run(run.name) as journal:
        if whole:
            run.whole(journal)
        else:
            run.begin(journal)
            run.search(journal)
    return store, run


async def page(text=plain, *, whole: bool = True) -> Page:
    _, run = await told(text, whole=whole)
    return page_from(run.events)


async def test_the_first_screen_says_what_the_result_says():
    _, run = await told()
    result, head = Result.from_events(run.events), page_from(run.events).head

    assert (result.headline, result.improved, result.measured_on) == (head.headline, head.improved, head.measured_on)
    assert head.test is not None
    assert result.difference is not None
    assert (result.difference.mean, result.difference.low) == (head.test.difference.mean, head.test.difference.low)
    assert result.usage == head.usage
    assert result.components_changed == head.changed


async def test_a_candidate_in_the_tree_has_its_parent_its_edit_its_evidence_and_its_cost():
    shown = await page()
    seed, child, worse, winner = shown.candidates

    assert ((), (0,), (1,), (1,)) == (seed.parents, child.parents, worse.parents, winner.parents)
    assert [True, True, False, True] == [node.admitted for node in shown.candidates]
    assert "the diagnosis" == child.diagnosis
    assert {"support/the instructions": "Help the customer, politely. the edit"} == child.edits
    assert 3 == len(child.evidence)
    # Its attempt: three rollouts and a reflection; then six validation cases.
    assert (9, 1, pytest.approx(0.14)) == (child.usage.rollouts, child.usage.reflections, child.usage.usd)
    assert (0, 1, 3) == shown.line
    assert shown.candidates[shown.line[-1]].id == shown.head.best


async def test_a_candidate_says_how_sure_its_figure_is():
    shown = await page()
    _, child, worse, winner = shown.candidates

    assert worse.measured is None
    assert child.measured is not None
    assert (child.own, child.estimate) == (child.measured.n, pytest.approx(child.measured.mean))
    assert winner.measured is not None
    assert winner.measured.low is not None
    assert winner.measured.low < winner.measured.mean


async def test_a_child_that_went_onto_another_candidate_says_whose_rollouts_its_edit_was_learnt_of():
    run = Told()
    async with MemoryStore().run(run.name) as journal:
        run.begin(journal)
        first = run.evolve(journal, run.seed, {run.instructions: "Help, politely."})
        run.evolve(journal, run.seed, {run.tool: "Refund."}, onto=first)
    _, _, grafted = page_from(run.events).candidates

    assert (1,) == grafted.parents
    assert 0 == grafted.learnt_from


async def test_problems_at_hand_are_said_to_be_and_are_put_into_no_source():
    run = Told()
    run.train = run.validation
    run.test = ()
    async with MemoryStore().run(run.name) as journal:
        run.begin(journal)
        run.search(journal)
    at_hand, other = page_from(run.events), await page()

    assert at_hand.head.at_hand
    assert not other.head.at_hand
    assert not any("spanwright apply" in line for line, _ in at_hand.reproduction.commands)
    assert any("spanwright apply" in line for line, _ in other.reproduction.commands)


async def test_reflections_count_the_time_that_they_took():
    run = Told()
    async with MemoryStore().run(run.name) as journal:
        run.whole(journal)
    timeless = [
        replace(each, usage=replace(each.usage, seconds=0.0)) if isinstance(each, ReflectionEnded) else each
        for each in run.events
    ]

    assert 6.0 == page_from(timeless).spent["reflection"].seconds


async def test_figures_of_tools_say_of_how_many_rollouts_they_are():
    shown = await page()
    by_candidate = Counter(shown.tries.candidate)

    assert by_candidate[0] == shown.tools.seed_rollouts
    assert by_candidate[shown.line[-1]] == shown.tools.best_rollouts


async def test_nothing_is_said_of_a_constant_metric_once_a_text_scored_otherwise():
    whole = await page()
    _, run = await told(whole=False)
    at_first = [each for each in run.events[:13] if not isinstance(each, AttemptStarted)]

    assert any("the metric is constant" in note for note in page_from(at_first).head.notes)
    assert () == whole.head.notes


async def test_every_rollout_stands_in_the_columns_with_its_candidate_and_case():
    shown = await page()
    tries = shown.tries

    assert shown.head.usage.rollouts == len(tries.number) == len(tries.score) == len(tries.candidate)
    place = tries.number.index(1)
    assert ("the validation 0", "validation") == (
        shown.cases[tries.case[place]].id,
        shown.purposes[tries.purpose[place]],
    )
    assert 0 == tries.candidate[place]


async def test_what_was_spent_adds_up():
    shown = await page()

    assert pytest.approx(shown.head.usage.usd) == sum(each.usd for each in shown.spent.values())
    assert shown.head.usage.rollouts == sum(each.rollouts for each in shown.spent.values())
    assert {"validation", "minibatch", "test", "reflection"} == set(shown.spent)


async def test_the_course_begins_with_the_seed_and_ends_with_the_best():
    course = (await page()).course

    assert 0 == course.incumbent[0]
    assert course.mean[-1] > course.mean[0]
    assert list(course.rollouts) == sorted(course.rollouts)
    assert course.seed is not None
    assert 0.0 == course.seed.mean


async def test_one_rollout_at_a_time_fills_one_slot_while_it_runs():
    slots = (await page()).slots

    assert 1 == slots.most
    assert all(0 <= each <= 1.000_001 for each in slots.rollouts)
    assert sum(slots.rollouts) * slots.step == pytest.approx((await page()).head.usage.rollouts, rel=0.01)


async def test_failures_of_a_kind_stand_together_with_rollouts_to_look_at():
    failed, abandoned = (await page()).troubles

    assert ("the boundary", "candidate", "the message") == (failed.what, failed.blame, failed.message)
    assert failed.count == len(failed.rollouts)
    assert ("abandoned: the reason", "reflection", 1) == (abandoned.what, abandoned.blame, abandoned.count)


async def test_the_front_shows_the_figures_that_goals_name():
    front = (await page()).front

    assert ("score", "tokens") == front.figures
    assert ("tokens",) == front.less
    assert {0, 3} <= {each.candidate for each in front.candidates}


async def test_tools_that_were_called_in_place_of_others_are_named():
    (confusion,) = (await page()).tools.confusions

    assert ("the lookup tool", "the refund tool") == (confusion.called, confusion.should)
    assert confusion.seed > 0 < confusion.best


async def test_a_page_survives_json_whatever_the_texts_say():
    shown = await page(hostile)

    assert shown == PAGE.validate_json(PAGE.dump_json(shown))
    assert shown == unpacked(packed(shown))


async def test_a_page_has_no_figure_that_json_has_not():
    _, run = await told()
    early = page_from(run.events[:3])  # one rollout of the seed: nothing bounds any interval

    assert b"NaN" not in PAGE.dump_json(early)
    assert b"Infinity" not in PAGE.dump_json(early)
    assert (0.0, None) == (early.course.mean[0], early.course.low[0])


async def test_every_moment_of_a_run_has_a_page():
    _, run = await told()

    for length in range(1, len(run.events) + 1):
        assert PAGE.dump_json(page_from(run.events[:length]))


async def test_a_page_that_goes_on_is_the_page_of_all_events():
    _, run = await told()
    gathering = Gathering()
    for place, event in enumerate(run.events):
        gathering.apply(event)
        if place % 9 == 0:
            page_of(gathering, Surroundings())

    assert page_from(run.events) == page_of(gathering, Surroundings())


async def test_a_run_without_events_has_no_page():
    with pytest.raises(UsageError, match="the run has no events yet"):
        page_from([])


async def test_a_course_never_has_more_points_than_a_screen_can_show():
    store, run = MemoryStore(), Told()
    async with store.run(run.name) as journal:
        run.begin(journal)
        for _ in range(2 * POINTS):
            run.roll(journal, run.seed, run.validation[run.number % 6], Purpose.VALIDATION, 0.5)
    course = page_from(run.events).course

    assert POINTS // 4 < len(course.mean) <= POINTS + 1
    assert math.isclose(course.rollouts[-1], run.number)


async def test_a_stored_run_is_shown_with_what_persons_wrote_and_whether_it_goes_on():
    store, run = await told(whole=False)
    store.annotate(run.name, Annotation(rollout=7, text="Too curt.", at=1.0))
    shown = page_of_run(store.reader, run.name, command="spanwright optimize a:b", store="my store.sqlite")

    assert ["Too curt."] == [each.text for each in shown.annotations]
    assert "paused" == shown.head.status
    assert "spanwright optimize a:b" == shown.reproduction.command
    assert "spanwright resume evening --store 'my store.sqlite'" == shown.reproduction.commands[0][0]
    assert {"the settings": "0123"} == shown.reproduction.fingerprints
    async with store.run(run.name):
        assert "running" == page_of_run(store.reader, run.name).head.status
