"""An independent check of a program: its own reading of the problems, its own marks, and problems that are new.

    python -m spanwright_agents.agent_program.check best.py

It prints the score on the problems that the program was chosen by, and on 100 that it has not seen.
"""

import re
import sys
from collections.abc import Sequence
from fractions import Fraction

import anyio

from spanwright.sandbox import Limits
from spanwright_agents.agent_program.problems import Problem, problems
from spanwright_agents.agent_program.task import CALLS, PRICE, PROBLEMS, answers, solver


def worked_out(question: str) -> int:
    """Return the answer to a problem by reading it sentence by sentence, with fractions."""
    has = Fraction(0)
    for sentence in question.split(". "):
        number = re.search(r"\d+", sentence)
        by = Fraction(number[0]) if number else Fraction(0)
        if " has " in sentence:
            has = by
        elif "finds" in sentence:
            has += by
        elif "away" in sentence:
            has -= by
        elif "trades" in sentence:
            has *= by
        elif "splits" in sentence:
            has /= by
    assert has.denominator == 1, question
    return int(has)


async def checked(program: str, asked: Sequence[Problem]) -> float:
    """Return a program's score on problems, of which only the questions are looked at."""
    given, calls = await answers(program, asked, solver(), Limits(seconds=240.0, calls=CALLS * len(asked)))
    right = sum(each.said.strip(" .") == str(worked_out(one.question)) for each, one in zip(given, asked, strict=True))
    return right / len(asked) - PRICE * calls / len(asked)


async def main() -> None:
    """Print both scores."""
    program = await anyio.Path(sys.argv[1]).read_text(encoding="utf-8")
    for name, some in (("chosen by", PROBLEMS), ("unseen", problems("unseen", 100))):
        sys.stdout.write(f"{name}: {await checked(program, some):.4f}\n")


if __name__ == "__main__":
    anyio.run(main)
