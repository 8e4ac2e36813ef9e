"""Write `cases.yaml` anew: `python -m spanwright_agents.claims.make_cases`.

It is committed; the same seed writes the same bytes, and a test compares them. Every second claim is false: its last
fact is another page's. Whether a claim holds is nobody's question here, only whether its pages are found.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

import yaml
from pydantic import TypeAdapter

from spanwright_agents.multihop.library import Library, library
from spanwright_agents.multihop.make_corpus import SEED
from spanwright_agents.multihop.world.entities import Entity, World

CASES = Path(__file__).with_name("cases.yaml")
TEMPLATES = Path(__file__).with_name("claims.yaml")
MOST_OF_A_TEMPLATE = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Claims that follow the same links."""

    start: str
    path: list[str]
    fact: str
    forms: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A claim and its three pages, in the order in which they lead to each other."""

    text: str
    template: str
    form: int
    holds: bool
    titles: tuple[str, ...]


def make_claims(world: World) -> tuple[Claimed, ...]:
    """Make the claims. The words of none find its second or third page."""
    templates = TypeAdapter(dict[str, Template]).validate_python(yaml.safe_load(TEMPLATES.read_text("utf-8")))
    dice = Random(f"{SEED}/claims")
    made: list[Claimed] = []
    for name, template in templates.items():
        hidden = (each for each in _of(world, name, template, dice) if _hidden(each, library()))
        made.extend(islice(hidden, MOST_OF_A_TEMPLATE))
    return tuple(made)


def cases_text(claims: tuple[Claimed, ...]) -> str:
    """Return the content of `cases.yaml`: a pydantic-evals dataset."""
    cases = [
        {
            "name": f"{claim.template}-{number}",
            "inputs": claim.text,
            "metadata": {"holds": claim.holds, "group": f"{claim.template}/{claim.form}"},
            "expected_output": {"titles": list(claim.titles)},
        }
        for number, claim in enumerate(claims, 1)
    ]
    return yaml.safe_dump({"name": "claims", "cases": cases}, sort_keys=False, allow_unicode=True, width=120)


def _of(world: World, name: str, template: Template, dice: Random) -> Iterator[Claimed]:
    starts = world.of(template.start)
    dice.shuffle(starts)
    for number, start in enumerate(starts):
        pages = _pages(world, start, template.path)
        holds = number % 2 == 0
        fact = _fact(world, pages[-1], template.fact, dice, holds=holds)
        form = number // 2 % len(template.forms)
        facts: Mapping[str, str] = {**start.facts, "fact": fact}
        yield Claimed(
            text=template.forms[form].format_map(facts),
            template=name,
            form=form + 1,
            holds=holds,
            titles=tuple(page.title for page in pages),
        )


def _pages(world: World, start: Entity, path: list[str]) -> list[Entity]:
    pages = [start]
    for link in path:
        pages.append(world.titled(pages[-1].links[link]))
    return pages


def _fact(world: World, page: Entity, fact: str, dice: Random, *, holds: bool) -> str:
    true = page.facts[fact]
    others = sorted({other.facts[fact] for other in world.of(page.kind)} - {true})
    return true if holds else dice.choice(others)


def _hidden(claim: Claimed, library: Library) -> bool:
    """Say whether the words of a claim find its first page and neither of the others."""
    found = {passage.title for passage in library.best(claim.text)}
    return claim.titles[0] in found and found.isdisjoint(claim.titles[1:])


def main() -> None:
    """Write the file."""
    CASES.write_text(cases_text(make_claims(World(SEED))), "utf-8")


if __name__ == "__main__":
    main()
