"""Worlds of a family and a lexicon that nobody had in mind."""

from climbing import Climber

from spanwright.core.score import Score
from spanwright.telemetry.attribution import blame
from spanwright.testing.simulated.lexicon import Lexicon
from spanwright.testing.worlds import FAMILIES, Family, Sizes, make_world

SIZES = Sizes(train=40, validation=20, test=60)
GREENHOUSE = Lexicon.parse(
    r"""
stop = '(?<=[.!?])\s+'
calling = '(?:when calling)\s+([\w -]{2,40}?)\s*,\s+|([a-z_]\w{1,30})::\s+'
topic = '(?:for)\s+([\w -]{2,48}?)\s*,\s'
junk = ["Be a good gardener."]
[macros]
[kinds.light]
says = "how much light"
reads = [{ says = '\b(?P<light>full|half|no) (?:light|sun)\b' }]
writes = [{ say = ["Give it {light} light.", "It wants {light} sun.", "Place it in {light} light."] }]
guesses = { light = ["full", "half", "no"] }
[kinds.water]
says = "how often to water"
reads = [{ says = '\bwater(?:ed)? (?P<often>daily|weekly|monthly|never)\b' }]
writes = [{ say = ["It is watered {often}.", "Please water {often}."] }]
guesses = { often = ["daily", "weekly", "monthly", "never"] }
[kinds.soil]
says = "which soil"
reads = [{ says = '\b(?P<soil>sand|clay|peat)\b' }]
writes = [{ say = ["Plant it in {soil}.", "The soil is {soil}."] }]
guesses = { soil = ["sand", "clay", "peat"] }
[kinds.use]
says = "which tool is for what"
reads = [{ says = '^take (?P<tool>\w+) to (?P<topic>[\w ]+)' }, { says = '^take this to (?P<topic>[\w ]+)' }]
writes = [{ say = ["Take {tool} to {topic}."] }, { say = ["Take this to {topic}."] }]
guesses = { topic = ["weed", "mow"] }
"""
)
GARDEN = Family(name="garden", says="two tools", tools=3, rules=8, replies=2, needs=(1, 3), clear=1.0)


def test_a_family_of_ones_own_is_data() -> None:
    world = make_world(GARDEN, 1, sizes=SIZES)

    assert world.truth(world.seed_texts) < 0.6
    assert world.truth(world.oracle) > 0.8


def test_a_lexicon_of_ones_own_makes_worlds_in_which_an_optimizer_gains() -> None:
    for family in ("tools40", "coupled", GARDEN):
        world = make_world(family, 1, sizes=SIZES, lexicon=GREENHOUSE)
        seed, oracle = world.truth(world.seed_texts), world.truth(world.oracle)

        assert seed + 0.2 < oracle
    best = Climber(world).climb(world.seed_texts, attempts=40)

    assert world.truth(best) > seed + 0.1


def test_a_refusal_in_the_trace_is_blamed_on_the_tool_that_refused() -> None:
    world = make_world("long", 1, sizes=SIZES)
    plays = [world.play(world.seed_texts, case, 0) for case in world.splits.train]
    refused = [(played, deed.tool) for played in plays for deed in played.deeds if deed.refused]

    assert refused
    for played, tool in refused:
        weights = blame(played.trace, Score(value=played.score), world.components)
        tools = {id: weight for id, weight in weights.items() if "/tool:" in id}

        assert tools[f"clerk/tool:{tool}"] == max(tools.values())


def test_a_trace_says_which_texts_every_request_carried() -> None:
    world = make_world("tools40", 1, sizes=SIZES)
    trace = world.play(world.seed_texts, world.splits.train[0], 0).trace

    assert len(world.components) == 41
    assert trace.components == {component.id for component in world.components}
    assert {tool.name for call in trace.model_calls for tool in call.tools} >= {call.name for call in trace.tool_calls}


def test_every_family_has_what_its_name_says() -> None:
    faulty = make_world("tools40", 3, sizes=SIZES)
    long = make_world("long", 3, sizes=SIZES)
    single = make_world("single", 3, sizes=SIZES)
    plays = [long.play(long.seed_texts, case, 0) for case in long.splits.train]

    assert sum(each.text != faulty.oracle[each.id] for each in faulty.components) == 8
    assert all(20 <= len(played.deeds) <= 44 for played in plays if played.deeds)
    assert len(single.components) == 1
    assert set(FAMILIES) >= {"rules", "coupled", "tools40", "judge", "long"}
