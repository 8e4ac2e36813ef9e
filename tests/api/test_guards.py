"""`Components(guards=, pinned=)`: bounds for texts hold whoever writes them, and are checked before money is spent."""

import re
from dataclasses import dataclass, field

import pytest
from api_world import World, words
from pydantic_evals import Case, Dataset

from spanwright import (
    Component,
    Components,
    Evals,
    Guard,
    Kind,
    Proposal,
    Reflection,
    ReflectionContext,
    UsageError,
    optimize,
)
from spanwright.core.breaches import breach, misshapen
from spanwright.core.events import Refused

OWN = "speaker/instructions"
TASK = "Tell me at once where my parcel from the northern depot has gone"


@dataclass
class Says:
    """A reflector that always writes the same."""

    text: str
    contexts: list[ReflectionContext] = field(default_factory=list)

    async def reflect(self, context: ReflectionContext) -> Reflection:
        self.contexts.append(context)
        return Reflection(result=Proposal(parents=(context.parent.id,), edits={OWN: self.text}))


def guarded(guard: Guard) -> Component:
    limit = guard.max_characters or 8_000
    return Component(id=OWN, kind=Kind.INSTRUCTIONS, agent="speaker", text="Say the word.", guard=guard, limit=limit)


async def told(world: World, text: str, guard: Guard, evals=None) -> set[str]:
    """Return what became of a proposal with this text."""
    seen: list[object] = []
    options = world.options(rollouts=30)
    options["reflection_model"] = Says(text)
    how = type(options["run"])(name="first", progress=False, observers=[seen.append])
    components = Components(OWN, guards={"speaker/instr*": guard})
    await optimize(world.agent, evals or words(12), **{**options, "run": how}, components=components)
    return {f"{each.refusal.reason}: {each.refusal.detail}" for each in seen if isinstance(each, Refused)}


@pytest.mark.parametrize(
    ("guard", "text", "refusal"),
    [
        (Guard(max_tokens=5), "Say the word in capital letters.", "too long: the text of `.*` has 8 tokens, 5 are"),
        (Guard(max_characters=20), "Say the word in capital letters.", "too long: .*has 32 characters, 20 are allowed"),
        (Guard(keep=["Say the"]), "CAPITALS!", "placeholder lost: .* lacks `Say the`"),
        (Guard(forbid=[r"https?://"]), "See https://x.example", "forbidden content: .*has `https://`"),
        (Guard(format="plain"), "# Rules\nShout.", "wrong format: .*is to be plain text, but it has a heading"),
        (Guard(format="plain"), "Say **it** loud.", "wrong format: .*it has emphasis"),
        (Guard(format="plain"), "<rules>Shout</rules>", "wrong format: .*it has the tag <rules>"),
        (Guard(format="markdown"), "<rules>Shout</rules>", "wrong format: .*it has the tag <rules>"),
        (Guard(format="markdown"), "Shout:\n```\nHI", "wrong format: .*a code block is not closed"),
    ],
)
def test_a_text_that_breaks_a_guard_is_refused_and_says_how(guard, text, refusal) -> None:
    found = breach(guarded(guard), text)

    assert found is not None
    assert re.search(refusal, f"{found.reason}: {found.detail}")


@pytest.mark.parametrize(
    ("guard", "text"),
    [
        (Guard(format="plain"), "Say it:\n- in capitals, if 3 < 4 * 5\n- and <loud>, a_b"),
        (Guard(format="markdown"), "# Rules\n- **Loud**\n```\nHI\n```"),
        (Guard(max_tokens=8, keep=["word"], forbid=["http"]), "Say the word in capital letters."),
    ],
)
def test_a_text_that_keeps_to_its_guard_is_not(guard, text) -> None:
    assert breach(guarded(guard), text) is None


async def test_a_proposal_that_breaks_a_guard_costs_no_rollout_whoever_wrote_it(world) -> None:
    refused = await told(world, "Say http://x.", Guard(forbid=["http"]))

    assert {f"forbidden content: the text of `{OWN}` has `http`, and `http` is forbidden"} == refused


async def test_the_words_of_one_task_are_no_rule_and_those_of_all_tasks_may_stand(world) -> None:
    asked = [Case(name=f"w{n}", inputs=f"{TASK} and why, number {n}", expected_output="HI") for n in range(11)]
    one = Case(name="one", inputs="My aunt Ida sends her parcels by the night train on Sundays", expected_output="HI")
    evals = Evals(cases=Dataset(name="a", cases=asked), validation=[one], metric=lambda case, output, trace: 0.0)

    copied = await told(world, f"Say: {one.inputs}.", Guard(), evals)
    common = await told(World(world.folder / "b"), f"Say: {TASK}.", Guard(), evals)
    allowed = await told(World(world.folder / "c"), f"Say: {one.inputs}.", Guard(copies=True), evals)

    assert any(each.startswith("copied from a task: the text of") for each in copied)
    assert not any(each.startswith("copied") for each in common | allowed)


@pytest.mark.parametrize(
    ("components", "message"),
    [
        (Components(guards={"speaker/tool:punctuat": Guard()}), "the guard for 'speaker/tool:punctuat' guards no"),
        (Components(guards={"*": Guard(max_tokens=3)}), "broken before .*`speaker/instructions` has 4 tokens, 3 are"),
        (Components(guards={"*": Guard(keep=["{name}"])}), "broken before .*lacks `{name}`"),
        (Components(guards={"*": Guard(format="xml")}), "broken before .*XML-tagged, but .* stands outside of tags"),
        (Components(pinned=["speaker/nothing"]), "no component is named 'speaker/nothing'"),
        (Components(pinned=["*"]), "there is no component to evolve"),
    ],
)
async def test_bounds_that_fit_nothing_or_that_the_seed_breaks_are_refused(components, message, world) -> None:
    with pytest.raises(UsageError, match=message):
        await optimize(world.agent, words(12), **world.options(), components=components)
    assert 0 == world.task.requests


@pytest.mark.parametrize(
    ("demand", "message"),
    [
        ({"max_tokens": 0}, "max_tokens=0 of a guard allows no text"),
        ({"format": "html"}, "format='html' of a guard is unknown"),
        ({"forbid": ["("]}, r"'\(' of a guard is no regular expression"),
        ({"keep": "{name}"}, "is one text"),
    ],
)
def test_a_guard_that_means_nothing_cannot_be_made(demand, message) -> None:
    with pytest.raises(UsageError, match=message):
        Guard(**demand)


async def test_a_pinned_text_stays_and_guards_that_overlap_hold_together(world) -> None:
    options = world.options(rollouts=30)
    wanted = Components(
        "all", guards={"*": Guard(max_tokens=90, forbid=["x"]), OWN: Guard(max_tokens=20)}, pinned=["speaker/tool:*"]
    )
    result = await optimize(world.agent, words(12), **options, components=wanted)

    assert [OWN] == [each.id for each in result.components]
    assert Guard(max_tokens=20, forbid=["x"]) == result.components[0].guard


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("<rules>\nSay {name}, <b>loud</b>.\n</rules>\n<end>now</end>", ""),
        ("<rules>Shout", "<rules> is not closed"),
        ("<a><b>x</a></b>", "</a> closes nothing"),
        ("Hello <rules>x</rules>", "`Hello` stands outside of tags"),
        ("<rules>x</rules> bye", "`bye` stands outside of tags"),
    ],
)
def test_xml_tagged_means_that_everything_stands_in_closed_tags(text, wrong) -> None:
    assert wrong == misshapen(text, "xml")
