"""Reflectors beside the one that asks a model about traces: by scores, by demonstrations, in parts, and twice."""

from dataclasses import dataclass, field, replace

import pytest
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from reflection_fixtures import one_component, proposed, refused, tool_and_parameter

from spanwright.core.candidate import Candidate, Component, Kind
from spanwright.core.context import ReflectionContext, ScoredText
from spanwright.core.proposal import Lesson, Proposal, Reflection, Refusal, RefusalReason
from spanwright.engine import Divided, MapReduce
from spanwright.errors import WorldFailed
from spanwright.reflection import (
    Demonstrations,
    ModelReflector,
    Refined,
    Rung,
    compose_reduction,
    compose_refinement,
    compose_scores,
    joined,
    parted,
)

TRIAGE = "triage/instructions"


@dataclass
class Scripted:
    """Answers what it was given, one after another, and keeps what it saw."""

    answers: list[Proposal | Refusal | Exception]
    seen: list[ReflectionContext] = field(default_factory=list)

    async def reflect(self, context: ReflectionContext) -> Reflection:
        self.seen.append(context)
        answer = self.answers[len(self.seen) - 1]
        if isinstance(answer, Exception):
            raise answer
        return Reflection(result=answer, prompt=f"asked {len(self.seen)}", answer="said")


def proposal(text: str, *lessons: str) -> Proposal:
    learned = tuple(Lesson(component=TRIAGE, text=each) for each in lessons)
    return Proposal(parents=("parent",), edits={TRIAGE: text}, diagnosis=f"because of {text}", lessons=learned)


def many(count: int) -> ReflectionContext:
    context = one_component()
    return replace(context, examples=(context.examples * count)[:count])


def test_a_prompt_by_scores_shows_earlier_texts_worst_first_and_nothing_of_what_went_wrong() -> None:
    scored = (
        ScoredText(component=TRIAGE, text="Sort.", score=0.25),
        ScoredText(component=TRIAGE, text="Think.", score=0.5),
    )
    prompt = compose_scores(replace(one_component(), scored=scored), 8_000, Rung.TAGGED).text

    assert prompt.index("score 0.250") < prompt.index("score 0.500")
    assert "Sort." in prompt
    assert "charged twice" in prompt
    assert "expected 'billing'" not in prompt


def test_where_room_is_short_the_worst_texts_are_left_out() -> None:
    scored = tuple(ScoredText(component=TRIAGE, text="word " * 200, score=number / 100) for number in range(40))
    prompt = compose_scores(replace(one_component(), scored=scored), 3_000, Rung.TAGGED).text

    assert "score 0.390" in prompt
    assert "score 0.000" not in prompt
    assert len(prompt.encode()) <= 4 * 3_000


async def test_demonstrations_are_taken_from_what_went_well_and_replace_earlier_ones() -> None:
    context = one_component()
    text = proposed((await Demonstrations().reflect(context)).result).edits[TRIAGE]
    again = replace(context, parent=context.parent.edited({TRIAGE: text}), attempt=8)

    assert text.startswith("Sort the ticket of {customer} into a queue.")
    assert "Please cancel my subscription." in text
    assert "charged twice" not in text
    assert parted(text)[0] == context.parent.texts[TRIAGE]
    assert joined(*parted(text)) == text
    assert RefusalReason.UNCHANGED is refused((await Demonstrations().reflect(again)).result).reason


async def test_without_anything_that_went_well_there_is_nothing_to_demonstrate() -> None:
    result = (await Demonstrations(passing=1.5).reflect(one_component())).result

    assert RefusalReason.UNCHANGED is refused(result).reason


async def test_a_demonstration_shows_the_tools_that_were_called() -> None:
    context = tool_and_parameter()
    result = (await Demonstrations(passing=0.0, at_most=8).reflect(context)).result

    assert "Call:" in "".join(proposed(result).edits.values())


async def test_many_examples_are_read_in_parts_and_their_proposals_are_joined() -> None:
    reader = Scripted([proposal("one", "first"), proposal("two", "second"), proposal("three", "first")])
    reducer = Scripted([proposal("all")])
    result = proposed((await MapReduce(reader, reducer).reflect(many(10))).result)

    assert [4, 3, 3] == [len(each.examples) for each in reader.seen]
    assert {TRIAGE: "all"} == result.edits
    assert ["first", "second"] == [lesson.text for lesson in result.lessons]
    assert ["one", "two", "three"] == [each.edits[TRIAGE] for each in reducer.seen[0].proposals]


async def test_parts_that_the_world_fails_are_left_out_and_all_of_them_are_its_failure() -> None:
    down = WorldFailed("model", "down")
    reader = Scripted([proposal("one"), down, down])

    assert {TRIAGE: "one"} == proposed((await MapReduce(reader, Scripted([])).reflect(many(9))).result).edits
    with pytest.raises(WorldFailed):
        await MapReduce(Scripted([down, down, down]), Scripted([])).reflect(many(9))


def desk(tools: int) -> ReflectionContext:
    """Return a context that offers the descriptions of so many tools, each with one parameter."""
    ids = [id for number in range(tools) for id in (f"desk/tool:t{number}", f"desk/tool:t{number}/id")]
    kinds = (Kind.TOOL, Kind.PARAMETER)
    components = tuple(Component(id=id, kind=kinds[id.count("/") - 1], agent="desk", text=f"old {id}") for id in ids)
    lessons = tuple(Lesson(component=id, text="seen") for id in ids)
    parent = Candidate(texts={each.id: each.text for each in components})
    return replace(one_component(), components=components, parent=parent, lessons=lessons)


def edits(*numbers: int) -> Proposal:
    return Proposal(
        parents=("parent",),
        edits={f"desk/tool:t{number}": f"new {number}" for number in numbers},
        diagnosis=f"because of {numbers}",
        lessons=(Lesson(component="desk/instructions", text="the same"),),
        suspected=("desk/tool:t5", "desk/instructions"),
    )


async def test_many_texts_are_dealt_out_to_readers_who_all_see_what_happened_and_their_edits_add_up() -> None:
    context, reader = desk(6), Scripted([edits(0, 1), edits(2), edits(4, 5)])
    result = proposed((await Divided(reader, share=4).reflect(context)).result)

    assert [["t0", "t1"], ["t2", "t3"], ["t4", "t5"]] == [
        [each.id.removeprefix("desk/tool:") for each in seen.components if each.kind is Kind.TOOL]
        for seen in reader.seen
    ]
    assert all(seen.examples == context.examples for seen in reader.seen)
    assert all(
        {each.component for each in seen.lessons} == {each.id for each in seen.components} for seen in reader.seen
    )
    assert all({*seen.components, *seen.others} >= {*context.components} for seen in reader.seen)
    assert all(
        seen.shared == {each.id for each in context.components} - {each.id for each in seen.components}
        for seen in reader.seen
    )
    assert {f"desk/tool:t{number}": f"new {number}" for number in (0, 1, 2, 4, 5)} == result.edits
    assert 1 == len(result.lessons)
    assert ("desk/instructions",) == result.suspected
    assert (context.parent.id,) == result.parents


async def test_a_reader_is_told_which_texts_somebody_else_edits() -> None:
    prompts: list[str] = []

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        prompts.append(str(messages))
        return ModelResponse(parts=[TextPart("nothing")])

    await Divided(ModelReflector(FunctionModel(answer)), share=4).reflect(desk(6))

    assert any("Somebody else reads the same records now and edits `desk/tool:t2`" in prompt for prompt in prompts)


async def test_texts_that_fit_one_reader_are_not_dealt_out_and_a_reader_that_fails_leaves_the_others() -> None:
    alone = Scripted([edits(0)])
    await Divided(alone, share=12).reflect(desk(6))
    refusal, down = Refusal(reason=RefusalReason.MALFORMED), WorldFailed("model", "down")
    some = await Divided(Scripted([refusal, edits(2), down]), share=4).reflect(desk(6))

    assert desk(6).components == alone.seen[0].components
    assert {"desk/tool:t2": "new 2"} == proposed(some.result).edits
    assert refusal == (await Divided(Scripted([refusal, refusal, down]), share=4).reflect(desk(6))).result
    with pytest.raises(WorldFailed):
        await Divided(Scripted([down, down, down]), share=4).reflect(desk(6))


async def test_a_tool_with_more_texts_than_one_reader_is_shown_is_parted() -> None:
    reader = Scripted([edits(0), edits(1), edits(2)])
    await Divided(reader, share=1).reflect(replace(desk(6), components=desk(6).components[:3]))

    assert [1, 1, 1] == [len(each.components) for each in reader.seen]


async def test_few_examples_are_read_together() -> None:
    reader = Scripted([proposal("one")])
    await MapReduce(reader, Scripted([])).reflect(many(3))

    assert [3] == [len(each.examples) for each in reader.seen]


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (proposal("two"), "two"),
        (Refusal(reason=RefusalReason.MALFORMED), "one"),
        (Refusal(reason=RefusalReason.UNCHANGED), None),
    ],
)
async def test_a_second_look_mends_keeps_or_drops_a_proposal(second: Proposal | Refusal, expected: str | None) -> None:
    checker = Scripted([second])
    result = (await Refined(Scripted([proposal("one", "learned")]), checker).reflect(one_component())).result

    assert ["one"] == [each.edits[TRIAGE] for each in checker.seen[0].proposals]
    if expected is None:
        assert RefusalReason.UNCHANGED is refused(result).reason
    else:
        assert {TRIAGE: expected} == proposed(result).edits
        assert ["learned"] == [lesson.text for lesson in proposed(result).lessons]


def test_the_prompts_show_what_was_proposed_within_their_allowance() -> None:
    context = replace(one_component(), proposals=tuple(proposal(f"rule {number}. " * 400) for number in range(6)))
    joining = compose_reduction(context, 4_000, Rung.TOOL).text
    checking = compose_refinement(replace(context, proposals=context.proposals[:1]), 4_000, Rung.TOOL).text

    assert all(f"Proposal {number}" in joining for number in range(1, 7))
    assert "because of rule 0" in checking
    assert "expected 'billing'" in checking
    assert "expected 'billing'" not in joining
    assert max(len(joining.encode()), len(checking.encode())) <= 4 * 4_000
