"""Write `corpus.jsonl` and `cases.yaml` anew: `python -m spanwright_agents.multihop.make_corpus`.

Both are committed; the same seed writes the same bytes, and a test compares them.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from random import Random

import yaml

from spanwright_agents.multihop.library import CORPUS, Library, Passage
from spanwright_agents.multihop.world.entities import World
from spanwright_agents.multihop.world.prose import Prose
from spanwright_agents.multihop.world.questions import Question, ask

SEED = 1811
CASES = Path(__file__).with_name("cases.yaml")


def make_passages(world: World) -> tuple[Passage, ...]:
    """Write the paragraphs in random order, so that a place in the corpus says nothing about a kind."""
    dice = Random(f"{SEED}/prose")
    prose = Prose(tuple(town.name for town in world.of("town")), world.words)
    passages = [Passage(title=entity.title, text=prose.paragraph(entity, dice)) for entity in world.entities]
    dice.shuffle(passages)
    return tuple(passages)


def make_questions(world: World, passages: tuple[Passage, ...]) -> tuple[Question, ...]:
    """Ask the questions. None gives its second paragraph away to a search for its own words, cut short or not."""
    library = Library(passages)

    def retrievable(query: str, title: str) -> bool:
        found = (*library.search(query).passages, *library.best(query))
        return any(passage.title == title for passage in found)

    return tuple(ask(world, Random(f"{SEED}/questions"), retrievable))


def corpus_text(passages: Iterable[Passage]) -> str:
    """Return the content of `corpus.jsonl`."""
    lines = (json.dumps({"title": each.title, "text": each.text}, ensure_ascii=False) for each in passages)
    return "".join(f"{line}\n" for line in lines)


def cases_text(questions: Iterable[Question]) -> str:
    """Return the content of `cases.yaml`: a pydantic-evals dataset."""
    cases = [
        {
            "name": f"{question.template}-{number}",
            "inputs": question.text,
            "metadata": {"kind": question.kind, "group": f"{question.template}/{question.form}"},
            "expected_output": {"text": question.answer, "titles": list(question.titles)},
        }
        for number, question in enumerate(questions, 1)
    ]
    return yaml.safe_dump(
        {"name": "multihop", "evaluators": ["ExactMatch", "TokenF1"], "cases": cases},
        sort_keys=False,
        allow_unicode=True,
        width=120,
    )


def main() -> None:
    """Write both files."""
    world = World(SEED)
    passages = make_passages(world)
    CORPUS.write_text(corpus_text(passages), "utf-8")
    CASES.write_text(cases_text(make_questions(world, passages)), "utf-8")


if __name__ == "__main__":
    main()
