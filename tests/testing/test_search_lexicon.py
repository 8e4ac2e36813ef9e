import tomllib
from importlib.resources import files

import pytest

from spanwright.testing.simulated.lexicon import PUBLIC, Directive, read, understood

SAID = {
    "query_entity": [
        "Then search for the entity that the first passages name.",
        "After the first search, search for the person or place named in the result.",
        "If the passage mentions another person, search for that person next.",
        "The second query should be the name found in the first passage.",
        "Look up the engineer, author or town that the first passage points to.",
        "Read the first results, pick out the linked name, and query it.",
        "Next, search for whoever the passage says designed it.",
        "When a passage names the missing link, search for that name.",
    ],
    "query_keywords": [
        "Search with short keyword queries.",
        "Keep queries short: just the name.",
        "Use only the name of the thing in question as the query.",
        "Do not copy the question into the query.",
        "A query takes at most six words, so put the name first.",
        "Queries are cut after six words.",
        "Only the first six words of the query are used.",
        "Search for the name of the bridge, book or company, not for the full question.",
    ],
    "query_question": [
        "Use the whole question as the query.",
        "Search for the exact question.",
        "Copy the question word for word into the query.",
        "Send the full question as the query.",
        "Search in full sentences.",
    ],
    "query_role": [
        "Add the profession to the name, e.g. engineer.",
        "Add what the person is (engineer, novelist) after the name.",
        "Include the person's profession in the query.",
        "Name plus role, because several people share a name.",
        "Many people have the same name, so add their occupation.",
        "To tell namesakes apart, add the profession.",
    ],
    "search_again": [
        "Search at least twice.",
        "Run a second search when the first result does not answer the question.",
        "Keep searching until you have every passage you need.",
        "One search is usually not enough.",
        "Always do a follow-up search.",
        "Call search again if something is missing.",
    ],
    "search_once": [
        "Search only once.",
        "One search is enough.",
        "Never search again.",
        "Make a single search.",
        "Call search exactly once.",
    ],
    "answer_span": [
        "Answer with the shortest span only.",
        "Give only the answer, no explanation.",
        "Do not write a full sentence.",
        "Answer in as few words as possible.",
        "Output the bare answer, nothing else.",
        "Be concise: only the fact asked for.",
        "The answer must be a short phrase, not a sentence.",
    ],
    "answer_sentence": [
        "Answer in a full sentence.",
        "Explain your answer.",
        "Write complete sentences.",
        "Give a detailed answer.",
        "Answer politely and in full sentences, with reasons.",
    ],
    "answer_yes_no": [
        "Answer yes or no for yes/no questions.",
        "If asked whether two things are the same, answer yes or no.",
        "For comparison questions reply only 'yes' or 'no'.",
        "Questions that start with are, do or were: say yes or no.",
        "Use yes or no when the question asks if something is the case.",
    ],
    "answer_true_false": [
        "Answer true or false.",
        "Reply with true or false.",
        "Say true if they are the same and false otherwise.",
        "Use true/false.",
        "Return a boolean.",
    ],
    "answer_year": [
        "Give only the year.",
        "Give years as four digits.",
        "If the question asks for a year, answer with the year alone.",
        "Do not give the full date when a year is asked.",
        "For birth years, drop day and month.",
        "Only the year, not the date.",
        "Answer 1872, not 14 March 1872.",
    ],
    "answer_full_date": [
        "Give the full date.",
        "Always state the complete date.",
        "Give day, month and year.",
        "Write dates in full.",
        "Answer with the exact date.",
    ],
    "answer_full_name": [
        "Use full names.",
        "Give first name and surname.",
        "Never shorten names to the surname.",
        "Use first and last name.",
        "Write people's complete names.",
        "Do not give just the surname.",
    ],
    "answer_surname": [
        "Use surnames only.",
        "Call people by their surname.",
        "Answer with the last name.",
        "Give just the family name.",
        "Name people by last name only.",
    ],
    "answer_as_written": [
        "Copy the answer exactly as it is written in the passage.",
        "Use the exact wording of the passage.",
        "Write units out as in the passage.",
        "Quote the answer verbatim from the passage.",
        "Write kilometres, not km.",
        "Take the answer word for word from the text.",
    ],
    "answer_from_passages": [
        "Answer only from the passages.",
        "Do not answer from your own knowledge.",
        "If the answer is not in the passages, say so.",
        "Use only the given passages.",
        "Base your answer on the passages only.",
    ],
}
OPPOSITES = [
    ("query_keywords", "query_question"),
    ("search_again", "search_once"),
    ("query_entity", "search_once"),
    ("answer_span", "answer_sentence"),
    ("answer_yes_no", "answer_true_false"),
    ("answer_year", "answer_full_date"),
    ("answer_full_name", "answer_surname"),
]


def kinds_in(sentence):
    return {directive.kind for directive in read(sentence)}


@pytest.mark.parametrize("kind", SAID)
def test_a_directive_is_read_in_at_least_five_ways_of_saying_it(kind):
    known = [sentence for sentence in SAID[kind] if understood(kind, sentence)]
    unread = [sentence for sentence in known if kind not in kinds_in(sentence)]

    assert len(SAID[kind]) >= 5
    assert unread == []


@pytest.mark.parametrize(("kind", "opposite"), [*OPPOSITES, *((right, left) for left, right in OPPOSITES)])
def test_a_directive_is_not_taken_for_its_opposite(kind, opposite):
    assert [sentence for sentence in SAID[kind] if opposite in kinds_in(sentence)] == []


def own_kinds():
    text = files("spanwright.testing.simulated").joinpath("lexicon_search.toml").read_text("utf-8")
    return list(tomllib.loads(text)["kinds"])


@pytest.mark.parametrize("kind", own_kinds())
def test_every_way_to_write_a_directive_is_read_as_one(kind):
    written = {PUBLIC.write(Directive(kind=kind), variant=variant / 10) for variant in range(10)}

    assert {sentence for sentence in written if understood(kind, sentence) and kind not in kinds_in(sentence)} == set()
