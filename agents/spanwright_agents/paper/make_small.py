"""Write the small data anew: `python -m spanwright_agents.paper.make_small`.

Questions and claims about the country of `multihop`, in the form of the official files. They are committed; the same
seed writes the same bytes, and a test compares them.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any, Final

from spanwright_agents.claims.evals import cases as claims
from spanwright_agents.multihop.evals import questions
from spanwright_agents.multihop.library import Passage, library
from spanwright_agents.paper import aime, ifbench, livebench, make_problems, make_prompts, pupa
from spanwright_agents.paper.hotpotqa import ABSTRACTS, QUESTIONS
from spanwright_agents.paper.hover import CLAIMS
from spanwright_agents.paper.sources import SMALL

SEED: Final = 2507
QUESTIONS_IN_ALL: Final = 60
ABSTRACTS_IN_ALL: Final = 400
BESIDE: Final = 2
"""Paragraphs of a question's context that do not belong to it."""

_SENTENCE: Final = re.compile(r"(?<=[.!?])(?= )")


def files() -> Mapping[str, str]:
    """Return the content of each file by its name."""
    dice = Random(SEED)
    asked = dice.sample([case for case in questions().cases if case.expected_output], QUESTIONS_IN_ALL)
    claimed = dice.sample(claims(), QUESTIONS_IN_ALL)
    wanted = {title for case in (*asked, *claimed) for title in case.expected_output.titles}  # pyright: ignore[reportOptionalMemberAccess]
    abstracts = [passage for passage in library().passages if passage.title in wanted]
    others = [passage for passage in library().passages if passage.title not in wanted]
    abstracts += dice.sample(others, ABSTRACTS_IN_ALL - len(abstracts))
    dice.shuffle(abstracts)
    return {
        QUESTIONS.file: _list(
            _question(case.inputs, case.expected_output, number, dice) for number, case in enumerate(asked, 1)
        ),
        CLAIMS.file: _list(
            _claim(case.inputs, case.expected_output.titles, number)  # pyright: ignore[reportOptionalMemberAccess]
            for number, case in enumerate(claimed, 1)
        ),
        ABSTRACTS.file: "".join(
            f"{json.dumps({'title': each.title, 'text': _sentences(each)}, ensure_ascii=False)}\n" for each in abstracts
        ),
        aime.EARLIER.file: make_problems.problems(dice, 24, solved=True),
        aime.OF_2025.file: make_problems.problems(dice, 4, solved=False),
        livebench.QUESTIONS.file: make_problems.questions(dice, 40),
        pupa.QUERIES.file: make_problems.queries(dice, 28),
        ifbench.TRAIN.file: make_prompts.prompts(dice, 20, test=False),
        ifbench.TEST.file: make_prompts.prompts(dice, 12, test=True),
    }


def _claim(claim: str, titles: Sequence[str], number: int) -> Mapping[str, object]:
    facts = [[title, 0] for title in titles]
    return {"uid": f"small-{number}", "claim": claim, "supporting_facts": facts, "label": "SUPPORTED", "num_hops": 3}


def _question(question: str, answer: Any, number: int, dice: Random) -> Mapping[str, object]:
    texts = {passage.title: passage for passage in library().passages}
    gold = [texts[title] for title in answer.titles]
    context = [*gold, *dice.sample([each for each in library().passages if each not in gold], BESIDE)]
    dice.shuffle(context)
    facts = [[passage.title, _telling(passage, (*answer.titles, answer.text))] for passage in gold]
    return {
        "_id": f"small-{number}",
        "question": question,
        "answer": answer.text,
        "supporting_facts": facts,
        "context": [[passage.title, _sentences(passage)] for passage in context],
        "type": "bridge",
        "level": "easy",
    }


def _telling(passage: Passage, names: Sequence[str]) -> int:
    """Return the number of the first sentence that says a name other than the passage's own; 0 where none does."""
    wanted = [bare for name in names if (bare := name.partition(" (")[0]) not in passage.title]
    found = (number for number, text in enumerate(_sentences(passage)) if any(name in text for name in wanted))
    return next(found, 0)


def _sentences(passage: Passage) -> list[str]:
    """Return the sentences of a passage, each with the blank before it, as Wikipedia's abstracts have them."""
    return _SENTENCE.split(passage.text)


def _list(rows: Iterable[Mapping[str, object]]) -> str:
    """Return a JSON list with a row a line."""
    return "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n"


def main() -> None:
    """Write the files."""
    SMALL.mkdir(exist_ok=True)
    for name, content in files().items():
        (SMALL / name).write_text(content, "utf-8")


if __name__ == "__main__":
    main()
