"""HotpotQA: the program of four modules, its data, and that each module is told of its own part."""

import json
from random import Random

import pytest

from spanwright import Trace, UsageError
from spanwright_agents.paper.corpus import Abstracts
from spanwright_agents.paper.hotpotqa import MODULES, QUESTIONS, TASK, Answered, question_of
from spanwright_agents.paper.make_small import files
from spanwright_agents.paper.sources import SMALL
from spanwright_agents.paper.task import cut
from spanwright_evaluators.paper.hotpotqa import judge

OFFICIAL = {
    "_id": "5a7a06935542990198eaf050",
    "question": "Which river flows through the town where the race takes place?",
    "answer": "The Silva",
    "supporting_facts": [["Race", 0], ["Ivelmere", 1]],
    "context": [
        ["Race", ["The race takes place in Ivelmere.", " It is old."]],
        ["Ivelmere", ["Ivelmere is a town.", " The Silva flows through it."]],
        ["Elsewhere", ["Nothing happens here."]],
    ],
}


def answered(answer="Silva!", first=("Race",), second=("Ivelmere",), query="Ivelmere", summaries=("", "")):
    return Answered(answer=answer, found=(first, second), query=query, summaries=summaries)


def judged(**how):
    return judge(question_of(OFFICIAL), answered(**how), Trace())


def test_an_answer_counts_but_for_case_punctuation_and_articles():
    assert 1.0 == judged(answer="the silva.").value
    assert 0.0 == judged(answer="Silva river").value
    assert "expected 'The Silva', got 'Silva river'" == judged(answer="Silva river").feedback


def test_accents_count_as_in_dspy_whose_normal_form_parts_them_from_their_letters():
    row = {**OFFICIAL, "answer": "Caf\u00e9"}

    assert 1.0 == judge(question_of(row), answered(answer="Cafe\u0301"), Trace()).value


def test_each_module_is_told_of_its_own_part():
    told = judged(
        answer="Irden", second=("Elsewhere",), query="the race", summaries=("It is a race.", "Nothing.")
    ).blame

    assert [module.component for module in MODULES] == list(told)
    assert "retrieved: Race; still missing after it: Ivelmere" in told["summarize1/instructions"]
    assert "leaves out 'Ivelmere', which the documents have" in told["summarize1/instructions"]
    assert "retrieved by it: none (0 of 1)" in told["create_query_hop2/instructions"]
    assert "The query 'the race' did not find 'Ivelmere'" in told["create_query_hop2/instructions"]
    assert "Ivelmere | Ivelmere is a town. The Silva flows through it." in told["create_query_hop2/instructions"]
    assert "Ivelmere | The Silva flows through it." in told["summarize2/instructions"]
    assert "expected 'The Silva', got 'Irden'" in told["final_answer/instructions"]
    assert "Race: The race takes place in Ivelmere. It is old." in told["final_answer/instructions"]
    assert all("expected 'The Silva'" not in text for name, text in told.items() if "final" not in name)


def test_a_row_of_the_hugging_face_copy_is_the_same_case():
    copy = {
        **{key: OFFICIAL[key] for key in ("question", "answer")},
        "id": OFFICIAL["_id"],
        "supporting_facts": {"title": ["Race", "Ivelmere"], "sent_id": [0, 1]},
        "context": {
            "title": [title for title, _ in OFFICIAL["context"]],
            "sentences": [sentences for _, sentences in OFFICIAL["context"]],
        },
    }

    assert question_of(OFFICIAL) == question_of(copy)


def test_the_paper_cuts_test_validation_and_train_in_this_order_and_samples_each_with_seed_one():
    train, validation, test = cut(range(90_447), TASK.sizes)

    assert (150, 300, 300) == (len(train), len(validation), len(test))
    assert Random(1).sample(range(36_178), 300) == test
    assert Random(1).sample(range(36_178, 72_357), 300) == validation
    assert Random(1).sample(range(72_357, 90_447), 150) == train


async def test_the_program_searches_reads_asks_again_and_answers(staged):
    stage = staged(TASK)
    case = stage.evals.cases[0]

    given = await stage.program(case.inputs)

    assert [7, 7] == [len(titles) for titles in given.found]
    assert 2 == len(given.summaries)
    assert given.answer
    assert given.query


async def test_it_runs_end_to_end_and_a_reflection_on_one_module_has_what_that_module_is_told(taught):
    result, teacher = await taught(TASK)

    assert result.complete
    assert {
        "summarize1/instructions": "Given the fields `question`, `passages`, produce the fields `summary`.",
        "create_query_hop2/instructions": "Given the fields `question`, `summary_1`, produce the fields `query`.",
        "summarize2/instructions": "Given the fields `question`, `context`, `passages`, produce the fields `summary`.",
        "final_answer/instructions": (
            "Given the fields `question`, `summary_1`, `summary_2`, produce the fields `answer`."
        ),
    } == result.seed.texts
    assert ["summarize1/instructions"] == [each.id for each in teacher.contexts[0].components]
    (told, *_) = [each.observed.rollout.score.blame for each in teacher.contexts[0].examples]
    assert "An ideal summary would have these facts" in told["summarize1/instructions"]


def test_abstracts_found_are_the_same_with_an_index_that_was_kept(tmp_path):
    path = tmp_path / "wiki.abstracts.2017.jsonl"
    path.write_text((SMALL / path.name).read_text())
    fresh, built, kept = (Abstracts.open(path, kept_from=at) for at in (10_000, 1, 1))

    assert (tmp_path / "wiki.abstracts.2017.bm25s" / "complete").exists()
    for query in ("Who designed the Heron Bridge?", "nothing of this", "", "mayor of Ivelmere"):
        assert fresh.best(query, 7) == built.best(query, 7) == kept.best(query, 7)
    assert 7 == len(fresh.best("mayor", 7))


def test_words_are_found_by_their_stems_and_the_title_counts():
    abstracts = Abstracts.of(["Heron Bridge | It crosses a river.", "Opera | They sing.", "Crossing | A novel."])

    assert "Heron Bridge | It crosses a river." == abstracts.best("heron crossings", 1)[0]


def test_the_committed_small_data_are_what_the_generator_writes():
    for name, content in files().items():
        assert content == (SMALL / name).read_text("utf-8"), name


def test_a_row_that_lacks_a_field_is_named(tmp_path):
    (tmp_path / QUESTIONS.file).write_text(json.dumps([OFFICIAL] * 4 + [{"question": "Who?"}]))

    with pytest.raises(UsageError, match=r"row 1 of .*hotpot_train.* is not as in the official file: KeyError"):
        TASK.official(tmp_path)


def test_data_that_are_not_there_are_told_with_where_to_get_them(tmp_path):
    with pytest.raises(UsageError, match=r"no hotpot_train_v1.1.json in .*566 MB, CC BY-SA 4.0\): curl -L"):
        TASK.official(tmp_path)
    with pytest.raises(UsageError, match=r"no folder .*wiki.abstracts.2017.jsonl \(5.2 million abstracts"):
        TASK.official(tmp_path / "elsewhere")
