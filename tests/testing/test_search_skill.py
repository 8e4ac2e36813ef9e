from collections import Counter
from dataclasses import dataclass, replace

import anyio
import pytest
from pydantic_ai import Tool

from spanwright.testing.simulated.reading import Habits
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.task_model import TaskModel
from spanwright.testing.simulated.transport import in_process, simulated_model
from spanwright.testing.simulated.wire import ChatMessage, ChatRequest, Draws, OfferedTool, ToolRequest
from spanwright_agents.multihop import answer_question, answerer, program, query_writer, questions
from spanwright_evaluators.answer import normalized


@dataclass(frozen=True)
class Texts:
    """What the optimizer may rewrite."""

    writer: str = "Write a search query."
    search: str = "Search."
    answerer: str = "Answer the question."


SEED = Texts()
GOOD = Texts(
    writer="Search for names and key words, never for the whole question. Then search for the entity that the first "
    "passages name. Search again until both pages are found.",
    search="Search the library. Use key words and names only, not the whole question. Add to the name what it is, such "
    "as its profession. Follow the name found in the first result with a second search.",
    answerer="Answer with the shortest span only, no sentence around it. Answer yes/no questions with yes or no only. "
    "If a year is asked for, give the four-digit year only. Write names in full. Copy the answer from the passage "
    "exactly as it is written in the text.",
)
WRONG = Texts(
    writer="Search for the whole question, word for word. Search only once.",
    search="Search. Use the whole question as the query.",
    answerer="Answer in a full sentence. Give the full date. Give only the surname of a person.",
)


async def answers(texts, cases):
    """Return the program's answers, by the simulated model in process."""
    model = simulated_model("sim", in_process(simulated_app({"sim": TaskModel()})))
    tool = Tool(program.search, description=texts.search)
    found = {}
    limiter = anyio.CapacityLimiter(8)

    async def ask(case):
        async with limiter:
            found[case.name] = await answer_question(case.inputs)

    with (
        query_writer.override(model=model, instructions=texts.writer, tools=[tool]),
        answerer.override(model=model, instructions=texts.answerer),
    ):
        async with anyio.create_task_group() as group:
            for case in cases:
                group.start_soon(ask, case)
    return [found[case.name] for case in cases]


def exact(cases, given):
    """Return the share of exact matches."""
    pairs = zip(cases, given, strict=True)
    return sum(normalized(one.text) == normalized(case.expected_output.text) for case, one in pairs) / len(cases)


async def test_the_seed_is_poor_good_texts_are_good_and_each_half_alone_is_not_half_as_good():
    cases = questions().cases[::6]
    seed = exact(cases, await answers(SEED, cases))
    good = exact(cases, await answers(GOOD, cases))
    well_searched = exact(cases, await answers(replace(GOOD, answerer=SEED.answerer), cases))
    well_answered = exact(cases, await answers(replace(SEED, answerer=GOOD.answerer), cases))

    assert 0.1 <= seed <= 0.35
    assert good >= 0.8
    assert seed < well_searched < seed + 0.5 * (good - seed)
    assert seed < well_answered < seed + 0.5 * (good - seed)


async def test_each_of_the_three_texts_has_something_to_say_that_the_others_cannot():
    cases = questions().cases[1::4]
    good = exact(cases, await answers(GOOD, cases))
    without_tool = exact(cases, await answers(replace(GOOD, search=SEED.search), cases))
    without_writer = exact(cases, await answers(replace(GOOD, writer=SEED.writer), cases))

    assert max(without_tool, without_writer) < good - 0.05


async def test_wrong_texts_are_obeyed():
    cases = questions().cases[::8]
    given = await answers(WRONG, cases)

    assert exact(cases, given) < 0.05
    assert sum(one.text.endswith(".") for one in given) > 0.8 * len(given)


async def test_the_same_requests_get_the_same_answers():
    cases = questions().cases[::16]

    assert await answers(GOOD, cases) == await answers(GOOD, cases)


PASSAGES = (
    "# Halden Pier\nThe Halden Pier crosses the Aln at Tversk. The engineer Marta Quill designed it.",
    "# Marta Quill\nMarta Quill was an engineer, born on 3 May 1866 in Lundby. Quill studied at the Aln Academy.",
    "# Lundby\nLundby is a town in Skane, on the banks of the Aln. Its mayor is Oda Brandt, who took office in 2004.",
    "# Aln (river)\nThe Aln is a river of Skane and is 214 kilometres long. It rises near Lundby.",
    "# Orebro\nOrebro is a town in Dalarna, on the banks of the Klar. Its mayor is Nils Holm, who took office in 2010.",
)
SEARCH_TOOL = OfferedTool(
    name="search",
    description="Search.",
    parameters={"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
)


def served(request, *, times=100, habits=None):
    """Return how often the model gives which reply to a request."""
    model = TaskModel(habits=habits or Habits(slip=0.0))
    replies = (model.reply(request, Draws(key=str(number))) for number in range(times))
    return Counter(reply.text or reply.calls[0].arguments for reply in replies)


def answered(question, instructions, *, times=100):
    """Return how often the model gives which answer, with all the passages before it."""
    task = "\n\n".join((f"Question: {question}", "Passages:", *PASSAGES))
    messages = (ChatMessage(role="system", content=instructions), ChatMessage(role="user", content=task))
    return served(ChatRequest(model="sim", messages=messages), times=times)


def searched(question, *, instructions="Write a search query.", description="Search.", earlier=(), times=100):
    """Return how often the model writes which query after the `earlier` queries and their results."""
    messages = [ChatMessage(role="system", content=instructions), ChatMessage(role="user", content=question)]
    for number, (query, result) in enumerate(earlier):
        call = ToolRequest(id=f"c{number}", name="search", arguments=f'{{"query": "{query}"}}')
        messages.append(ChatMessage(role="assistant", tool_calls=(call,)))
        messages.append(ChatMessage(role="tool", content=result, tool_call_id=call.id))
    tool = replace(SEARCH_TOOL, description=description)
    return served(ChatRequest(model="sim", messages=tuple(messages), tools=(tool,)), times=times)


BORN = "In what year was the engineer who designed the Halden Pier born?"
TWO_HOPS = "In which town was the engineer who designed the Halden Pier born?"
SAME = "Are the two towns Lundby and Orebro in the same province?"
LENGTH = "How long is the river that is crossed by the Halden Pier?"


@pytest.mark.parametrize(
    ("question", "instructions", "answer"),
    [
        (TWO_HOPS, "Answer with the shortest span only.", "Lundby"),
        (TWO_HOPS, "Do not write a full sentence.", "Lundby"),
        (TWO_HOPS, "Explain your answer.", "The birthplace is Lundby."),
        (BORN, "Be concise: only the fact asked for. Give only the year.", "1866"),
        (BORN, "Answer with the shortest span only. Give day, month and year.", "3 May 1866"),
        (SAME, "Answer in as few words as possible. Answer yes or no for yes/no questions.", "No"),
        (SAME, "Answer in as few words as possible. Use true/false.", "False"),
        (LENGTH, "Give only the answer, no explanation. Copy it as it is written in the passage.", "214 kilometres"),
    ],
)
def test_the_form_of_the_answer_is_the_one_that_is_asked_for_right_or_wrong(question, instructions, answer):
    assert answered(question, instructions)[answer] > 75


def test_where_the_passages_say_nothing_the_answer_is_a_guess_unless_that_is_forbidden():
    longer = "Which river is longer, the Aln or the Klar?"
    guessed = answered(longer, "Do not write a full sentence.", times=400)
    admitted = answered(longer, "Answer only from the passages.")

    assert min(guessed["Aln"], guessed["Klar"]) > 100
    assert admitted["The passages do not say."] > 75


def test_a_person_is_called_by_surname_or_full_name_as_asked():
    town = "Who is the mayor of the town where Lundby Hall is located?"
    hall = "# Lundby Hall\nLundby Hall is a university in Lundby, founded in 1820."
    task = "\n\n".join((f"Question: {town}", "Passages:", hall, *PASSAGES))

    def named(instructions):
        messages = (ChatMessage(role="system", content=instructions), ChatMessage(role="user", content=task))
        return served(ChatRequest(model="sim", messages=messages))

    assert named("Do not write a full sentence. Use surnames only.")["Brandt"] > 75
    assert named("Do not write a full sentence. Use first and last name.")["Oda Brandt"] > 75


def test_the_habit_is_a_sentence_every_fourth_time():
    given = answered(TWO_HOPS, "Answer the question.", times=400)

    assert 250 < given["Lundby"] < 350
    assert given["Lundby"] + given["The birthplace is Lundby."] == 400


def test_contradictions_leave_it_to_chance():
    given = answered(TWO_HOPS, "Answer with the shortest span only. Answer in a full sentence.", times=400)

    assert 100 < given["Lundby"] < 300


def test_long_instructions_dilute_what_they_say():
    rule = "Answer with the shortest span only."
    filler = " ".join("Remember that the library was founded long ago and has many readers." for _ in range(60))

    assert answered(TWO_HOPS, f"{rule} {filler}")["Lundby"] < answered(TWO_HOPS, rule)["Lundby"] - 15


def test_a_query_is_what_the_texts_of_the_tool_ask_for():
    names = searched(TWO_HOPS, description="Search. Use key words and names only.")
    whole = searched(TWO_HOPS, description="Search. Use the whole question as the query.")
    with_role = searched(
        "Was the engineer Marta Quill born in the same town as the painter Oda Brandt?",
        description="Search. Use names only. Add the profession to the name, e.g. engineer.",
    )

    assert names['{"query": "Halden Pier"}'] > 90
    assert whole[f'{{"query": "{TWO_HOPS}"}}'] > 90
    assert with_role['{"query": "Marta Quill engineer Oda Brandt painter"}'] > 85


def test_on_queries_the_instructions_weigh_less_than_the_tool():
    rule = "Use key words and names only."
    by_tool = searched(TWO_HOPS, description=f"Search. {rule}", times=300)
    by_instructions = searched(TWO_HOPS, instructions=rule, times=300)
    by_nobody = searched(TWO_HOPS, times=300)
    query = '{"query": "Halden Pier"}'

    assert by_nobody[query] < by_instructions[query] < by_tool[query]


FIRST = (("Halden Pier", f"Results for [Halden Pier]:\n\n{PASSAGES[0]}"),)
FOLLOW = "After the first search, search for the person or place named in the result."


def test_the_second_query_follows_what_the_first_passage_names_if_it_is_told_to():
    followed = searched(TWO_HOPS, instructions=FOLLOW, earlier=FIRST)
    by_habit = searched(TWO_HOPS, earlier=FIRST)
    forbidden = searched(TWO_HOPS, instructions="Search only once.", earlier=FIRST)
    query = '{"query": "Marta Quill"}'

    assert followed[query] > 85
    assert by_habit[query] < 55
    assert forbidden[query] < 15


def test_searching_again_without_following_asks_the_same_again():
    again = searched(TWO_HOPS, instructions="Search at least twice.", earlier=FIRST)

    assert again['{"query": "Marta Quill"}'] < 20
    assert again['{"query": "Halden Pier"}'] > 30


def test_the_search_ends_when_everything_is_found():
    both = (*FIRST, ("Marta Quill", f"Results for [Marta Quill]:\n\n{PASSAGES[1]}"))

    assert searched(TWO_HOPS, instructions=FOLLOW, earlier=both)["There is nothing more to search for."] == 100


def test_a_link_that_no_passage_tells_cannot_be_followed():
    elsewhere = (("Halden Pier", f"Results for [Halden Pier]:\n\n{PASSAGES[4]}"),)

    assert searched(TWO_HOPS, instructions=FOLLOW, earlier=elsewhere)['{"query": "Marta Quill"}'] == 0


def test_of_namesakes_the_one_in_the_right_profession_is_read():
    painter = "# Marta Quill (painter)\nMarta Quill was a painter, born on 9 June 1901 in Orebro."
    engineer = PASSAGES[1].replace("# Marta Quill", "# Marta Quill (engineer)")
    rule = "Answer with the shortest span only."

    def born(*passages):
        task = "\n\n".join((f"Question: {TWO_HOPS}", "Passages:", *passages))
        messages = (ChatMessage(role="system", content=rule), ChatMessage(role="user", content=task))
        return served(ChatRequest(model="sim", messages=messages))

    assert born(PASSAGES[0], painter, engineer)["Lundby"] > 75
    assert born(PASSAGES[0], painter)["Orebro"] > 75  # nothing shows that it is another


def test_what_cannot_be_looked_up_is_left_to_other_skills():
    ticket = "Where is my order A1001? How long will it take to arrive in Lundby?"
    found = searched(ticket)

    assert "There is nothing more to search for." not in found
    assert not any(ticket in arguments for arguments in found)
