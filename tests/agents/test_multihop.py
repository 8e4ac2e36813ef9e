import re
from dataclasses import dataclass
from random import Random

import pytest
from pydantic_ai import ModelMessage, ModelResponse, TextPart, ToolCallPart, UsageLimitExceeded, UserPromptPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from spanwright_agents.multihop import Answer, answer_question, answerer, query_writer, questions
from spanwright_agents.multihop.library import BEST, CORPUS, MOST_WORDS, Library, Passage, library
from spanwright_agents.multihop.make_corpus import CASES, SEED, cases_text, corpus_text, make_passages, make_questions
from spanwright_agents.multihop.world.entities import World


@dataclass(frozen=True)
class Asked:
    """A case, unpacked."""

    name: str
    question: str
    kind: str
    answer: str
    titles: tuple[str, ...]


def unpacked(case):
    """Return the parts of a case, all of which must be there."""
    topic, gold = case.metadata, case.expected_output
    return Asked(case.name, case.inputs, topic.kind, gold.text, gold.titles)


ALL = [unpacked(case) for case in questions().cases]
BRIDGES = [case for case in ALL if case.kind == "bridge"]
TEXTS = {passage.title: passage.text for passage in library().passages}


def titles(passages):
    return [passage.title for passage in passages]


def test_the_committed_corpus_and_questions_are_what_the_generator_writes():
    world = World(SEED)
    passages = make_passages(world)

    assert corpus_text(passages) == CORPUS.read_text("utf-8")
    assert cases_text(make_questions(world, passages)) == CASES.read_text("utf-8")


def test_the_corpus_has_a_thousand_paragraphs_of_two_to_five_sentences():
    sentences = {title: len(re.findall(r"[.](?= [A-Z\d]|$)", text)) for title, text in TEXTS.items()}

    assert len(TEXTS) == len(library().passages) == 1_000
    assert {title: n for title, n in sentences.items() if not 2 <= n <= 5} == {}


def test_many_paragraphs_are_about_namesakes():
    shared = [title for title in TEXTS if re.search(r" \((?!river)", title)]

    assert len(shared) > 150


def test_there_are_enough_questions_of_each_kind():
    kinds = [case.kind for case in ALL]

    assert kinds.count("bridge") >= 150
    assert kinds.count("comparison") >= 40
    assert kinds.count("one_hop") >= 20
    assert len({case.question for case in ALL}) == len({case.name for case in ALL}) == len(ALL)


def test_the_gold_passages_hold_the_answers():
    without = [
        case.name
        for case in ALL
        if case.answer not in ("yes", "no") and not any(case.answer in TEXTS[title] for title in case.titles)
    ]

    assert without == []


def test_the_words_of_a_bridge_question_do_not_find_its_second_passage():
    given_away = [
        case.name
        for case in BRIDGES
        for found in (library().search(case.question).passages, library().best(case.question))
        if case.titles[1] in titles(found)
    ]

    assert given_away == []


def test_the_first_passage_of_a_bridge_question_names_the_second():
    gold = [case.titles for case in BRIDGES]

    assert [(first, second) for first, second in gold if second.partition(" (")[0] not in TEXTS[first]] == []


def test_the_name_of_a_thing_and_what_it_is_find_its_passage():
    gold = {title for case in ALL for title in case.titles}
    lost = [title for title in gold if title not in titles(library().search(re.sub(r"[()]", "", title)).passages)]

    assert lost == []


def test_the_search_box_takes_six_words_and_says_which():
    finding = library().search("In which town was the engineer who designed the Heron Road Bridge born?")

    assert finding.words == "In which town was the engineer"
    assert len(finding.words.split()) == MOST_WORDS


def test_a_search_finds_at_most_three_passages_in_a_fixed_order():
    words = Random(0).sample(" ".join(TEXTS.values()).split(), 300)
    found = [library().search(" ".join(words[i : i + 4])) for i in range(0, 300, 4)]
    again = [library().search(" ".join(words[i : i + 4])) for i in range(0, 300, 4)]

    assert found == again
    assert {len(finding.passages) for finding in found} <= set(range(BEST + 1))


@pytest.mark.parametrize("query", ["", "the of and", "xyzzy", "?!"])
def test_a_search_without_a_known_word_finds_nothing(query):
    assert library().search(query).passages == ()


def test_building_an_index_prints_nothing(capfd):
    Library((Passage(title="One", text="A first text."), Passage(title="Two", text="A second text.")))

    assert capfd.readouterr() == ("", "")


def writer(*queries, last="done"):
    """Return a model that searches for each of the queries in turn."""

    def reply(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        turn = sum(isinstance(message, ModelResponse) for message in messages)
        if turn < len(queries):
            return ModelResponse(parts=[ToolCallPart("search", {"query": queries[turn]})])
        return ModelResponse(parts=[TextPart(last)])

    return FunctionModel(reply)


def saying(text, seen=None):
    """Return a model that answers with `text` and shows what it was asked."""

    def reply(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if seen is not None:
            seen.extend(part.content for part in messages[-1].parts if isinstance(part, UserPromptPart))
        return ModelResponse(parts=[TextPart(text)])

    return FunctionModel(reply)


async def test_the_answerer_reads_what_all_the_searches_found():
    case = BRIDGES[0]
    first, second = case.titles
    seen = []
    with query_writer.override(model=writer(first, second)), answerer.override(model=saying("Somewhere", seen)):
        answer = await answer_question(case.question)

    assert isinstance(answer, Answer)
    assert answer.text == "Somewhere"
    assert {first, second} <= set(answer.titles)
    assert seen[0].startswith(f"Question: {case.question}\n\nPassages:\n\n# ")
    assert TEXTS[second] in seen[0]


async def test_a_writer_that_answers_with_a_query_is_taken_at_its_word():
    with query_writer.override(model=writer(last="Heron Road Bridge")), answerer.override(model=saying("?")):
        answer = await answer_question("Who designed the Heron Road Bridge?")

    assert "Heron Road Bridge" in answer.titles


async def test_questions_asked_at_the_same_time_do_not_share_a_desk():
    with query_writer.override(model=writer("Heron Road Bridge")), answerer.override(model=saying("?")):
        one = await answer_question("One?")
    with query_writer.override(model=writer("xyzzy", last="xyzzy")), answerer.override(model=saying("?")):
        other = await answer_question("Another?")

    assert len(one.titles) == BEST
    assert other.titles == ()


async def test_a_writer_that_never_stops_is_stopped():
    with (
        query_writer.override(model=writer(*["Heron"] * 50)),
        answerer.override(model=saying("?")),
        pytest.raises(UsageLimitExceeded),
    ):
        await answer_question("Where?")


async def test_the_texts_of_the_seed_are_as_vague_as_people_write_them():
    offered = []

    def reply(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        offered.extend(info.function_tools)
        return ModelResponse(parts=[TextPart("Heron")])

    with query_writer.override(model=FunctionModel(reply)), answerer.override(model=saying("?")):
        await answer_question("Where?")

    assert [(tool.name, tool.description) for tool in offered] == [("search", "Search.")]
    assert offered[0].parameters_json_schema["properties"]["query"]["description"] == "The query."
