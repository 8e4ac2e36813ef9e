"""The program of four modules: its claims can be won, and feedback and edits go to the module they are meant for."""

from contextlib import ExitStack
from dataclasses import replace

import pytest
from pydantic_ai import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from spanwright import Budget, Candidate, MemoryStore, Policy, Proposal, Reflection, Run, Trace, optimize, wearing
from spanwright.testing.simulated.models import REFLECTION_MODEL, TASK_MODEL, default_models
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.transport import in_process, simulated_model
from spanwright_agents.claims import (
    Trail,
    claims,
    first_summary,
    second_query,
    second_summary,
    third_query,
    trace_claim,
)
from spanwright_agents.claims.evals import JUDGE, cases
from spanwright_agents.claims.make_cases import CASES, cases_text, make_claims
from spanwright_agents.claims.program import Hop
from spanwright_agents.claims.reference import gold, scores
from spanwright_agents.multihop.library import library
from spanwright_agents.multihop.make_corpus import SEED
from spanwright_agents.multihop.world.entities import World

MODULES = (first_summary, second_query, second_summary, third_query)
TEXTS = {passage.title: passage.text for passage in library().passages}
CASE = next(case for case in cases() if case.expected_output.titles[1].endswith("(engineer)"))
FIRST, SECOND, THIRD = CASE.expected_output.titles
NAME = SECOND.partition(" (")[0]


def judged(trail: Trail):
    """Return the components that the judge blames, with its reasons."""
    return JUDGE(CASE, trail, Trace()).blame


def hop(query: str, *titles: str) -> Hop:
    return Hop(query=query, passages=tuple(each for each in library().passages if each.title in titles))


def trail(summaries: tuple[str, str], *hops: Hop) -> Trail:
    titles = dict.fromkeys(passage.title for each in hops for passage in each.passages)
    return Trail(titles=tuple(titles), hops=hops, summaries=summaries)


def test_the_committed_claims_are_what_the_generator_writes():
    assert cases_text(make_claims(World(SEED))) == CASES.read_text("utf-8")


def test_an_idle_program_finds_nothing_and_a_perfect_one_everything():
    assert {"empty": 0.0, "gold": 1.0} == scores()


def test_a_trail_that_leads_to_all_pages_is_right_and_nobody_is_blamed():
    score = JUDGE(CASE, gold(CASE.inputs, CASE.expected_output.titles), Trace())

    assert 1.0 == score.value
    assert {"all found": 1.0, "recall": 1.0} == score.objectives
    assert {} == score.blame


def test_a_summary_that_leaves_out_the_next_name_is_to_blame_and_not_the_query_that_could_not_know_it():
    lost = trail(("It tells of a bridge.", "Nothing."), hop(CASE.inputs, FIRST), hop("bridge", FIRST), hop("bridge"))

    assert {"first_summary/instructions": f"the summary leaves out {NAME!r}, which the passage {FIRST!r} names"} == (
        judged(lost)
    )


def test_a_query_that_misses_what_its_summary_names_is_to_blame_and_nobody_after_it():
    lost = trail((TEXTS[FIRST], "Nothing."), hop(CASE.inputs, FIRST), hop("bridge", FIRST), hop("bridge"))

    assert ["second_query/instructions"] == list(judged(lost))


def test_the_second_summary_and_the_third_query_answer_for_the_third_page():
    searched = (hop(CASE.inputs, FIRST), hop(NAME, SECOND), hop("town"))

    assert ["second_summary/instructions"] == list(judged(trail((TEXTS[FIRST], "Somebody."), *searched)))
    assert ["third_query/instructions"] == list(judged(trail((TEXTS[FIRST], TEXTS[SECOND]), *searched)))


def told(seen: dict[str, str], name: str) -> FunctionModel:
    """Return a model that notes the instructions which its agent gets."""

    def reply(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        seen[name] = info.instructions or ""
        return ModelResponse(parts=[TextPart("bridge")])

    return FunctionModel(reply)


@pytest.mark.parametrize("edited", [agent.name for agent in MODULES])
async def test_an_edit_of_one_module_reaches_that_one_alone(edited):
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    for seen, texts in ((before, {}), (after, {f"{edited}/instructions": "Do it well."})):
        with ExitStack() as stack:
            for agent in MODULES:
                stack.enter_context(agent.override(model=told(seen, agent.name)))
            stack.enter_context(wearing(Candidate(texts=texts)))
            await trace_claim(CASE.inputs)

    assert {agent.name for agent in MODULES} == set(before)
    assert {edited: "Do it well."} == {name: text for name, text in after.items() if text != before[name]}


class Teacher:
    """A reflector that keeps what it was asked."""

    def __init__(self):
        self.contexts = []

    async def reflect(self, context):
        self.contexts.append(context)
        edits = {each.id: f"Do it well, {context.attempt}." for each in context.components[:1]}
        return Reflection(result=Proposal(parents=(context.parent.id,), edits=edits))


@pytest.fixture
def reflection_model(monkeypatch):
    """The simulated reflection model; the modules have the simulated task model."""
    provider = in_process(simulated_app(default_models(), salt="1"))
    for agent in MODULES:
        monkeypatch.setattr(agent, "model", simulated_model(TASK_MODEL, provider))
    return simulated_model(REFLECTION_MODEL, provider)


@pytest.mark.usefixtures("reflection_model")
async def test_the_module_that_lost_the_trail_is_the_prime_suspect():
    teacher = Teacher()
    await optimize(
        trace_claim,
        replace(claims(), cases=cases()[:12], validation=cases()[40:48]),
        reflection_model=teacher,
        store=MemoryStore(),
        run=Run(progress=False),
        budget=Budget(rollouts=36),
    )

    blamed = [
        (tuple(each.observed.rollout.score.blame), each.blamed)
        for context in teacher.contexts
        for each in context.examples
        if each.observed.rollout.score.blame and each.blamed
    ]
    assert blamed
    assert all(suspects[: len(named)] == tuple(sorted(named)) for named, suspects in blamed)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_run_makes_the_program_better_on_claims_that_it_never_saw(reflection_model):
    result = await optimize(
        trace_claim,
        claims(),
        reflection_model=reflection_model,
        store=MemoryStore(),
        run=Run(progress=False),
        budget=Budget(rollouts=600),
        policy=Policy.default(seed=1, schedule="ordered"),
    )

    print(result.headline)  # noqa: T201  (the figures are for people, see `make test-slow`)
    assert result.best_test >= result.seed_test + 0.25
    assert len(result.components_changed) >= 3


SUMMARY = "Summarize the passages. Keep every name of a person or place that the passages mention."
QUERY = (
    "Write a search query. Write short queries of names and key terms. The next query should be the name that the"
    " previous passages mention. Query by the name together with its role or kind, e.g. the profession."
)


async def found(candidate: Candidate) -> float:
    """Return the share of some claims whose pages are all found."""
    asked = cases()[::4]
    with wearing(candidate):
        return sum([JUDGE(case, await trace_claim(case.inputs), Trace()).value for case in asked]) / len(asked)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("reflection_model")
async def test_it_takes_all_four_good_texts():
    good = {f"{agent.name}/instructions": SUMMARY if "summary" in agent.name else QUERY for agent in MODULES}
    alone = [await found(Candidate(texts={name: text})) for name, text in good.items()]
    but_one = [await found(Candidate(texts={**good, name: "Go on."})) for name in good]
    whole = await found(Candidate(texts=good))

    print(f"one good text {alone}, all but one {but_one}, all {whole:.2f}")  # noqa: T201  (as above)
    assert await found(Candidate(texts={})) <= 0.05
    assert max(alone) <= 0.15
    assert max(but_one) <= whole - 0.2
