"""Ask about Orrenmark: bridge questions that need two paragraphs in turn, comparisons, and a few that need one."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from random import Random
from typing import Literal

import yaml
from pydantic import TypeAdapter

from spanwright_agents.multihop.world.entities import HERE, Entity, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A template of questions that follow links from one entity to a fact."""

    start: str
    path: list[str]
    fact: str
    count: int
    forms: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A template of questions that compare two entities."""

    kind: str
    fact: str
    ask: Literal["smaller", "larger", "same"]
    count: int
    forms: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Templates:
    """The content of `questions.yaml`."""

    bridge: dict[str, Chain]
    comparison: dict[str, Pair]
    one_hop: dict[str, Chain]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question, its answer, and the titles of the paragraphs that hold it in the order in which they are needed."""

    kind: Literal["bridge", "comparison", "one_hop"]
    template: str
    form: int
    """Which of the template's wordings it has, from 1."""
    text: str
    answer: str
    titles: tuple[str, ...]


Retrievable = Callable[[str, str], bool]
"""Whether a search for the first text finds the paragraph with the second as its title."""


def ask(world: World, dice: Random, retrievable: Retrievable) -> Iterator[Question]:
    """Yield the questions. The second paragraph of a bridge question is never found by the question's own words."""
    templates = TypeAdapter(Templates).validate_python(yaml.safe_load((HERE / "questions.yaml").read_text("utf-8")))
    for name, chain in templates.bridge.items():
        hidden = (
            question
            for question in chains(world, name, chain, dice)
            if not retrievable(question.text, question.titles[1])
        )
        yield from first(alternating(hidden), chain.count)
    for name, pair in templates.comparison.items():
        yield from first(pairs(world, name, pair, dice), pair.count)
    for name, chain in templates.one_hop.items():
        yield from first(chains(world, name, chain, dice), chain.count)


def first(questions: Iterator[Question], wanted: int) -> list[Question]:
    """Return the first questions of a stream; a world too small for them is an error."""
    found = [question for question, _ in zip(questions, range(wanted), strict=False)]
    if len(found) < wanted:
        raise ValueError(f"only {len(found)} of {wanted} questions of template {found[0].template!r} can be asked")
    return found


def alternating(questions: Iterable[Question]) -> Iterator[Question]:
    """Yield questions of which every second one, while there are any, ends at a thing that shares its name."""
    found = list(questions)
    shared = [question for question in found if question.titles[-1].endswith(")")]
    unique = [question for question in found if not question.titles[-1].endswith(")")]
    for one, other in zip_longest(shared, unique):
        yield from (question for question in (one, other) if question is not None)


def chains(world: World, template: str, chain: Chain, dice: Random) -> Iterator[Question]:
    """Yield questions that follow the links of `chain`, in random order."""
    starts = world.of(chain.start)
    dice.shuffle(starts)
    for start in starts:
        steps = [start]
        for link in chain.path:
            steps.append(world.titled(steps[-1].links[link]))
        form = dice.choice(range(len(chain.forms)))
        yield Question(
            kind="bridge" if chain.path else "one_hop",
            template=template,
            form=form + 1,
            text=chain.forms[form].format_map(start.facts),
            answer=steps[-1].facts[chain.fact],
            titles=tuple(step.title for step in steps),
        )


def pairs(world: World, template: str, pair: Pair, dice: Random) -> Iterator[Question]:
    """Yield comparisons; those that ask for sameness are true every second time."""
    for number in range(10 * pair.count):
        one, other = two(world, pair, dice, alike=number % 2 == 0)
        named = {
            "first": one.name,
            "second": other.name,
            "first_profession": one.facts.get("profession", ""),
            "second_profession": other.facts.get("profession", ""),
        }
        form = dice.choice(range(len(pair.forms)))
        yield Question(
            kind="comparison",
            template=template,
            form=form + 1,
            text=pair.forms[form].format_map(named),
            answer=compared(one, other, pair),
            titles=(one.title, other.title),
        )


def two(world: World, pair: Pair, dice: Random, *, alike: bool) -> tuple[Entity, Entity]:
    """Draw two entities of different names to compare."""
    while True:
        one, other = dice.sample(world.of(pair.kind), 2)
        same = one.facts[pair.fact] == other.facts[pair.fact]
        if one.name != other.name and (pair.ask != "same" or same == alike):
            return one, other


def compared(one: Entity, other: Entity, pair: Pair) -> str:
    """Return the answer to a comparison."""
    left, right = one.facts[pair.fact], other.facts[pair.fact]
    if pair.ask == "same":
        return "yes" if left == right else "no"
    smaller = one if int(left) < int(right) else other
    larger = other if smaller is one else one
    return smaller.name if pair.ask == "smaller" else larger.name
