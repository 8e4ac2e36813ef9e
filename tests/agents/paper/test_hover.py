"""HoVer: three searches, all or nothing, and what each module is told."""

from spanwright import Trace
from spanwright_agents.paper.hover import MODULES, TASK, Trail, claim_of
from spanwright_evaluators.paper.hover import RIGHT_QUERIES, RIGHT_SUMMARIES, judge

OFFICIAL = {
    "uid": "330ca632-e83f",
    "claim": "The engineer of the bridge was born on a river.",
    "supporting_facts": [["The Bridge", 0], ["Ann Marsh (engineer)", 0], ["Ann Marsh (engineer)", 1], ["Merford", 2]],
    "label": "SUPPORTED",
    "num_hops": 3,
}


def judged(*found, queries=("the bridge", "the town"), summaries=("", "")):
    texts = {"The Bridge": "Ann Marsh built it.", "Ann Marsh (engineer)": "She comes from Merford."}
    return judge(claim_of(OFFICIAL), Trail(found=found, texts=texts, queries=queries, summaries=summaries), Trace())


def test_all_pages_or_nothing_and_titles_count_as_dspy_normalizes_them():
    assert 1.0 == judged(("bridge",), ("Ann Marsh (Engineer)",), ("merford",)).value
    missed = judged(("The Bridge",), ("Ann Marsh (engineer)",), ("Elsewhere",))
    assert 0.0 == missed.value
    assert "2 of 3 pages found; not 'Merford'" == missed.feedback
    assert 2 / 3 == missed.objectives["recall"]


def test_each_module_is_told_what_its_part_helped_to_find_and_what_is_missing():
    told = judged(("The Bridge",), ("Ann Marsh (engineer)",), ("Elsewhere",), summaries=("A bridge.", "Ann.")).blame

    assert [module.component for module in MODULES] == list(told)
    first, second, third, fourth = told.values()
    assert first.startswith("Evidence that the summary helped to retrieve: Ann Marsh (engineer); evidence still")
    assert "leaves out 'Ann Marsh', which" in first
    assert second.startswith("Evidence that the query helped to retrieve: Ann Marsh (engineer); evidence still")
    assert third.startswith("Evidence that the summary helped to retrieve: none; evidence still missing: Merford.")
    assert "leaves out 'Merford', which" in third
    assert "The query 'the town' did not find 'Merford'" in fourth


def test_where_all_was_found_each_is_told_so():
    told = judged(("The Bridge", "Ann Marsh (engineer)"), ("Merford",), ()).blame

    assert [RIGHT_SUMMARIES, RIGHT_QUERIES, RIGHT_SUMMARIES, RIGHT_QUERIES] == list(told.values())


def test_a_row_of_the_hugging_face_copy_is_the_same_case():
    facts = [{"key": title, "value": number} for title, number in OFFICIAL["supporting_facts"]]

    assert claim_of(OFFICIAL) == claim_of({**OFFICIAL, "supporting_facts": facts})
    assert 3 == len(claim_of(OFFICIAL).expected_output.titles)


async def test_the_program_searches_three_times(staged):
    stage = staged(TASK)

    given = await stage.program(stage.evals.cases[0].inputs)

    assert [7, 7, 10] == [len(titles) for titles in given.found]
    assert [12, 12, 24] == [len(part) for part in (stage.evals.cases, stage.evals.validation, stage.evals.test)]


async def test_it_runs_end_to_end_with_feedback_for_the_module_in_turn(taught):
    result, teacher = await taught(TASK)

    assert result.complete
    assert 4 == len(result.components)
    (offered,) = teacher.contexts[0].components
    assert any(offered.id in each.observed.rollout.score.blame for each in teacher.contexts[0].examples)
