"""Texts of the user's own code: the default outside of a rollout, the candidate's inside, found before the first."""

import asyncio
import sys
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from textwrap import dedent

import anyio
import anyio.lowlevel
import pytest
from pydantic_evals import Case

from spanwright import (
    Budget,
    Candidate,
    Evals,
    MemoryStore,
    Proposal,
    Reflection,
    ReflectionContext,
    Run,
    UsageError,
    optimize,
    text,
    wearing,
)
from spanwright.core.candidate import Kind
from spanwright.subject import subject_of, texts_in_code
from spanwright.subject.rewriting import Question, Reach, answer, whereabouts, write_back
from spanwright.subject.rewriting.reach import agents_in

GREETING = "Hello."


def greeting() -> str:
    return text("tests/greeting", GREETING)


def test_outside_of_a_rollout_it_is_the_default():
    assert "Hello." == greeting()


async def test_a_candidates_text_is_read_in_tasks_and_threads_and_nowhere_else():
    seen = {}

    async def reads(word: str) -> None:
        with wearing(Candidate(texts={"tests/greeting": word})):
            await anyio.lowlevel.checkpoint()
            seen[word] = (greeting(), await anyio.to_thread.run_sync(greeting))

    async with anyio.create_task_group() as group:
        for number in range(50):
            group.start_soon(reads, f"Hi {number}.")

    assert {word: (word, word) for word in seen} == seen
    assert 50 == len(seen)
    assert "Hello." == greeting()


def test_a_text_that_the_candidate_does_not_have_is_the_default():
    with wearing(Candidate(texts={"other/text": "Hi."})):
        assert "Hello." == greeting()


def test_texts_are_found_in_the_source_and_those_of_other_agents_are_not():
    found = {each.id: each for each in texts_in_code(["tests"])}

    assert ("Hello.", Kind.TEXT, "tests") == (
        found["tests/greeting"].text,
        found["tests/greeting"].kind,
        found["tests/greeting"].agent,
    )
    assert not any(each.id.startswith("tests/") for each in texts_in_code(["support"]))


PROGRAM = '''
    """A program with texts of its own."""

    import spanwright
    from pydantic_ai import Agent
    from pydantic_ai.models.test import TestModel
    from spanwright import optimizable
    from spanwright import text as ours

    helper = Agent(TestModel(), name="helper", instructions="Help.")
    CLOSING = """\\
        Be brief.
        """.strip()


    def text(key, default):
        return "not ours"


    def prompt(task):
        opening = ours("opening", "Please:")  # kept
        return f"{opening} {task} {spanwright.text('helper/closing', CLOSING)} {text('theirs', 'No.')}"


    def late(key):
        return ours(key, "Later.") + ours("made", str(key))


    @optimizable(agents=[helper])
    async def run(task):
        return (await helper.run(prompt(task))).output
'''


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Return what writes a module of the user's and imports it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    names = []

    def made(source: str):
        names.append(f"shop_of_texts_{len(names)}_{tmp_path.name.replace('-', '_')}")
        (tmp_path / f"{names[-1]}.py").write_text(dedent(source).lstrip())
        return import_module(names[-1])

    yield made
    for name in names:
        sys.modules.pop(name, None)


async def test_they_are_listed_with_where_they_are_written_and_what_cannot_be_known_is_left_alone(shop):
    module = shop(PROGRAM)
    reach = Reach(module=module.__name__, name="run")

    found = await subject_of(module.run, None, {}).components()
    listed = {each.id: (each, place) for each, place in whereabouts(found, module.run, agents_in(module.run), reach)}

    assert {"helper/instructions", "text/opening", "helper/closing", "text/made"} == set(listed)
    assert "Please:" == listed["text/opening"][0].text
    assert (f"{module.__name__}.py", 20) == (
        listed["text/opening"][1].file.name,
        listed["text/opening"][1].line,
    )
    assert listed["text/made"][0].dynamic
    assert listed["text/made"][1].obstacle


async def test_a_program_offers_them_with_the_texts_of_its_agents(shop):
    module = shop(PROGRAM)

    found = await subject_of(module.run, None, {}).components()

    assert {"text/opening": "Please:", "helper/closing": "Be brief."} == {
        each.id: each.text for each in found if each.kind is Kind.TEXT and not each.dynamic
    }


@pytest.mark.parametrize(
    "asking",
    [
        'from spanwright import text as ours\nours("made/sign", "One.")\n',
        'from spanwright import (\n    optimizable,  # (decorates)\n    text,\n)\ntext("made/sign", "One.")\n',
        'from spanwright import optimizable, \\\n    text\ntext("made/sign", "One.")\n',
        'import json, spanwright as s\ns.text("made/sign", "One.")\n',
        'def show():\n    import spanwright\n    return spanwright.text("made/sign", "One.")\n',
    ],
)
def test_they_are_found_however_the_function_was_imported(shop, asking):
    shop(asking)

    assert ["One."] == [each.text for each in texts_in_code(["made"]) if each.id == "made/sign"]


def test_a_file_that_was_changed_is_read_again(shop):
    module = shop('from spanwright import text\n\nsign = text("edited/sign", "One.")\n')
    before = [each.text for each in texts_in_code(["edited"]) if each.id == "edited/sign"]
    Path(module.__file__).write_text('from spanwright import text\n\nsign = text("edited/sign", "Another one.")\n')

    assert ["One."] == before
    assert ["Another one."] == [each.text for each in texts_in_code(["edited"]) if each.id == "edited/sign"]


def test_two_defaults_under_one_key_are_an_error_that_names_both_places(shop):
    module = shop('from spanwright import text\n\na = text("sign", "One.")\nb = text("sign", "Two.")\n')

    with pytest.raises(UsageError, match=rf"'text/sign' has two defaults, at {module.__name__}.py:3 and at .*py:4"):
        texts_in_code([])


def here(question: Question):
    return asyncio.run(answer(question))


def test_the_winners_texts_are_written_back_to_the_literal_or_the_constant(shop, tmp_path):
    module = shop(PROGRAM)
    path = tmp_path / f"{module.__name__}.py"
    before = path.read_text()
    reach = Reach(module=module.__name__, name="run")

    found = write_back(
        reach,
        {"text/opening": "Please:", "helper/closing": "Be brief."},
        {"text/opening": "Kindly:", "helper/closing": "Be brief.\nBe kind."},
        write=True,
        asking=here,
    )

    after = path.read_text()
    assert not found.unwritable
    assert 'ours("opening", "Kindly:")  # kept' in after
    assert "Be kind." in after
    assert before.splitlines()[12:17] == after.splitlines()[13:18], "the function of the same name is somebody else's"


@dataclass
class Teacher:
    """A reflector that writes what the program should say."""

    contexts: list[ReflectionContext] = field(default_factory=list)

    async def reflect(self, context: ReflectionContext) -> Reflection:
        self.contexts.append(context)
        return Reflection(result=Proposal(parents=(context.parent.id,), edits={"text/cry": "LOUD"}))


ECHO = """
    from pydantic_ai import Agent, ModelResponse, TextPart
    from pydantic_ai.models.function import FunctionModel
    from spanwright import optimizable, text


    def echo(messages, info):
        return ModelResponse(parts=[TextPart(str(messages[-1].parts[-1].content))])


    echoing = Agent(FunctionModel(echo), name="echoing", instructions="Echo.")


    @optimizable(agents=[echoing])
    async def cry(task):
        return (await echoing.run(f"{text('cry', 'quiet')} {task}")).output
"""


async def test_a_run_finds_suspects_evolves_and_returns_them(shop):
    teacher = Teacher()
    cases = [Case(name=f"c{n}", inputs=f"task {n}") for n in range(20)]
    result = await optimize(
        shop(ECHO).cry,
        Evals(cases=cases, metric=lambda _case, output, _trace: float("LOUD" in output)),
        reflection_model=teacher,
        store=MemoryStore(),
        run=Run(progress=False),
        budget=Budget(rollouts=60),
    )

    assert "LOUD" == result.best.texts["text/cry"]
    assert ("text/cry",) == result.components_changed
    for each in teacher.contexts[0].examples:
        assert "text/cry" in each.blamed
        assert "text/cry" in each.observed.trace.components
